"""The photos of rooms, under /photos: pictures in the operator's folder, and the project's own drawings.

A name is that of a file in the folder itself. What is no picture by its first bytes is not served, whatever
its name: a browser must never take a file for a page or a script. For the same reason the folder's own SVG
files are not served; every name that ends in `.svg` is one of the drawings.
"""

import os
import re
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from io import BufferedReader
from pathlib import Path
from tempfile import NamedTemporaryFile

from falcon import HTTPNotFound, Request, Response

from rentomatic.web.http.preconditions import answer_unless_known, preconditions, strong_tag
from rentomatic.web.http.static_files import FOR_GOOD

PHOTOS = "/photos/"
"""What the addresses of photos begin with."""

FOR_A_DAY = "public, max-age=86400"
"""`Cache-Control` of a name that could stand for another picture tomorrow."""

POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""The Content-Security-Policy of a picture that is opened as a page."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

NAMED_BY_CONTENT = re.compile(r"[0-9a-f]{32}\.[a-z]+")
"""The name of an upload, which never stands for another picture."""

_DRAWINGS = Path(str(files("rentomatic.web"))) / "drawings"

_START = 64
"""Bytes of a file that tell what it is."""

_SIGNATURES = (
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    # The brands of the first box, https://aomediacodec.github.io/av1-avif/#brands: the main one, its version
    # of four bytes, and the compatible ones.
    (re.compile(rb".{4}ftyp(avi[fs]|.{8}(.{4})*?avi[fs])", re.DOTALL), "image/avif"),
)
"""How each kind of picture starts, https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern."""

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
"""A link could lead out of the folder, and a pipe could make the server wait."""


def media_type_of(start: bytes) -> str | None:
    """Return the media type of the picture that starts like this, or None."""
    return next((name for pattern, name in _SIGNATURES if pattern.match(start)), None)


@dataclass(frozen=True, slots=True)
class Photo:
    """An open picture. size: in bytes. tag: of its content."""

    file: BufferedReader
    media_type: str
    size: int
    tag: str


class PhotoFolder:
    """The operator's folder with pictures."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self, name: str) -> Photo | None:
        """Return the picture of that name, open; None if there is none."""
        if not NAME.fullmatch(name):
            return None
        with ExitStack() as unless_returned:
            try:
                opened = os.open(self.path / name, _FLAGS)
                unless_returned.callback(os.close, opened)
                found = os.fstat(opened)
                start = os.pread(opened, _START, 0) if stat.S_ISREG(found.st_mode) else b""
            except OSError:
                return None
            if kind := media_type_of(start):
                unless_returned.pop_all()
                # The tag that nginx would give it, so that a browser may ask either of them.
                tag = f'"{int(found.st_mtime):x}-{found.st_size:x}"'
                return Photo(os.fdopen(opened, "rb"), kind, found.st_size, tag)
        return None

    def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        try:
            return bool(NAME.fullmatch(name)) and stat.S_ISREG((self.path / name).lstat().st_mode)
        except OSError:
            return False

    def is_writable(self) -> bool:
        """Whether this process may write there."""
        return os.access(self.path, os.W_OK | os.X_OK)

    def add(self, content: bytes, suffix: str) -> str:
        """Save a picture under a name made of its content, and return the name. Raises OSError."""
        name = f"{sha256(content).hexdigest()[:32]}{suffix}"
        self.save(name, content)
        return name

    def save(self, name: str, content: bytes) -> None:
        """Write a picture under that name: complete or not at all. Raises OSError."""
        # A hidden file is not served.
        with NamedTemporaryFile(prefix=".upload-", dir=self.path, delete=False) as unfinished:
            try:
                unfinished.write(content)
                unfinished.flush()
                os.fsync(unfinished.fileno())
                os.fchmod(unfinished.fileno(), 0o644)  # for a web server in front
                Path(unfinished.name).rename(self.path / name)
            except BaseException:
                Path(unfinished.name).unlink()
                raise


class PhotosResource:
    """`/photos/{name}`: a picture."""

    def __init__(self, folder: PhotoFolder | None) -> None:
        self._folder = folder

    def on_get(self, req: Request, resp: Response, name: str) -> None:
        if (drawing := drawings().get(name)) is not None:
            _answer(resp, name, "image/svg+xml")
            answer_unless_known(preconditions(req), resp, drawing, strong_tag(drawing))
            return
        expected = preconditions(req)
        photo = self._folder.open(name) if self._folder else None
        if photo is None:
            raise HTTPNotFound(description="There is no photo of that name.")
        _answer(resp, name, photo.media_type)
        resp.set_header("ETag", photo.tag)
        if expected.known([photo.tag]):
            resp.status, resp.content_type = 304, None
        elif req.method == "GET":
            resp.set_stream(photo.file, photo.size)
            return
        else:
            resp.content_length = photo.size
        photo.file.close()

    on_head = on_get


@cache
def drawings() -> dict[str, bytes]:
    """Return the project's own drawings by name."""
    return {path.name: path.read_bytes() for path in _DRAWINGS.glob("*.svg")}


def _answer(resp: Response, name: str, media_type: str) -> None:
    resp.content_type = media_type
    resp.set_header("Cache-Control", FOR_GOOD if NAMED_BY_CONTENT.fullmatch(name) else FOR_A_DAY)
    resp.set_header("Content-Security-Policy", POLICY)
