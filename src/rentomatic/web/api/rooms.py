"""Rooms over HTTP: search, export, summary, and adding a room."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import IO
from urllib.parse import urlencode

from falcon import HTTPPreconditionFailed, Request, Response

from rentomatic.domain.prices import PriceTerms
from rentomatic.domain.room import Room
from rentomatic.domain.search import Position, RoomQuery
from rentomatic.domain.summary import Count
from rentomatic.requests import cursor
from rentomatic.requests.room import room_of_json
from rentomatic.requests.search import (
    MATCH_PARAMETERS,
    Format,
    SearchRequest,
    canonical,
    parse_format,
    parse_search,
)
from rentomatic.serializers import json, summary
from rentomatic.serializers.formats import WRITERS
from rentomatic.use_cases.budget import NewBudget
from rentomatic.use_cases.count_facets import count_facets
from rentomatic.use_cases.export_rooms import export_rooms
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.use_cases.search_rooms import search_rooms
from rentomatic.use_cases.summarise_rooms import summarise_rooms
from rentomatic.web.access.keys import Keys, Scope
from rentomatic.web.api.room import answer_with
from rentomatic.web.api.writes import Writes
from rentomatic.web.http.bodies import SmallBodies
from rentomatic.web.http.disk_full import full_disk_reported
from rentomatic.web.http.download import Download
from rentomatic.web.http.negotiation import FOR_A_SECOND, REVALIDATE, by_media_type, choose
from rentomatic.web.http.parameters import parameters
from rentomatic.web.http.preconditions import UNTAGGED, Preconditions, answer_weakly, preconditions
from rentomatic.web.limits.client import Client, while_present
from rentomatic.web.limits.turns import Turns

_OF_ROOMS, _OF_A_SUMMARY = by_media_type(Format), by_media_type([Format.JSON])

TIME_TO_MAKE = 60.0
"""Seconds for writing an export before it is sent; nginx waits as long for its first byte."""

_STREAMED = (Format.CSV, Format.NDJSON)

_OF_THE_LIST = (
    "If-Match and If-None-Match are about /rooms here, which is there and has no strong tag. A PUT of "
    "/rooms/{code} with `If-None-Match: *` only adds; so does this without these headers."
)


class RoomsResource:
    """`/rooms`: a page of rooms, or all of them as CSV or NDJSON without a limit."""

    def __init__(
        self,
        repository: RoomRepository,
        new_budget: NewBudget,
        keys: Keys,
        bodies: SmallBodies,
        writes: Writes,
        turns: Turns,
    ) -> None:
        self._repository = repository
        self._new_budget = new_budget
        self._keys = keys
        self._bodies = bodies
        self._writes = writes
        self._turns = turns
        self._export_timeout = turns.tuning.export_timeout

    def on_get(self, req: Request, resp: Response) -> None:
        given = parameters(req)
        search = parse_search(given)
        format_ = choose(req, resp, search.format, _OF_ROOMS)
        expected = preconditions(req)
        resp.content_type = WRITERS[format_].media_type
        if format_ in _STREAMED and not search.limited and search.query.after is None:
            self._export(expected, req, resp, search, format_)
        else:
            self._page(expected, resp, search, format_, given)

    on_head = on_get

    def on_post(self, req: Request, resp: Response) -> None:
        self._keys.authorize(req, Scope.WRITE)
        parse_format(parameters(req), ())
        if not preconditions(req).allow(UNTAGGED):
            raise HTTPPreconditionFailed(description=_OF_THE_LIST)
        room = room_of_json(self._bodies.read(req))
        self._writes.add(req, room)
        answer_with(resp, room, HTTPStatus.CREATED)
        resp.location = f"/rooms/{room.code}"

    def _page(
        self,
        expected: Preconditions,
        resp: Response,
        search: SearchRequest,
        format_: Format,
        given: list[tuple[str, str]],
    ) -> None:
        found = search_rooms(self._repository, search.query, self._new_budget(), search.with_total)
        headers = {"Cache-Control": FOR_A_SECOND}
        if found.next:
            headers["Link"] = f'</rooms?{next_page(given, search.query, found.next)}>; rel="next"'
        if found.total is not None:
            headers |= _total(found.total)
        resp.set_headers(headers)
        writer = WRITERS[format_]
        body = b"".join(writer.write(found.rooms, search.query.near, search.members or writer.members))
        answer_weakly(expected, resp, body, repr(headers).encode())

    def _export(
        self,
        expected: Preconditions,
        req: Request,
        resp: Response,
        search: SearchRequest,
        format_: Format,
    ) -> None:
        """Write every match to a temporary file first, and then send it with its length.

        So a storage that fails midway gives an error status rather than a short file that looks complete, a
        broken connection delivers less than announced, and a slow reader holds no connection to the storage.
        """
        expected.require_match(UNTAGGED)
        resp.set_header("Cache-Control", REVALIDATE)
        named = ("Content-Disposition", f'attachment; filename="rooms.{format_}"')
        if req.method == "HEAD":  # without the length, which costs as much as the export
            resp.set_header(*named)
            resp.stream = iter(())  # else Falcon would set the length to 0
            return
        download = Download(self._turns.move_and_keep(self._turns.lanes.exports), self._export_timeout)
        try:
            with full_disk_reported("export"):
                total = self._spool(download.file, search, format_, Client(req))
                length = download.rewind()
        except BaseException:
            download.close()
            raise
        resp.set_headers([named, *_total(Count(total)).items()])
        resp.content_length = length
        resp.stream = download

    def _spool(self, file: IO[bytes], search: SearchRequest, format_: Format, client: Client) -> int:
        """Write every match and count them. Raises HTTPBadRequest if the client disconnects."""
        total = 0

        def counted(rooms: Iterable[Room]) -> Iterator[Room]:
            nonlocal total
            for room in rooms:
                total += 1
                yield room

        within = min(self._export_timeout, TIME_TO_MAKE)
        with export_rooms(self._repository, search.query, within) as rooms:
            wanted = while_present(client, counted(rooms), "The export was cancelled.")
            writer = WRITERS[format_]
            for piece in writer.write(wanted, search.query.near, search.members or writer.members):
                file.write(piece)  # the writelines of Python 3.11 keeps everything in memory
        return total


class SummaryResource:
    """`/rooms/summary`: a summary of the matching rooms."""

    def __init__(self, repository: RoomRepository, new_budget: NewBudget, prices: PriceTerms) -> None:
        self._repository = repository
        self._new_budget = new_budget
        self._prices = prices

    def on_get(self, req: Request, resp: Response) -> None:
        search = parse_search(parameters(req), MATCH_PARAMETERS)
        choose(req, resp, None, _OF_A_SUMMARY)
        expected = preconditions(req)
        resp.content_type = json.MEDIA_TYPE
        resp.set_header("Cache-Control", FOR_A_SECOND)
        budget = self._new_budget()
        found = summarise_rooms(self._repository, search.query, budget)
        facets = count_facets(self._repository, search.query, budget)
        answer_weakly(expected, resp, summary.write(found, facets, self._prices))

    on_head = on_get


def _total(count: Count) -> dict[str, str]:
    """Set headers for the number of matches, and for whether it is exact."""
    return {"X-Total-Count": str(count.rooms), "X-Total-Count-Exact": "true" if count.exact else "false"}


def next_page(given: list[tuple[str, str]], query: RoomQuery, position: Position) -> str:
    """Return the query string of the page that starts after the position."""
    rest = [(name, canonical(name, text)) for name, text in given if name != "cursor"]
    return urlencode([*rest, ("cursor", cursor.encode(query, position))], safe=",:/")
