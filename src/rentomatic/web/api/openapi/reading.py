"""The operations that need no key."""

from collections.abc import Iterable

from rentomatic.domain.clusters import RADIUS
from rentomatic.requests.search import Format
from rentomatic.web.api.openapi import parameters as given
from rentomatic.web.api.openapi.answers import answer, in_formats, media_type
from rentomatic.web.api.openapi.operation import (
    IF_MATCH,
    IF_NONE_MATCH,
    OF_A_SEARCH,
    OF_ALL,
    OF_THE_STORAGE,
    operation,
)
from rentomatic.web.api.openapi.schemas import Schema, ref
from rentomatic.web.api.room import ROOM_WRITERS
from rentomatic.web.http import problems
from rentomatic.web.http.problems import ProblemType

_OF_PAGES = ("Link", "X-Total-Count", "X-Total-Count-Exact")


def _not_modified(*more: str) -> dict[str, Schema]:
    return {"304": answer("What the client has is still current.", required=["ETag"], optional=more)}


def search() -> Schema:
    """`GET /rooms`."""
    text = {"type": "string"}
    found = answer(
        "A page of rooms; or every match, where the format is CSV or NDJSON and there is neither a limit "
        "nor a cursor. An export states its length.",
        in_formats(
            {
                Format.JSON: ref("Rooms"),
                Format.GEOJSON: ref("RoomFeatures"),
                Format.CSV: text,
                Format.NDJSON: text,
            }
        ),
        optional=["ETag", *_OF_PAGES, "Content-Disposition"],
    )
    return operation(
        "searchRooms",
        "Search",
        "Search rooms",
        f"All parameters must hold. {given.LIMITS} A name that is not known is refused, so that a typo never "
        "returns every room.",
        [*given.SEARCH, IF_NONE_MATCH],
        {"200": found, **_not_modified(*_OF_PAGES)},
        [problems.PARAMETERS, 400, 406, 412, *OF_A_SEARCH],
    )


def summarise() -> Schema:
    """`GET /rooms/summary`."""
    return operation(
        "summariseRooms",
        "Search",
        "Rooms at a glance",
        "How many rooms match, their lowest and highest price and size, a price histogram, and what they "
        "state: the most frequent kinds, neighbourhoods and features, with the number of rooms.",
        [*given.MATCHING, IF_NONE_MATCH],
        {
            "200": answer(
                "The summary.", {"application/json": media_type(ref("Summary"))}, required=["ETag"]
            ),
            **_not_modified(),
        },
        [problems.PARAMETERS, 400, 406, 412, *OF_A_SEARCH],
    )


def cluster() -> Schema:
    """`GET /rooms/clusters`."""
    return operation(
        "clusterRooms",
        "Search",
        "Rooms on a map",
        "The rooms in the box as clusters that do not overlap on a map of the zoom: Web Mercator, the Earth "
        f"being 256 pixels wide at zoom 0. Their mean places are at least {RADIUS:.0f} pixels apart, further "
        "in a box that is larger than a screen at that zoom.",
        [*given.MAP_SEARCH, IF_NONE_MATCH],
        {
            "200": answer(
                "The clusters, the largest first.",
                {"application/json": media_type(ref("Clusters"))},
                required=["ETag"],
            ),
            **_not_modified(),
        },
        [problems.PARAMETERS, 400, 406, 412, *OF_A_SEARCH],
    )


def show() -> Schema:
    """`GET /rooms/{code}`."""
    content = in_formats({Format.JSON: ref("Room"), Format.GEOJSON: ref("RoomFeature")})
    return operation(
        "getRoom",
        "Rooms",
        "One room",
        "With the ETag that a change takes in If-Match, in either format.",
        [given.format_choice(*ROOM_WRITERS), IF_MATCH, IF_NONE_MATCH],
        {"200": answer("The room.", content, required=["ETag"]), **_not_modified()},
        [
            problems.PARAMETERS,
            400,
            problems.NO_SUCH_ROOM,
            406,
            problems.PRECONDITION_FAILED,
            *OF_THE_STORAGE,
        ],
    )


def contract() -> Schema:
    """`GET /openapi.json`."""
    return operation(
        "getContract",
        "Contract",
        "This document",
        "`/docs` shows it as a page.",
        [IF_NONE_MATCH],
        {
            "200": answer(
                "OpenAPI 3.1.", {"application/json": media_type({"type": "object"})}, required=["ETag"]
            ),
            **_not_modified(),
        },
        [400, 412, *OF_ALL, problems.OVERLOADED, 429],
    )


def _health(name: str, summary: str, description: str, may_be: Iterable[ProblemType | int]) -> Schema:
    content = {"application/json": media_type(ref("Health"))}
    return operation(name, "Operation", summary, description, [], {"200": answer("Yes.", content)}, may_be)


def live() -> Schema:
    """`GET /health/live`."""
    return _health("isLive", "Is the process up?", "Does not use the storage.", OF_ALL)


def ready() -> Schema:
    """`GET /health/ready`."""
    description = (
        "Whether the storage answers and has the right schema. Not reachable through the public proxy."
    )
    return _health("isReady", "Can it work?", description, [*OF_ALL, 500, problems.STORAGE_UNAVAILABLE])


def metrics() -> Schema:
    """`GET /metrics`."""
    return operation(
        "getMetrics",
        "Operation",
        "Metrics for Prometheus",
        "Not reachable through the public proxy.",
        [],
        {"200": answer("The metrics.", {"text/plain": media_type({"type": "string"})})},
        OF_ALL,
    )
