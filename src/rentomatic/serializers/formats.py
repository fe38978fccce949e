"""Every format in which rooms can be written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rentomatic.domain.fields import MEMBERS, MEMBERS_IN_LISTS
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.requests.search import Format
from rentomatic.serializers import csv, geojson, json, ndjson
from rentomatic.serializers.json import Members


@dataclass(frozen=True, slots=True)
class Writer:
    """A format of rooms.

    write: writes rooms, with their distance from a point, and of their members only the given ones.
    members: what a list of rooms has in this format, unless others are asked for.
    """

    media_type: str
    write: Callable[[Iterable[Room], Point | None, Members], Iterator[bytes]]
    members: Members = MEMBERS


WRITERS = {
    Format.JSON: Writer(json.MEDIA_TYPE, json.write, MEMBERS_IN_LISTS),
    Format.GEOJSON: Writer(geojson.MEDIA_TYPE, geojson.write, MEMBERS_IN_LISTS),
    Format.CSV: Writer(csv.MEDIA_TYPE, csv.write),
    Format.NDJSON: Writer(ndjson.MEDIA_TYPE, ndjson.write),
}
