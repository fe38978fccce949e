"""Rooms over HTTP: search, export, one room and the summary."""

import tempfile
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import IO
from urllib.parse import urlencode

from falcon import HTTPNotAcceptable, Request, Response

from rentomatic.domain.room import Room
from rentomatic.domain.search import Position, RoomQuery
from rentomatic.requests import cursor
from rentomatic.requests.search import AREA_PARAMETERS, Format, SearchRequest, parse_search
from rentomatic.serializers import json, summary
from rentomatic.serializers.formats import WRITERS
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.export_rooms import export_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.show_room import show_room
from rentomatic.use_cases.summarise_rooms import summarise_rooms
from rentomatic.web.gate import Download, Gate
from rentomatic.web.parameters import parameters

_FORMATS_BY_MEDIA_TYPE = {writer.media_type: format_ for format_, writer in WRITERS.items()}
_STREAMED = (Format.CSV, Format.NDJSON)
_SPOOL_IN_MEMORY = 1 << 20


class RoomsResource:
    """`/rooms`: a page of rooms, or all of them as CSV or NDJSON where no limit is given."""

    def __init__(self, repository: RoomRepository, exports: Gate) -> None:
        self._repository = repository
        self._exports = exports

    def on_get(self, req: Request, resp: Response) -> None:
        given = parameters(req)
        search = parse_search(given)
        format_ = search.format or _accepted(req)
        resp.content_type = WRITERS[format_].media_type
        resp.set_header("Vary", "Accept")
        resp.set_header("Cache-Control", "no-cache")
        if format_ in _STREAMED and not search.limited and search.query.after is None:
            self._export(req, resp, search, format_)
        else:
            self._page(req, resp, search, format_, given)

    on_head = on_get

    def _page(
        self,
        req: Request,
        resp: Response,
        search: SearchRequest,
        format_: Format,
        given: list[tuple[str, str]],
    ) -> None:
        found = search_rooms(self._repository, search.query, search.with_total)
        headers = {}
        if found.next:
            headers["Link"] = f'</rooms?{next_page(given, search.query, found.next)}>; rel="next"'
        if found.total is not None:
            headers["X-Total-Count"] = str(found.total)
        resp.set_headers(headers)
        body = b"".join(WRITERS[format_].write(found.rooms, search.query.near))
        _answer_unless_known(req, resp, body, repr(headers).encode())

    def _export(self, req: Request, resp: Response, search: SearchRequest, format_: Format) -> None:
        """Every match, written to a temporary file first and then sent with its length.

        So a storage that fails half-way is an error status and not a short file that looks whole,
        a connection that breaks leaves less than was announced, and a slow reader keeps no
        connection to the storage busy.
        """
        if req.method == "HEAD":
            self._repository.ping()
            return
        self._exports.enter()
        file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY)  # noqa: SIM115 - Download closes it
        download = Download(file, self._exports)
        try:
            total = self._spool(file, search, format_)
            length = file.tell()
            file.seek(0)
        except OSError as error:
            download.close()
            raise RepositoryUnavailable("The export found no room for its temporary file.") from error
        except BaseException:
            download.close()
            raise
        resp.set_header("Content-Disposition", f'attachment; filename="rooms.{format_}"')
        resp.set_header("X-Total-Count", str(total))
        resp.stream = download
        resp.content_length = length

    def _spool(self, file: IO[bytes], search: SearchRequest, format_: Format) -> int:
        """Write every match and count them."""
        total = 0

        def counted(rooms: Iterable[Room]) -> Iterator[Room]:
            nonlocal total
            for room in rooms:
                total += 1
                yield room

        with export_rooms(self._repository, search.query) as rooms:
            file.writelines(WRITERS[format_].write(counted(rooms), search.query.near))
        return total


class RoomResource:
    """`/rooms/{code}`: one room."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository

    def on_get(self, req: Request, resp: Response, code: str) -> None:
        parse_search(parameters(req), allowed=())
        room = show_room(self._repository, code)
        resp.content_type = json.MEDIA_TYPE
        resp.set_header("Cache-Control", "no-cache")
        _answer_unless_known(req, resp, json.encode(room))

    on_head = on_get


class SummaryResource:
    """`/rooms/summary`: the rooms that match at a glance."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository

    def on_get(self, req: Request, resp: Response) -> None:
        search = parse_search(parameters(req), AREA_PARAMETERS)
        resp.content_type = json.MEDIA_TYPE
        resp.set_header("Cache-Control", "no-cache")
        _answer_unless_known(req, resp, summary.write(summarise_rooms(self._repository, search.query)))

    on_head = on_get


def next_page(given: list[tuple[str, str]], query: RoomQuery, position: Position) -> str:
    """The query string of the page that starts after the position."""
    rest = [(name, text) for name, text in given if name != "cursor"]
    return urlencode([*rest, ("cursor", cursor.encode(query, position))], safe=",:/")


def _accepted(req: Request) -> Format:
    """The notation that the Accept header prefers. Raises HTTPNotAcceptable where it wants no other."""
    media_type = req.client_prefers(_FORMATS_BY_MEDIA_TYPE)
    if media_type is None:
        offered = ", ".join(_FORMATS_BY_MEDIA_TYPE)
        raise HTTPNotAcceptable(description=f"Rooms are written as {offered}.")
    return _FORMATS_BY_MEDIA_TYPE[media_type]


def _answer_unless_known(req: Request, resp: Response, body: bytes, more: bytes = b"") -> None:
    """The body under a weak tag of it (and of what else counts), or 304 where the caller has it."""
    tag = blake2b(body + more, digest_size=12).hexdigest()
    resp.set_header("ETag", f'W/"{tag}"')
    known = req.if_none_match or ()
    if "*" in known or tag in known:
        resp.status = 304
        resp.content_type = None
    else:
        resp.data = body
