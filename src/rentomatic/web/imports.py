"""Many rooms over HTTP: a listing in the body, loaded in one step."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import msgspec
from falcon import HTTPBadRequest, HTTPLengthRequired, Request, Response

from rentomatic.requests.listing import ImportRequest, parse_import
from rentomatic.serializers import csv, json, listing, ndjson
from rentomatic.serializers.amounts import Decimal
from rentomatic.serializers.columns import Columns
from rentomatic.serializers.source import listing_in
from rentomatic.use_cases.import_rooms import ImportReport, import_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.bodies import Accepted, Announced, announced, blocks
from rentomatic.web.gate import Gate
from rentomatic.web.import_report import as_members
from rentomatic.web.keys import Keys, Scope
from rentomatic.web.no_room import no_room_reported
from rentomatic.web.parameters import parameters

MAX_LISTING = 1 << 30
"""Bytes of a listing, as it is sent and as it is when it is decompressed."""

NOTATIONS = {csv.MEDIA_TYPE: "csv", ndjson.MEDIA_TYPE: "ndjson"}

BODY = Accepted(
    tuple(NOTATIONS),
    re.compile(r"utf-8|utf-16|utf-16le|utf-16be|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-8]"),
    MAX_LISTING,
    patience=3600.0,
    codings=("gzip", "x-gzip"),
    told_in="Accept-Post",
)

_GZIP = b"\x1f\x8b"


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
        body = _announced(req)
        columns = Columns(wanted.mapping, Decimal(wanted.decimal) if wanted.decimal else None, wanted.rounded)
        with self._imports.place(), _temporary_file() as file:
            _receive(req, file, body)
            with self._keys.attempt(req, "import", dry_run=wanted.dry_run):
                report = self._load(file, body, wanted, columns)
        totals = {"dry_run": wanted.dry_run, **as_members(report)}
        refusals = totals.pop("refusals")
        self._keys.audit(req, "import", **totals)
        resp.content_type = json.MEDIA_TYPE
        resp.data = msgspec.json.encode({**totals, "columns": columns.found, "refusals": refusals})

    def _load(
        self, file: IO[bytes], body: Announced, wanted: ImportRequest, columns: Columns
    ) -> ImportReport:
        source = listing_in(file, "the body", body.charset or None, MAX_LISTING)
        return import_rooms(
            self._repository,
            listing.read(source.lines, columns, NOTATIONS[body.media_type]),
            on_conflict=wanted.on_conflict,
            strict=wanted.atomic,
            dry_run=wanted.dry_run,
        )


def _announced(req: Request) -> Announced:
    """What is about to come. Raises HTTPError for what is not taken, before any of it was read."""
    body = announced(req, BODY)
    # Granian ends a chunked body that broke off as if it were whole: half a listing would be loaded.
    if req.content_length is None:
        raise HTTPLengthRequired(
            description="A listing states its length in Content-Length, or nobody could tell whether all of "
            "it arrived. A body of unknown length can go to a file first."
        )
    return body


@contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    """A file for the time of the context, that nobody else sees."""
    with no_room_reported("import"):
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - what a buffer kept would fail when it is closed
    with file:
        yield file


def _receive(req: Request, file: IO[bytes], body: Announced) -> None:
    """Write the body to the file, in constant memory. Raises HTTPError where it is not what was announced."""
    for block in blocks(req, body, BODY):
        with no_room_reported("import"):
            _write(file, block)
    file.seek(0)
    if (file.read(len(_GZIP)) == _GZIP) is not body.compressed:
        really = "not gzip" if body.compressed else "gzip"
        raise HTTPBadRequest(description=f"The body is {really}, unlike what Content-Encoding says.")
    file.seek(0)


def _write(file: IO[bytes], block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[file.write(rest) :]
