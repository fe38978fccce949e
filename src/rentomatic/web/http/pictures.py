"""Pictures that people upload, made anew: nothing of a file but what can be seen reaches a visitor.

Places, times and names in EXIF, comments and whatever hides behind the picture stay behind.
"""

import io
import struct
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

SUFFIX = ".jpg"

MAX_SIDE = 2048
"""Pixels of the longer side: enough for a page on a fine screen."""

MAX_PIXELS = 50_000_000
"""More than cameras of phones usually make; decoded, a picture of this size takes 200 MB."""

_QUALITY = 85

_one_at_a_time = threading.Lock()
"""Because of the memory that a decoded picture takes."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, LookupError, OverflowError, struct.error)
"""What Pillow raises for files that are broken or no pictures."""


class NoPicture(Exception):
    """A file that is no picture to show; the message says why."""


def as_jpeg(content: bytes) -> bytes:
    """Return the picture in a file as a JPEG without metadata: the first frame, upright, and not too large.

    Raises NoPicture.
    """
    from PIL import Image  # only where it is needed: it takes 50 ms to import

    Image.MAX_IMAGE_PIXELS = None  # ours is checked below
    with _one_at_a_time:
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                if picture.width * picture.height > MAX_PIXELS:
                    most = MAX_PIXELS // 1_000_000
                    raise NoPicture(f"has more than {most} million pixels: make it smaller first")
                return _jpeg_of(picture)
        except _BROKEN as error:
            raise NoPicture("is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged") from error


def _jpeg_of(picture: "Image") -> bytes:
    from PIL import Image, ImageOps

    profile = picture.info.get("icc_profile") if picture.mode == "RGB" else None
    picture.thumbnail((MAX_SIDE, MAX_SIDE))  # decodes a large JPEG at a fraction of its size
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    # On a new picture, because Pillow would copy comments of the old one.
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright)
    file = io.BytesIO()
    clean.save(file, "JPEG", quality=_QUALITY, optimize=True, progressive=True, icc_profile=profile)
    return file.getvalue()
