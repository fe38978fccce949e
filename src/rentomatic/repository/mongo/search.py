"""The reads of a search on MongoDB, whose planner chooses the index by trial."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from rentomatic.domain.clusters import Grid
from rentomatic.domain.fields import FIELD
from rentomatic.domain.geography import MAX_RADIUS
from rentomatic.domain.room import Room
from rentomatic.domain.search import Field, RoomQuery, SortKey
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.keyset import segments
from rentomatic.repository.mongo.filters import (
    Document,
    all_of,
    circles_around,
    circles_of,
    condition_filter,
    room_of,
    segment_filters,
    segment_order,
    value_of,
    wide_filters,
)
from rentomatic.repository.mongo.words import WITHOUT_WORDS, beside_words, words_filters
from rentomatic.repository.nearest import MARGIN, in_exact_order

NARROW = 2000
"""Up to this many rooms are faster to read and sort here than to find by walking outwards from a point."""

_SPARE = 20
"""Extra rooms read with a page, to make up for those that turn out to lie just outside a circle."""

_AT_ONCE = 1000

_READ = {"_id": 0, **WITHOUT_WORDS}
"""The projection of documents that are read as rooms."""

# MongoDB measures metres on a sphere of the equatorial radius.
_METRES = 6_378_100 / 6_371_008.8


class Moment(NamedTuple):
    """The rooms as the session's snapshot has them."""

    rooms: Collection[Document]
    session: ClientSession

    def matching(self, filters: list[Document]) -> Iterator[Room]:
        """Yield the rooms that pass the filters, in no particular order."""
        with self.rooms.find(all_of(filters), _READ, session=self.session) as cursor:
            yield from map(room_of, cursor)

    def values(self, filters: list[Document], names: Sequence[Field]) -> Iterator[list[Any]]:
        """Yield the values of these fields of the rooms that pass the filters."""
        named = {"_id": 0, **dict.fromkeys(map(str, names), 1)}
        with self.rooms.find(all_of(filters), named, session=self.session) as cursor:
            for document in cursor:
                yield [value_of(FIELD[name], document) for name in names]

    def count(self, filters: list[Document], at_most: int | None = None) -> int:
        """Return the number of rooms that pass the filters, at most `at_most`."""
        bound = [] if at_most is None else [{"$limit": at_most}]
        found = self._aggregated([{"$match": all_of(filters)}, *bound, {"$count": "rooms"}])
        return int(found[0]["rooms"]) if found else 0

    def by_price(self, filters: list[Document]) -> list[Document]:
        """Return, for each price, the number of rooms and the range of their sizes."""
        sizes = {"lowest": {"$min": "$size"}, "highest": {"$max": "$size"}}
        group = {"_id": "$price", "rooms": {"$sum": 1}, **sizes}
        return self._aggregated([{"$match": all_of(filters)}, {"$group": group}])

    def by_cell(self, filters: list[Document], grid: Grid) -> list[Document]:
        """Return, for each cell with rooms, the values of a `Cell`, and one of the rooms."""
        longitude, latitude = ({"$arrayElemAt": ["$place.coordinates", index]} for index in (0, 1))
        number = {"column": _whole(longitude, 180, grid.width), "row": _whole(latitude, 90, grid.height)}
        place = {"latitude": {"$avg": latitude}, "longitude": {"$avg": longitude}}
        edges = {
            "west": {"$min": longitude},
            "south": {"$min": latitude},
            "east": {"$max": longitude},
            "north": {"$max": latitude},
        }
        rooms = {"rooms": {"$sum": 1}, "lowest_price": {"$min": "$price"}, "room": {"$first": "$$ROOT"}}
        group = {"_id": number, **rooms, **place, **edges}
        return self._aggregated([{"$match": all_of(filters)}, {"$project": WITHOUT_WORDS}, {"$group": group}])

    def _aggregated(self, pipeline: list[Document]) -> list[Document]:
        with self.rooms.aggregate(pipeline, session=self.session) as cursor:
            return list(cursor)


def _whole(degrees: Document, offset: int, step: float) -> Document:
    """Return the expression for the number of whole steps from -`offset` to the degrees."""
    return {"$floor": {"$divide": [{"$add": [degrees, offset]}, step]}}


