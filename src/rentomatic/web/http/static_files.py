"""The files under /static: their addresses, caching and compression.

An address contains the digest of all files, `/static/<digest>/js/search.js`. Another version has other
addresses, so browsers may cache files forever; and scripts, styles and data, which refer to each other by
relative paths, always have the same version.
"""

import gzip
import hashlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from io import BufferedReader
from pathlib import Path
from typing import cast

from falcon import Request, Response, http_date_to_dt

from rentomatic.web.http.negotiation import accepts_gzip

FOLDER = Path(str(files("rentomatic.web"))) / "static"
STATIC = "/static/"

DIGEST = re.compile("[0-9a-f]{16}")

FOR_GOOD = "public, max-age=31536000, immutable"
"""`Cache-Control` of a file under the current digest."""

ASK_AGAIN = "public, no-cache"
"""`Cache-Control` of a file without a digest, or under another: revalidated by its ETag."""

TEXT = frozenset({".css", ".js", ".json", ".svg"})
"""Suffixes of the files that are sent compressed."""

_SMALLEST = 1000
"""Bytes from which a file is compressed: a smaller one fits into one packet anyway."""

_IN_MEMORY = 128
"""How many compressed files a process caches: 1.5 MB for the largest ones of the base map."""

_WITH_DIGEST = re.compile(f"{STATIC}({DIGEST.pattern})(?=/)")


@dataclass(frozen=True, slots=True)
class Version:
    """The version of all files in a folder.

    digest: of their names and contents, 16 hexadecimal digits. read: when, in seconds since 1970.
    """

    digest: str
    read: float


@cache
def version_of(folder: Path) -> Version:
    """Return the version of a folder's files, which is the same on every machine; read once per process."""
    read = time.time()
    found = hashlib.sha256()
    for name, path in _files(str(folder)):
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - thousands of them, before the first page
            content = file.read()
        found.update(f"{name}\0{len(content)}\0".encode())
        found.update(content)
    return Version(found.hexdigest()[:16], read)


def prefix() -> str:
    """Return what the addresses of this version's files begin with: `/static/<digest>`."""
    return STATIC + version_of(FOLDER).digest


def compressed(content: bytes) -> bytes | None:
    """Return the content in gzip, or None where that saves nothing."""
    if len(content) < _SMALLEST:
        return None
    packed = gzip.compress(content, mtime=0)
    return packed if len(packed) < len(content) else None


class StaticFiles:
    """Middleware around Falcon's static route, which handles neither digests nor compression."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._version = version_of(folder)

    def process_request(self, req: Request, resp: Response) -> None:
        """Hide the digest from the route; any will do, because pages of another version may still be open."""
        if named := _WITH_DIGEST.match(req.path):
            req.context.digest, req.context.asked = named[1], req.path
            req.path = STATIC.rstrip("/") + req.path[named.end() :]

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        sent = req_succeeded and req.method in ("GET", "HEAD") and resp.status_code in (200, 206, 304)
        if sent and req.path.startswith(STATIC):
            resp.set_header("Cache-Control", FOR_GOOD if self._is_current(req, resp) else ASK_AGAIN)
            if Path(req.path).suffix in TEXT:
                _compress(req, resp)
            if req.method == "HEAD":  # Falcon does not
                _close(resp)
        if "asked" in req.context:
            req.path = req.context.asked  # for the log

    def _is_current(self, req: Request, resp: Response) -> bool:
        """Whether the file is the one that the digest was made of, and was not edited since."""
        changed = http_date_to_dt(resp.get_header("Last-Modified") or "")
        return req.context.get("digest") == self._version.digest and changed.timestamp() <= self._version.read


def _compress(req: Request, resp: Response) -> None:
    """Send the whole file compressed to a client that accepts it."""
    resp.append_header("Vary", "Accept-Encoding")
    if resp.status_code != 200 or not accepts_gzip(req):
        return
    file, etag = cast(BufferedReader, resp.stream), resp.get_header("ETag")
    if packed := _packed(file.name, etag):
        _close(resp)
        resp.data, resp.content_length = packed, len(packed)
        resp.set_header("Content-Encoding", "gzip")
        resp.set_header("ETag", f"W/{etag}")  # the bytes differ from those of the strong one
        resp.delete_header("Accept-Ranges")


def _close(resp: Response) -> None:
    """Close the file that Falcon opened, if it is still to be sent."""
    if resp.stream is not None:
        cast(BufferedReader, resp.stream).close()
        resp.stream = None


@lru_cache(_IN_MEMORY)
def _packed(path: str, etag: str) -> bytes | None:
    """Return the file compressed. etag: of its content, which may change."""
    return compressed(Path(path).read_bytes())


def _files(folder: str, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield name and path of each file in a folder and below, in the same order everywhere."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry.path, f"{name}{entry.name}/")
        else:
            yield name + entry.name, entry.path
