"""Pictures that people upload, made anew: nothing of a file but what can be seen reaches a visitor.

Places, times and names in EXIF, comments and whatever hides behind the picture stay behind.
"""

import io
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")

SUFFIX = ".jpg"

MAX_SIDE = 2048
"""Pixels of the longer side: enough for a page on a fine screen."""

MAX_PIXELS = 25_000_000
"""Decoded, a WebP picture of this size takes 400 MB, others half as much."""

MAX_PIXELS_OF_JPEG = 50_000_000
"""More than cameras of phones usually make; decoded, at half its size, such a picture takes 100 to 350 MB."""

MAX_SCANS = 500
"""How often a JPEG may go over the picture: programs do so about ten times, and each time takes milliseconds
of the processor, though it may be a few bytes long.
"""

_QUALITY = 85

_JPEGS = ("JPEG", "MPO")
"""What Pillow calls a JPEG, with one or with several pictures."""

_SCAN = b"\xff\xda"
"""Starts a scan (ITU-T T.81, B.1.1.3). Data that is no scan may contain it too, but not as often."""

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
                most = MAX_PIXELS_OF_JPEG if picture.format in _JPEGS else MAX_PIXELS
                if picture.width * picture.height > most:
                    raise NoPicture(
                        f"has more than {most // 1_000_000} million pixels: make it smaller first"
                    )
                if picture.format in _JPEGS and content.count(_SCAN) > MAX_SCANS:
                    raise NoPicture("is too complicated: save it again with a program for photos first")
                return _jpeg_of(picture)
        except _BROKEN as error:
            raise NoPicture("is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged") from error


def _jpeg_of(picture: "Image") -> bytes:
    from PIL import Image, ImageOps

    profile = picture.info.get("icc_profile") if picture.mode == "RGB" else None
    if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow neither converts nor makes smaller
        picture = picture.convert("I").point(lambda grey: grey / 256).convert("L")
    # A large JPEG is decoded at a fraction of its size: at the first one that is not too small.
    picture.thumbnail((MAX_SIDE, MAX_SIDE), reducing_gap=1.0)
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    # On a new picture, because Pillow would copy comments of the old one.
    clean = Image.new("RGB", upright.size, "white")
    clean.paste(upright, mask=upright)
    file = io.BytesIO()
    if profile:
        _to_srgb(clean, profile)
    clean.save(file, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return file.getvalue()


def _to_srgb(picture: "Image", profile: bytes) -> None:
    """Convert the colours to those that pages expect: a profile could hide anything in its bytes."""
    from PIL import ImageCms

    with suppress(OSError, ValueError, TypeError, ImageCms.PyCMSError):  # a broken profile tells nothing
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), inPlace=True)
