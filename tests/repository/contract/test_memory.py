"""The contract on the storage in memory, which the others are compared with."""

import operator
from collections.abc import Callable
from typing import Any
from unicodedata import category, normalize

from hypothesis import given

from rentomatic.domain.room import Room
from rentomatic.domain.search import Operator, RoomQuery, SortKey
from rentomatic.repository.contract.builders import queries, room_sets
from rentomatic.repository.contract.comparing import all_pages
from rentomatic.repository.contract.loading import Loading
from rentomatic.repository.contract.searching import Searching
from rentomatic.repository.contract.swapping import Swapping
from rentomatic.repository.memory.repository import MemRepo
from tests.repository.storages import memory


class TestMemory(Searching, Loading, Swapping):
    empty = staticmethod(memory)


@given(rooms=room_sets(), query=queries())
def test_pages_of_the_oracle_are_full_and_have_the_matching_rooms_in_order(
    rooms: list[Room], query: RoomQuery
) -> None:
    pages = all_pages(MemRepo(rooms), query)

    assert in_order([room for room in rooms if meets(room, query)], query) == [
        room for page in pages for room in page.rooms
    ]
    assert all(len(page.rooms) == query.limit for page in pages[:-1])


OPERATORS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: operator.eq,
    Operator.NE: operator.ne,
    Operator.LT: operator.lt,
    Operator.LTE: operator.le,
    Operator.GT: operator.gt,
    Operator.GTE: operator.ge,
    Operator.IN: lambda value, values: value in values,
    Operator.ALL: lambda values, wanted: all(value in values for value in wanted),
}


def meets(room: Room, query: RoomQuery) -> bool:
    """Whether a room matches, computed without the operators of the domain."""
    values = [(getattr(room, wanted.field), wanted) for wanted in query.conditions]
    return (
        all(area.contains(room.latitude, room.longitude) for area in query.areas)
        and all(
            value is not None and OPERATORS[wanted.operator](value, wanted.value) for value, wanted in values
        )
        and all(f" {word}" in said(room) for word in query.words)
    )


def said(room: Room) -> str:
    """Return the words of a room, each after a space."""
    texts = [room.title, room.kind, room.neighbourhood, *(room.features or ()), room.description]
    text = " ".join(["", *(text for text in texts if text)])
    for _ in range(2):  # without case, a letter may have other marks
        bare = (sign for sign in normalize("NFKD", text) if not "\u0300" <= sign <= "\u036f")
        text = "".join(bare).casefold()
    return "".join(sign if category(sign)[0] in "LMN" else " " for sign in text)


def in_order(rooms: list[Room], query: RoomQuery) -> list[Room]:
    """Return the rooms in the query's order, computed without the keys of the domain."""
    by_code = sorted(rooms, key=lambda room: room.code)

    def value(room: Room) -> Any:
        if query.sort.key is not SortKey.DISTANCE:
            return getattr(room, query.sort.key)
        assert query.near
        return query.near.distance_to(room.latitude, room.longitude)

    stated = [room for room in by_code if value(room) is not None]
    unstated = [room for room in by_code if value(room) is None]
    return sorted(stated, key=value, reverse=query.sort.descending) + unstated
