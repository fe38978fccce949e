"""A search for words in a storage without an index of words."""

from collections.abc import Iterable
from dataclasses import replace

from rentomatic.domain.room import Room
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery

_NO_ROOM = (Condition(Field.CODE, Operator.EQ, "0"), Condition(Field.CODE, Operator.NE, "0"))


def by_codes(query: RoomQuery, rooms: Iterable[Room]) -> RoomQuery:
    """Return the search for the codes of the matching rooms instead of its words.

    rooms: all that match it without the words.
    """
    codes = tuple(room.code for room in rooms if query.matches(room))
    found = (Condition(Field.CODE, Operator.IN, codes),) if codes else _NO_ROOM
    return replace(query, conditions=(*query.conditions, *found), words=())
