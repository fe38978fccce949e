"""Runs: rooms that follow each other in an index, read up to a limit.

A run is read in the order of its index, or box by box, with a limit. So PostgreSQL follows the index and
stops at the limit, whatever its statistics say, and even without statistics.
"""

from collections.abc import Callable, Sequence

from rentomatic.domain.fields import FIELD
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.kinds import MAX_INTEGER
from rentomatic.domain.search import Condition, Field, Operator, RoomQuery
from rentomatic.repository.implied_words import Term
from rentomatic.repository.listed import listed_values
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import first_in_boxes, rows
from rentomatic.repository.postgres.words import IS_PENDING, tsquery_of
from rentomatic.repository.sql import COLUMNS, Sql, all_of, condition_sql, ranges

EXACT = frozenset({Operator.EQ, Operator.IN})
BOUNDS = frozenset({Operator.EQ, Operator.LT, Operator.LTE, Operator.GT, Operator.GTE})

Run = Callable[[int], Sql]
"""Takes a limit, and returns `(SELECT * FROM room …)` for the first rooms of the run."""


def coded(query: RoomQuery) -> Run:
    """Return the run of the rooms with the query's codes: no more than the values in its shortest list."""
    where = all_of(map(condition_sql, ranges(query, Field.CODE)))
    return lambda most: Sql(f"(SELECT * FROM room WHERE {where.text} LIMIT {most})", where.values)


def valued(conditions: Sequence[Condition], others: Sequence[Condition] = ()) -> Run:
    """Return the run of the rooms that meet conditions on one indexed field, and `others` on another field.

    None of the conditions is `ne`. Listed values are looked up one by one.
    """
    column, listed = COLUMNS[conditions[0].field], listed_values(conditions)
    if listed is None:
        where = all_of(map(condition_sql, (*conditions, *others)))
        return lambda most: Sql(
            f"(SELECT * FROM room WHERE {where.text} ORDER BY {column} LIMIT {most})", where.values
        )
    not_lists = (condition for condition in conditions if condition.operator is not Operator.IN)
    rest = all_of(map(condition_sql, (*not_lists, *others)))
    values = [value for value in listed if not isinstance(value, int) or 0 <= value <= MAX_INTEGER]
    type_ = "text" if FIELD[conditions[0].field].kind.python_type is str else "integer"
    return lambda most: Sql(
        f"""
        (SELECT few.* FROM unnest(?::{type_}[]) AS listed (value), LATERAL (
            SELECT * FROM room WHERE {column} = value AND {rest.text} LIMIT {most}
        ) AS few LIMIT {most})
        """,
        (values, *rest.values),
    )


def placed(boxes: tuple[BoundingBox, ...]) -> Run:
    """Return the run of the rooms in the boxes. A room on the edge of two boxes comes twice."""
    return lambda most: first_in_boxes(boxes, most)


def worded(terms: Sequence[Term]) -> Callable[[int | None], Sql]:
    """Return the run of the rooms of `tids_with`, with its limit."""

    def run(most: int | None) -> Sql:
        tids = tids_with(terms, most)
        return Sql(f"(SELECT * FROM room WHERE ctid = ANY(ARRAY({tids.text})))", tids.values)

    return run


def tids_with(terms: Sequence[Term], most: int | None) -> Sql:
    """Return SQL for the rows of the rooms that say the terms, and of the pending ones, which may do so.

    most: the limit of either; None for all. Reads the entries of the terms in the index of words, whatever
    the limit and the statistics.
    """
    end = "ALL" if most is None else most
    pending = f"SELECT ctid FROM room WHERE {IS_PENDING} ORDER BY code LIMIT {end}"
    return Sql(f"SELECT rooms_with(?::tsquery, ?) UNION ALL ({pending})", (tsquery_of(terms), most))


def every_room(most: int) -> Sql:
    """Return all rooms, as a run."""
    return Sql(f"(SELECT * FROM room ORDER BY code LIMIT {most})")


def bounds(query: RoomQuery, field: Field) -> list[Condition]:
    """Return the conditions that limit a walk along the field's index, including the ends of its lists."""
    ends = ranges(query, field, BOUNDS)
    if listed := listed_values(ranges(query, field)):
        ends += (Condition(field, Operator.GTE, listed[0]), Condition(field, Operator.LTE, listed[-1]))
    return ends


def counted(run: Run, at_most: int) -> Sql:
    """Return the SQL for the number of rooms in the run, at most `at_most`."""
    first = run(at_most)
    return Sql(f"(SELECT count(*) FROM {first.text} AS found)", first.values)


def passed(session: Session, run: Run, at_most: int) -> int:
    """Return the number of rooms in the run, at most `at_most`."""
    number = counted(run, at_most)
    ((rooms,),) = rows(session, Sql(f"SELECT {number.text}", number.values))
    return int(rooms)
