"""What SQL storages share: closed tables from the words of a query to columns and operators.

Every piece of SQL comes from the tables below; values are always bound, as `?`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rentomatic.domain.search import Condition, Field, Operator, Position, RoomQuery, SortKey

COLUMNS = {
    Field.CODE: "code",
    Field.SIZE: "size",
    Field.PRICE: "price",
    Field.LATITUDE: "latitude",
    Field.LONGITUDE: "longitude",
}

OPERATORS = {
    Operator.EQ: "=",
    Operator.NE: "<>",
    Operator.LT: "<",
    Operator.LTE: "<=",
    Operator.GT: ">",
    Operator.GTE: ">=",
}


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL and the values bound in it, in order."""

    text: str
    values: tuple[object, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of the order of a search: a range of an index, and the order within it."""

    where: Sql
    order: str


def segments(query: RoomQuery) -> Iterator[Segment]:
    """The order of a search from `after` on, as index ranges to be read one after the other.

    (price, code) > (39, "x") is price = 39 and code > "x", then price > 39: each a plain range of
    an index on (price, code), also where price descends or a size is unstated, which a row
    comparison cannot say. Not for a sort by distance.
    """
    sort, after = query.sort, query.after
    beyond = "<" if sort.descending else ">"
    if sort.key is SortKey.CODE:
        where = Sql(f"code {beyond} ?", (after.code,)) if after else Sql("true")
        yield Segment(where, "code DESC" if sort.descending else "code")
        return
    column = {SortKey.PRICE: "price", SortKey.SIZE: "size"}[sort.key]
    order = f"{column} DESC, code" if sort.descending else f"{column}, code"
    if after is None:
        yield Segment(Sql(f"{column} IS NOT NULL" if sort.key is SortKey.SIZE else "true"), order)
    elif after.value is not None:
        yield Segment(Sql(f"{column} = ? AND code > ?", (after.value, after.code)), "code")
        yield Segment(Sql(f"{column} {beyond} ?", (after.value,)), order)
    if sort.key is SortKey.SIZE:
        yield _unstated(after)


def _unstated(after: Position | None) -> Segment:
    """The rooms that do not state their size, at the end either way."""
    if after is not None and after.value is None:
        return Segment(Sql("size IS NULL AND code > ?", (after.code,)), "code")
    return Segment(Sql("size IS NULL"), "code")
