"""Batches of rooms, to write a stream of any length in constant memory."""

from collections.abc import Iterable, Iterator
from itertools import islice

from rentomatic.domain.room import Room

BATCH = 1000


def batches(rooms: Iterable[Room]) -> Iterator[list[Room]]:
    """Yield the rooms in lists of at most `BATCH`."""
    iterator = iter(rooms)
    while batch := list(islice(iterator, BATCH)):
        yield batch
