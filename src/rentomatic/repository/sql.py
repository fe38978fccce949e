"""What SQL storages share: closed tables from the words of a query to columns and operators.

Every piece of SQL comes from the tables below; values are always bound, as `?`.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rentomatic.domain.fields import FIELDS, NAMES, Description
from rentomatic.domain.geography import Area, BoundingBox, Circle
from rentomatic.domain.room import Room, values_of
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.domain.summary import Sample, Summary, range_of, summary_of
from rentomatic.repository.by_hand import Values
from rentomatic.repository.keyset import Segment

ROOM_COLUMNS = ", ".join(NAMES)
"""The columns of the table, but for its key: one for each field, in their order."""

MARKS = ", ".join("?" * len(NAMES))
"""A placeholder for each of them."""

BESIDE_CODE = tuple(name for name in NAMES if name != Field.CODE)

COLUMNS = {field.name: str(field.name) for field in FIELDS}

OPERATORS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}


def values_in(table: str) -> str:
    """What a row of the table says of a room beside its code, as one value."""
    return f"({', '.join(f'{table}.{column}' for column in BESIDE_CODE)})"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values bound in it, in order."""

    text: str
    values: tuple[object, ...] = ()


ANYTHING = Sql("true")


def all_of(pieces: Iterable[Sql]) -> Sql:
    """All of the pieces must hold; true where there is none."""
    pieces = tuple(pieces)
    return Sql(
        " AND ".join(piece.text for piece in pieces) or "true",
        tuple(value for piece in pieces for value in piece.values),
    )


def condition_sql(condition: Condition) -> Sql:
    """The condition on its column."""
    column = COLUMNS[condition.field]
    if isinstance(condition.value, tuple):
        marks = ", ".join("?" * len(condition.value))
        return Sql(f"{column} IN ({marks})", condition.value)
    return Sql(f"{column} {OPERATORS[condition.operator]} ?", (condition.value,))


def area_sql(area: Area) -> Sql:
    """The area on the columns of the place."""
    return _circle_sql(area) if isinstance(area, Circle) else _box_sql(area)


def ranges(
    query: RoomQuery,
    field: Field,
    operators: frozenset[Operator] = frozenset(Operator) - {Operator.NE},
) -> list[Condition]:
    """The conditions that leave a range of the field's index."""
    return [c for c in query.conditions if c.field is field and c.operator in operators]


def filters(query: RoomQuery) -> Sql:
    """All that must hold of a room."""
    return all_of((*map(condition_sql, query.conditions), *map(area_sql, query.areas)))


def segment_sql(segment: Segment) -> Sql:
    """What holds of the rooms of a segment."""
    column = COLUMNS[segment.by]
    stated = {None: (), True: (Sql(f"{column} IS NOT NULL"),), False: (Sql(f"{column} IS NULL"),)}
    return all_of((*map(condition_sql, segment.conditions), *stated[segment.stated]))


def order_sql(segment: Segment) -> str:
    """The order within a segment, as it stands behind ORDER BY."""
    return ", ".join(f"{COLUMNS[field]} DESC" if down else COLUMNS[field] for field, down in segment.order)


def swap_sql(old: Values | None, new: Room | None) -> Sql:
    """The statement that puts `new` in the place of the row `old`, and changes nothing where that is not."""
    if old is None:
        if new is None:
            raise ValueError("one of them is a room")
        insert = f"INSERT INTO room ({ROOM_COLUMNS}) VALUES ({MARKS}) ON CONFLICT (code) DO NOTHING"
        return Sql(insert, values_of(new))
    same = all_of(_has(field, value) for field, value in zip(FIELDS, old, strict=True))
    if new is None:
        return Sql(f"DELETE FROM room WHERE {same.text}", same.values)
    update = f"UPDATE room SET ({ROOM_COLUMNS}) = ({MARKS}) WHERE {same.text}"
    return Sql(update, (*values_of(new), *same.values))


def row_sql(code: str) -> Sql:
    """The row of that code."""
    return Sql(f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ?", (code,))


def sizes_sql(query: RoomQuery) -> str:
    """The extreme sizes of a group of rooms; where all rooms match, of all: the ends of an index."""
    if query.conditions or query.areas:
        return "min(size), max(size)"
    return "(SELECT min(size) FROM room), (SELECT max(size) FROM room)"


def summary_of_groups(groups: Iterable[tuple[Any, ...]]) -> Summary:
    """The summary of rooms in groups, see `sample_of_groups`."""
    whole = sample_of_groups(groups, share=1)
    return summary_of(whole.prices, whole.size)


def sample_of_groups(groups: Iterable[tuple[Any, ...]], share: float) -> Sample:
    """The rooms of a sample in groups: the price of all in one, their number, their extreme sizes."""
    prices: Counter[int] = Counter()
    sizes: set[int | None] = set()
    for price, rooms, *extremes in groups:
        prices[price] += rooms
        sizes.update(extremes)
    return Sample(prices, range_of(sizes), share)


def _has(field: Description, value: object) -> Sql:
    """What holds of the row that has the value."""
    return Sql(f"{field.name} IS NULL") if value is None else Sql(f"{field.name} = ?", (value,))


def _circle_sql(circle: Circle) -> Sql:
    """In the box around, and either in the box within or near enough: calculated only between the two."""
    centre = circle.centre
    near_enough = Sql(
        "distance(?, ?, latitude, longitude) <= ?", (centre.latitude, centre.longitude, circle.radius)
    )
    around, within = _box_sql(circle.bounding_box()), circle.inner_box()
    if within is None:
        return all_of((around, near_enough))
    inside = _box_sql(within)
    either = Sql(f"({inside.text} OR {near_enough.text})", (*inside.values, *near_enough.values))
    return all_of((around, either))


def _box_sql(box: BoundingBox) -> Sql:
    across = "AND" if box.west <= box.east else "OR"
    return Sql(
        f"latitude BETWEEN ? AND ? AND (longitude >= ? {across} longitude <= ?)",
        (box.south, box.north, box.west, box.east),
    )
