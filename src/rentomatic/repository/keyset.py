"""The order of a search after a cursor, as segments that are read one after the other.

(price, code) > (39, "x") is price = 39 and code > "x", then price > 39. Each is a plain range of an index on
(price, code). That also works if price descends or a size is unstated, which a row comparison in SQL cannot
express.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.search import Condition, Operator, Position, RoomQuery


@dataclass(frozen=True, slots=True)
class Segment:
    """Rooms that all come before those of the next segment, and their order.

    order: fields, and whether each descends.
    by: the field that the search is sorted by.
    stated: whether the rooms state that field or leave it unstated; None for both.
    """

    conditions: tuple[Condition, ...]
    order: tuple[tuple[Field, bool], ...]
    by: Field
    stated: bool | None = None


def segments(query: RoomQuery) -> Iterator[Segment]:
    """Yield the segments of a search from `after` on. Not for a sort by distance."""
    sort, after = query.sort, query.after
    field, by_code = Field(sort.key), (Field.CODE, False)
    beyond = Operator.LT if sort.descending else Operator.GT
    if field is Field.CODE:
        rest = (Condition(field, beyond, after.code),) if after else ()
        yield Segment(rest, ((field, sort.descending),), field)
        return
    order = ((field, sort.descending), by_code)
    optional = FIELD[field].optional
    stated = True if optional else None
    if after is None:
        yield Segment((), order, field, stated)
    elif after.value is not None:
        alike = Condition(field, Operator.EQ, after.value)
        yield Segment((alike, _later(after)), (by_code,), field)
        yield Segment((Condition(field, beyond, after.value),), order, field)
    if optional:
        among = after is not None and after.value is None
        yield Segment((_later(after),) if after and among else (), (by_code,), field, stated=False)


def _later(after: Position) -> Condition:
    """Return the condition for the codes after this one, among rooms with equal sort values."""
    return Condition(Field.CODE, Operator.GT, after.code)
