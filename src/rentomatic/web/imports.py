"""Many rooms over HTTP: a listing in the body, loaded in one step."""

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import msgspec
from falcon import (
    HTTP_408,
    HTTPBadRequest,
    HTTPContentTooLarge,
    HTTPError,
    HTTPLengthRequired,
    HTTPUnsupportedMediaType,
    Request,
    Response,
    parse_header,
)

from rentomatic.requests.listing import ImportRequest, parse_import
from rentomatic.serializers import csv, json, listing, ndjson
from rentomatic.serializers.amounts import Decimal
from rentomatic.serializers.columns import Columns
from rentomatic.serializers.source import listing_in
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.import_rooms import ImportReport, import_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.gate import Gate
from rentomatic.web.import_report import as_members
from rentomatic.web.keys import Keys, Scope
from rentomatic.web.parameters import parameters

MAX_BODY = 1 << 30
"""Bytes of a listing, as it is sent and as it is when it is decompressed."""

NOTATIONS = {csv.MEDIA_TYPE: "csv", ndjson.MEDIA_TYPE: "ndjson"}

_CHARSET = re.compile(r"utf-8|utf-16|utf-16le|utf-16be|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-8]")
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 16
_PATIENCE = 3600.0
"""Seconds that a body may take to arrive."""


@dataclass(frozen=True, slots=True)
class _Announced:
    """What the headers say of the body. encoding: of its text, None where they leave it open."""

    notation: str
    encoding: str | None
    compressed: bool
    length: int


class ImportResource:
    """`/rooms/import`: rooms from a listing, as `rentomatic import` loads them."""

    def __init__(self, repository: RoomRepository, keys: Keys, imports: Gate) -> None:
        self._repository = repository
        self._keys = keys
        self._imports = imports

    def on_post(self, req: Request, resp: Response) -> None:
        """The body goes to a temporary file before the storage hears of it.

        So the memory stays as it is, and no transaction is open while a client takes its time.
        """
        self._keys.authorize(req, Scope.IMPORT)
        wanted = parse_import(parameters(req))
        announced = _announced(req)
        columns = Columns(wanted.mapping, Decimal(wanted.decimal) if wanted.decimal else None, wanted.rounded)
        with self._imports.place(), _temporary_file() as file:
            _receive(req, file, announced)
            report = self._load(file, announced, wanted, columns)
        members = {"dry_run": wanted.dry_run, **as_members(report)}
        totals = {name: value for name, value in members.items() if name != "refusals"}
        self._keys.audit(req, "import", **totals)
        resp.content_type = json.MEDIA_TYPE
        resp.data = msgspec.json.encode({**totals, "columns": columns.found, "refusals": members["refusals"]})

    def _load(
        self, file: IO[bytes], announced: _Announced, wanted: ImportRequest, columns: Columns
    ) -> ImportReport:
        source = listing_in(file, "the body", announced.encoding, MAX_BODY)
        return import_rooms(
            self._repository,
            listing.read(source.lines, columns, announced.notation),
            on_conflict=wanted.on_conflict,
            strict=wanted.atomic,
            dry_run=wanted.dry_run,
        )


def _announced(req: Request) -> _Announced:
    """What is about to come. Raises HTTPError for what is not taken, before any of it was read."""
    media_type, options = parse_header(req.content_type or "")
    notation = NOTATIONS.get(media_type.lower())
    charset = options.get("charset", "").lower()
    if notation is None or (charset and not _is_charset(charset)):
        offered = " or ".join(NOTATIONS)
        raise HTTPUnsupportedMediaType(
            description=f"A listing is {offered}, in UTF-8 unless a usual charset is stated.",
            headers={"Accept-Post": ", ".join(NOTATIONS)},
        )
    coding = (req.get_header("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        # RFC 7694: so the sender knows that it is not the type.
        raise HTTPUnsupportedMediaType(
            description="A listing is sent as it is, or with `Content-Encoding: gzip`.",
            headers={"Accept-Encoding": "gzip"},
        )
    return _Announced(notation, charset or None, coding != "identity", _length(req))


def _is_charset(name: str) -> bool:
    try:
        "".encode(name)
    except LookupError:
        return False
    return _CHARSET.fullmatch(name) is not None


def _length(req: Request) -> int:
    # Granian ends a chunked body that broke off as if it were whole: half a listing would be loaded.
    if req.content_length is None:
        raise HTTPLengthRequired(
            description="A listing states its length in Content-Length, or nobody could tell whether all of "
            "it arrived. A body of unknown length can go to a file first."
        )
    if req.content_length > MAX_BODY:
        raise HTTPContentTooLarge(description=f"A listing has at most {MAX_BODY} bytes.")
    return req.content_length


@contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    """A file for the time of the context, that nobody else sees."""
    with _no_room_reported():
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - what a buffer kept would fail when it is closed
    with file:
        yield file


@contextmanager
def _no_room_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RepositoryUnavailable("The import found no room for its temporary file.") from error


def _receive(req: Request, file: IO[bytes], announced: _Announced) -> None:
    """Write the body to the file, in constant memory. Raises HTTPError where it is not what was announced."""
    left, end = announced.length, time.monotonic() + _PATIENCE
    while left:
        try:
            block = req.stream.read(min(_BLOCK, left))
        except OSError:  # how gunicorn tells of a client that is gone; granian ends the body
            block = b""
        if not block:
            raise HTTPBadRequest(
                description=f"The body ended {left} bytes before its Content-Length: nothing was loaded."
            )
        if time.monotonic() > end:
            raise HTTPError(HTTP_408, description=f"The body took longer than {_PATIENCE:.0f} seconds.")
        left -= len(block)
        with _no_room_reported():
            _write(file, block)
    file.seek(0)
    if (file.read(len(_GZIP)) == _GZIP) is not announced.compressed:
        really = "not gzip" if announced.compressed else "gzip"
        raise HTTPBadRequest(description=f"The body is {really}, unlike what Content-Encoding says.")
    file.seek(0)


def _write(file: IO[bytes], block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]