def first_rooms(moment: Moment, query: RoomQuery, wanted: int) -> list[Room]:
    """Return the first `wanted` rooms in the order of the search, from `after` on."""
    if not boxes_around(query):
        return []
    if query.sort.key is SortKey.DISTANCE:
        with closing(_nearest(moment, query, wanted + _SPARE)) as rooms:
            return list(islice(rooms, wanted))
    found: list[Room] = []
    while True:
        limit = wanted - len(found) + _SPARE
        candidates = list(_by_field(moment, query, limit))
        found += filter(beside_words(query).matches, candidates)
        if len(found) >= wanted or len(candidates) < limit:
            return found[:wanted]
        query = replace(query, after=query.position(candidates[-1]))


def all_rooms(moment: Moment, query: RoomQuery) -> Generator[Room, None, None]:
    """Yield every room of the search in its order, reading lazily."""
    if query.sort.key is SortKey.DISTANCE:
        yield from _nearest(moment, query, _AT_ONCE)
    else:
        yield from filter(beside_words(query).matches, _by_field(moment, query))


def _by_field(moment: Moment, query: RoomQuery, limit: int = 0) -> Iterator[Room]:
    """Yield candidates from `after` on, in a sort other than by distance; a limit of 0 is no limit."""
    read = 0
    for segment in segments(query):
        left = limit and limit - read
        cursor = moment.rooms.find(
            all_of([*segment_filters(segment), *wide_filters(query)]),
            _READ,
            sort=segment_order(segment),
            limit=left,
            batch_size=left + 1 if left else _AT_ONCE,  # one more, so that the server closes the cursor
            allow_disk_use=True,
            session=moment.session,
        )
        with cursor:
            for document in cursor:
                read += 1
                yield room_of(document)
        if limit and read == limit:
            return


def _nearest(moment: Moment, query: RoomQuery, at_once: int) -> Generator[Room, None, None]:
    """Yield the rooms from `after` on, nearest first, reading lazily."""
    if _is_narrow(moment, query):
        near = query.origin
        matching = moment.matching(wide_filters(query))
        rooms = iter(sorted(matching, key=lambda room: near.distance_to(room.latitude, room.longitude)))
    else:
        rooms = _outwards(moment, query, at_once)
    yield from in_exact_order(beside_words(query), rooms)


def _is_narrow(moment: Moment, query: RoomQuery) -> bool:
    """Whether words and conditions, except those on the place, leave few rooms; these may be anywhere."""
    places = (Field.LATITUDE, Field.LONGITUDE)
    conditions = [condition_filter(c) for c in query.conditions if c.field not in places]
    conditions += words_filters(query)
    return bool(conditions) and moment.count(conditions, NARROW + 1) <= NARROW


def _outwards(moment: Moment, query: RoomQuery, at_once: int) -> Iterator[Room]:
    """Yield candidates by the server's distance, from just before `after` to the far end of the areas."""
    nearest, furthest = _distance_range(query)
    if nearest > furthest:
        return
    stage = {
        "near": {"type": "Point", "coordinates": [query.origin.longitude, query.origin.latitude]},
        "key": "place",
        "spherical": True,
        "distanceField": "distance",
        "query": all_of(wide_filters(query)),
        "minDistance": nearest * _METRES,
    }
    if furthest < MAX_RADIUS:
        stage["maxDistance"] = furthest * _METRES
    with moment.rooms.aggregate(
        [{"$geoNear": stage}, {"$project": WITHOUT_WORDS}], batchSize=at_once, session=moment.session
    ) as cursor:
        yield from map(room_of, cursor)


def _distance_range(query: RoomQuery) -> tuple[float, float]:
    """Return the least and greatest distance, in metres, that a room of the page can have.

    By the triangle inequality a room in a circle is at most the radius closer or further than its centre.
    """
    near = query.origin
    nearest = query.after.value if query.after and isinstance(query.after.value, float) else 0.0
    furthest = MAX_RADIUS
    for circles in (*([circle] for circle in circles_of(query)), circles_around(query)):
        ways = [(near.distance_to(c.centre.latitude, c.centre.longitude), c.radius) for c in circles]
        nearest = max(nearest, min((way - radius for way, radius in ways), default=0.0))
        furthest = min(furthest, max((way + radius for way, radius in ways), default=MAX_RADIUS))
    return max(0.0, nearest - MARGIN), furthest + MARGIN
