"""Uploaded pictures: what remains of them, and what is refused."""

import io
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from rentomatic.web.http.photos import media_type_of
from rentomatic.web.http.pictures import FORMATS, MAX_SCANS, MAX_SIDE, NoPicture, as_jpeg

RED, BLUE = (220, 20, 20), (20, 20, 220)
SECRET = b"Anna Example, 51.5074 N"


def picture(
    format_: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    drawn = Image.new("RGB", size, BLUE)
    drawn.paste(RED, (0, 0, size[0] // 2, size[1]))
    file = io.BytesIO()
    drawn.convert(mode).save(file, format_, **options)
    return file.getvalue()


def exif(orientation: int = 1) -> bytes:
    made = Image.Exif()
    made[0x0112], made[0x013B] = orientation, SECRET.decode()
    return made.tobytes()


def decoded(content: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(content))
    found.load()
    return found


def is_near(found: Any, colour: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(found, colour, strict=True))


@pytest.mark.parametrize("format_", FORMATS)
def test_every_kind_of_picture_becomes_a_jpeg_that_looks_alike(format_: str) -> None:
    made = as_jpeg(picture(format_))
    found = decoded(made)

    assert ("image/jpeg", (60, 40)) == (media_type_of(made), found.size)
    assert is_near(found.getpixel((5, 20)), RED) and is_near(found.getpixel((55, 20)), BLUE)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_every_mode_of_colour_becomes_a_jpeg(mode: str) -> None:
    assert (60, 40) == decoded(as_jpeg(picture("PNG", mode=mode))).size


@pytest.mark.parametrize("size", [(60, 40), (5000, 40)], ids=["small", "large"])
def test_16_bits_of_grey_become_8(size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("I;16", size, 0x6400).save(file, "PNG")

    assert is_near(decoded(as_jpeg(file.getvalue())).getpixel((5, 5)), (100, 100, 100))


def test_nothing_but_the_picture_remains() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    for content in (
        picture(exif=exif(), comment=SECRET, xmp=SECRET) + SECRET,
        picture("PNG", exif=exif(), pnginfo=text) + SECRET,
        picture("WEBP", exif=exif(), xmp=SECRET),
    ):
        made = as_jpeg(content)

        assert SECRET in content or b"eXIf" in content
        assert SECRET not in made
        assert {"jfif", "jfif_density", "jfif_unit", "jfif_version", "progression", "progressive"} >= set(
            decoded(made).info
        )


@pytest.mark.parametrize(
    "profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"Jane, Camden Road 5"]
)
def test_colours_become_those_of_the_web_and_a_profile_is_not_kept(profile: bytes) -> None:
    found = decoded(as_jpeg(picture(icc_profile=profile)))

    assert "icc_profile" not in found.info
    assert decoded(as_jpeg(picture())).tobytes() == found.tobytes()


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])
def test_picture_taken_sideways_is_upright(format_: str) -> None:
    turned = decoded(as_jpeg(picture(format_, exif=exif(orientation=6))))

    assert (40, 60) == turned.size
    assert is_near(turned.getpixel((20, 5)), RED)


def test_large_picture_is_made_smaller() -> None:
    assert (MAX_SIDE, MAX_SIDE // 2) == decoded(as_jpeg(picture(size=(3000, 1500)))).size


def test_what_is_transparent_becomes_white() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(file, "PNG")

    assert is_near(decoded(as_jpeg(file.getvalue())).getpixel((4, 4)), (255, 255, 255))


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_remains(format_: str) -> None:
    frames = [Image.new("RGB", (30, 20), colour) for colour in (RED, BLUE)]
    file = io.BytesIO()
    frames[0].save(file, format_, save_all=True, append_images=frames[1:])

    assert is_near(decoded(as_jpeg(file.getvalue())).getpixel((15, 10)), RED)


def png(width: int, height: int) -> bytes:
    """A PNG that says it is this large, with hardly any content."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    header = width.to_bytes(4) + height.to_bytes(4) + bytes([8, 2, 0, 0, 0])
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("sides", [(5_000, 5_001), (100_000, 100_000), (2**31 - 1, 1)])
def test_picture_with_too_many_pixels_is_refused_before_it_is_decoded(sides: tuple[int, int]) -> None:
    with pytest.raises(NoPicture, match="more than 25 million pixels"):
        as_jpeg(png(*sides))


def test_jpeg_may_have_more_pixels_because_it_is_decoded_smaller() -> None:
    content = picture()
    start = content.index(b"\xff\xc0") + 5

    def saying(width: int, height: int) -> bytes:
        return content[:start] + height.to_bytes(2) + width.to_bytes(2) + content[start + 4 :]

    assert (MAX_SIDE, 1600) == decoded(as_jpeg(saying(8000, 6250))).size
    with pytest.raises(NoPicture, match="more than 50 million pixels"):
        as_jpeg(saying(8001, 6250))


def test_jpeg_that_goes_over_the_picture_too_often_is_refused_before_it_is_decoded() -> None:
    content = picture(progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]

    assert (60, 40) == decoded(as_jpeg(content[:-2] + scan * 100 + content[-2:])).size
    with pytest.raises(NoPicture, match="too complicated"):
        as_jpeg(content[:-2] + scan * MAX_SCANS + content[-2:])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"%PDF-1.7",
        picture("BMP"),
        picture("TIFF"),
        picture("JPEG")[:200],
        picture("PNG")[:60],
        picture("GIF")[:30],
        picture("WEBP")[:40],
        png(10, 10),
        b"\xff\xd8\xff" + bytes(1000),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(NoPicture, match="is not a JPEG, PNG, WebP, GIF or AVIF picture, or is damaged"):
        as_jpeg(content)
