"""Imports over HTTP: a listing in the body, loaded in one step."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import msgspec
from falcon import HTTPBadRequest, Request, Response

from rentomatic.domain.prices import PriceTerms
from rentomatic.domain.quoting import counted
from rentomatic.listings import formats
from rentomatic.listings.columns import columns_of
from rentomatic.listings.notes import notes
from rentomatic.listings.source import ListingError, listing_in
from rentomatic.requests.listing import ImportRequest, parse_import
from rentomatic.serializers import csv, json, ndjson
from rentomatic.use_cases.import_rooms import ImportRefused, ImportReport, import_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.access.keys import Keys, Scope
from rentomatic.web.http.bodies import Accepted, Announced, blocks, with_length
from rentomatic.web.http.disk_full import temporary_file, write_block
from rentomatic.web.http.import_report import ListingRefused, refused_lines, totals
from rentomatic.web.http.parameters import parameters
from rentomatic.web.limits.client import Client, while_present
from rentomatic.web.limits.turns import Turns

_LINES_BETWEEN_LOOKS = 1000

FORMATS = {csv.MEDIA_TYPE: "csv", ndjson.MEDIA_TYPE: "ndjson"}

_CHARSETS = re.compile(r"utf-8|utf-16|utf-16le|utf-16be|us-ascii|iso-8859-[0-9]{1,2}|windows-125[0-8]")

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Listing:
    """A listing that has arrived. name: what messages call it, which may show its format.

    format_: one of `formats.READERS`, else what its name or first line tells.
    charset: None where the listing says it by a mark, or is UTF-8.
    """

    file: IO[bytes]
    name: str
    format_: str | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of an import.

    columns: every column of the listing, and the field that it is taken as, None if it is left out.
    notes: what people should know beside the counts.
    """

    report: ImportReport
    columns: dict[str, str | None]
    notes: tuple[str, ...] = ()


class Imports:
    """Loads listings for the API and the pages: each import has a place in a lane and an audit line."""

    def __init__(self, repository: RoomRepository, keys: Keys, turns: Turns, prices: PriceTerms) -> None:
        """prices: what the prices of rooms mean."""
        self._repository = repository
        self._keys = keys
        self._prices = prices
        self._turns = turns
        self._tuning = turns.tuning

    @property
    def body(self) -> Accepted:
        """What a listing in a request body may be."""
        return Accepted(
            tuple(FORMATS),
            _CHARSETS,
            self._tuning.listing_bytes,
            self._tuning.listing_timeout,
            codings=("gzip", "x-gzip"),
            told_in="Accept-Post",
        )

    @contextmanager
    def file(self, req: Request) -> Iterator[IO[bytes]]:
        """Take a place for an import, and create a private file. Raises Overloaded.

        A listing is written to the file before the storage is used, so that memory stays constant, and no
        transaction is open while a client is slow.
        """
        self._turns.move(self._turns.lanes.imports)
        req.context.client = Client(req)
        with temporary_file("import") as file:
            yield file

    def load(
        self, req: Request, found: Listing, wanted: ImportRequest, label: Callable[[str], str] = str
    ) -> Loaded:
        """Load the listing, unless the client disconnects before all of it is read.

        label: gives what the reader of the notes calls a field.
        Raises ListingError, ListingRefused and ConflictError, and HTTPError if nobody waits for the response.
        """
        columns = columns_of(wanted, self._prices)
        with self._keys.attempt(req, "import", dry_run=wanted.dry_run):
            source = listing_in(found.file, found.name, found.charset, self._tuning.listing_bytes)
            in_time = _in_time(source.lines, self._tuning.listing_reading)
            lines = while_present(req.context.client, in_time, "Nothing was imported.")
            try:
                report = import_rooms(
                    self._repository,
                    formats.read(lines, columns, found.format_, found.name),
                    on_conflict=wanted.on_conflict,
                    strict=wanted.atomic,
                    dry_run=wanted.dry_run,
                )
            except ImportRefused as refused:
                raise ListingRefused(refused.report, columns.header.taken) from refused
        self._keys.audit(req, "import", dry_run=wanted.dry_run, **totals(report))
        return Loaded(report, columns.header.taken, tuple(notes(columns, report, wanted.dry_run, label)))


class ImportResource:
    """`/rooms/import`: rooms from a listing, as `rentomatic import` loads them."""

    def __init__(self, imports: Imports, keys: Keys) -> None:
        self._imports = imports
        self._keys = keys

    def on_post(self, req: Request, resp: Response) -> None:
        self._keys.authorize(req, Scope.IMPORT)
        wanted = parse_import(parameters(req))
        accepted = self._imports.body
        body = with_length(req, accepted)
        with self._imports.file(req) as file:
            _receive(req, file, body, accepted)
            found = Listing(file, "the body", FORMATS[body.media_type], body.charset or None)
            loaded = self._imports.load(req, found, wanted)
        members = {
            "dry_run": wanted.dry_run,
            **totals(loaded.report),
            "columns": loaded.columns,
            "notes": loaded.notes,
            **refused_lines(loaded.report),
        }
        resp.content_type = json.MEDIA_TYPE
        resp.data = msgspec.json.encode(members)


def _in_time(lines: Iterable[str], seconds: float) -> Iterator[str]:
    """Yield the lines. Raises ListingError if reading them takes too long."""
    end = time.monotonic() + seconds
    for number, line in enumerate(lines):
        if number % _LINES_BETWEEN_LOOKS == 0 and time.monotonic() > end:
            most = counted(round(seconds), "second")
            raise ListingError(f"reading the listing takes longer than {most}: split it into several files")
        yield line


def _receive(req: Request, file: IO[bytes], body: Announced, accepted: Accepted) -> None:
    """Write the body to the file in constant memory. Raises HTTPError if it is not as announced."""
    for block in blocks(req, body, accepted):
        write_block(file, block, "import")
    file.seek(0)
    if (file.read(len(_GZIP)) == _GZIP) is not body.compressed:
        really = "not gzip" if body.compressed else "gzip"
        raise HTTPBadRequest(description=f"The body is {really}, unlike what Content-Encoding says.")
    file.seek(0)
