"""The number and prices of matching rooms in MongoDB, from all rooms or from a sample."""

from collections import Counter
from collections.abc import Generator
from contextlib import closing
from itertools import islice

from pymongo.collection import Collection

from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample, Summary, range_of, summary_of
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.mongo.filters import (
    Document,
    all_of,
    rim_filters,
    room_of,
    sure_filters,
    wide_filters,
)
from rentomatic.repository.mongo.search import Moment
from rentomatic.repository.mongo.words import WITHOUT_WORDS, beside_words

_SAMPLED = 10_000
"""Rooms in a sample; MongoDB picks them at random, one by one."""


def count_rooms(moment: Moment, query: RoomQuery, at_most: int | None) -> int:
    """Return the number of matching rooms, at most `at_most`."""
    sure = sure_filters(query)
    found = 0 if sure is None or at_most == 0 else moment.count(sure, at_most)  # $limit must be at least 1
    if at_most is None:
        return found + sum(1 for _ in rooms_on_the_rim(moment, query))
    with closing(rooms_on_the_rim(moment, query)) as rooms:
        return found + sum(1 for _ in islice(rooms, at_most - found))


def summary_of_rooms(moment: Moment, query: RoomQuery) -> Summary:
    """Summarise all matching rooms."""
    prices: Counter[int] = Counter()
    sizes: set[int] = set()
    sure = sure_filters(query)
    for group in [] if sure is None else moment.by_price(sure):
        prices[int(group["_id"])] += group["rooms"]
        sizes.update(int(size) for size in (group["lowest"], group["highest"]) if size is not None)
    for room in rooms_on_the_rim(moment, query):
        prices[room.price] += 1
        sizes.update(() if room.size is None else (room.size,))
    return summary_of(prices, range_of(sizes))


def sample_of_rooms(rooms: Collection[Document], query: RoomQuery) -> Sample:
    """Return the matching rooms of a random sample, which is not a snapshot of one moment."""
    found, share = sampled_rooms(rooms, query)
    prices = Counter(room.price for room in found)
    return Sample(prices, range_of(room.size for room in found), share)


def sampled_rooms(rooms: Collection[Document], query: RoomQuery) -> tuple[list[Room], float]:
    """Return the matching rooms of a sample, and the share of all rooms that was sampled."""
    total = rooms.estimated_document_count()
    taken = [{"$sample": {"size": _SAMPLED}}, {"$match": all_of(wide_filters(query))}]
    with rooms.aggregate([*taken, {"$project": WITHOUT_WORDS}]) as cursor:
        found = [*filter(beside_words(query).matches, map(room_of, cursor))]
    return found, _SAMPLED / max(_SAMPLED, total)


def rooms_on_the_rim(moment: Moment, query: RoomQuery) -> Generator[Room, None, None]:
    """Yield the matching rooms at the edge of a circle, where the server is not exact; usually few."""
    filters = rim_filters(query)
    if filters is not None and boxes_around(query):
        yield from filter(beside_words(query).matches, moment.matching(filters))
