"""What storages with SQL share: closed tables that turn a query into columns and operators.

Every piece of SQL comes from the tables below; values are always bound, as `?`.
"""

from collections import Counter
from collections.abc import Callable, Iterable
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
"""The columns of the table without its key: one for each field, in the order of the fields."""

MARKS = ", ".join("?" * len(NAMES))
"""A placeholder for each of these columns."""

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
    """Return the columns of a table's row, without the code, as one row value."""
    return f"({', '.join(f'{table}.{column}' for column in BESIDE_CODE)})"


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values bound in it, in order."""

    text: str
    values: tuple[object, ...] = ()


ANYTHING = Sql("true")


def all_of(pieces: Iterable[Sql]) -> Sql:
    """Combine pieces that must all hold; `true` if there are none."""
    pieces = tuple(pieces)
    return Sql(
        " AND ".join(piece.text for piece in pieces) or "true",
        tuple(value for piece in pieces for value in piece.values),
    )


def condition_sql(condition: Condition) -> Sql:
    """Return the condition on its column."""
    column = COLUMNS[condition.field]
    if condition.operator is Operator.ALL:
        return Sql(f"has_all({column}, ?)", (condition.value,))
    if isinstance(condition.value, tuple):
        marks = ", ".join("?" * len(condition.value))
        return Sql(f"{column} IN ({marks})", condition.value)
    return Sql(f"{column} {OPERATORS[condition.operator]} ?", (condition.value,))


def area_sql(area: Area) -> Sql:
    """Return the condition that a room lies in the area."""
    return _circle_sql(area) if isinstance(area, Circle) else _box_sql(area)


def ranges(
    query: RoomQuery,
    field: Field,
    operators: frozenset[Operator] = frozenset(Operator) - {Operator.NE, Operator.ALL},
) -> list[Condition]:
    """Return the conditions on the field that an index can answer by a range."""
    return [c for c in query.conditions if c.field is field and c.operator in operators]


def filters(query: RoomQuery, condition: Callable[[Condition], Sql] = condition_sql) -> Sql:
    """Return the condition for all rooms that match the search, apart from its words.

    condition: returns each condition on its column.
    """
    return all_of((*map(condition, query.conditions), *map(area_sql, query.areas)))


def segment_sql(segment: Segment) -> Sql:
    """Return the condition for the rooms of a segment."""
    column = COLUMNS[segment.by]
    stated = {None: (), True: (Sql(f"{column} IS NOT NULL"),), False: (Sql(f"{column} IS NULL"),)}
    return all_of((*map(condition_sql, segment.conditions), *stated[segment.stated]))


def order_sql(segment: Segment) -> str:
    """Return the order within a segment, for ORDER BY."""
    return ", ".join(f"{COLUMNS[field]} DESC" if down else COLUMNS[field] for field, down in segment.order)


def swap_sql(
    old: Values | None, new: Room | None, *, column: str = "", mark: str = "", value: object = None
) -> Sql:
    """Return the statement that replaces the row `old` by `new`, and does nothing without that row.

    column, mark, value: what else a storage keeps of the new room, `, words`, `, ?::tsvector`.
    """
    columns, marks, more = ROOM_COLUMNS + column, MARKS + mark, (value,) if column else ()
    if old is None:
        if new is None:
            raise ValueError("one of them is a room")
        insert = f"INSERT INTO room ({columns}) VALUES ({marks}) ON CONFLICT (code) DO NOTHING"
        return Sql(insert, (*values_of(new), *more))
    same = all_of(_has(field, value) for field, value in zip(FIELDS, old, strict=True))
    if new is None:
        return Sql(f"DELETE FROM room WHERE {same.text}", same.values)
    update = f"UPDATE room SET ({columns}) = ({marks}) WHERE {same.text}"
    return Sql(update, (*values_of(new), *more, *same.values))


def row_sql(code: str) -> Sql:
    """Return the statement that reads the row with the code."""
    return Sql(f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ?", (code,))


def sizes_sql(query: RoomQuery) -> str:
    """Return the extreme sizes of a group; if all rooms match, those of all rooms, from an index's ends."""
    if query.conditions or query.areas or query.words:
        return "min(size), max(size)"
    return "(SELECT min(size) FROM room), (SELECT max(size) FROM room)"


def summary_of_groups(groups: Iterable[tuple[Any, ...]]) -> Summary:
    """Return the summary of rooms in groups as for `sample_of_groups`."""
    whole = sample_of_groups(groups, share=1)
    return summary_of(whole.prices, whole.size)


def sample_of_groups(groups: Iterable[tuple[Any, ...]], share: float) -> Sample:
    """Return the sample made of groups: each a price, the number of rooms, and their extreme sizes."""
    prices: Counter[int] = Counter()
    sizes: set[int | None] = set()
    for price, rooms, *extremes in groups:
        prices[price] += rooms
        sizes.update(extremes)
    return Sample(prices, range_of(sizes), share)


def _has(field: Description, value: object) -> Sql:
    """Return the condition that the column has the value."""
    return Sql(f"{field.name} IS NULL") if value is None else Sql(f"{field.name} = ?", (value,))


def _circle_sql(circle: Circle) -> Sql:
    """Return the condition for a circle; it calculates distances only between the inner and outer box."""
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
