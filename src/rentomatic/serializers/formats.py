"""Every format in which rooms can be written."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.requests.search import Format
from rentomatic.serializers import csv, geojson, json, ndjson


@dataclass(frozen=True, slots=True)
class Writer:
    """A format: its media type, and the function that writes rooms, with their distance from a point."""

    media_type: str
    write: Callable[[Iterable[Room], Point | None], Iterator[bytes]]


WRITERS = {
    Format.JSON: Writer(json.MEDIA_TYPE, json.write),
    Format.GEOJSON: Writer(geojson.MEDIA_TYPE, geojson.write),
    Format.CSV: Writer(csv.MEDIA_TYPE, csv.write),
    Format.NDJSON: Writer(ndjson.MEDIA_TYPE, ndjson.write),
}
