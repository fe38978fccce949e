"""The statements of a search, and how they are run.

Those whose best plan does not depend on the values are prepared on the server; the others are planned
for their values. The limit stands in the text, since with a limit that it does not know PostgreSQL plans
for a tenth of all rooms.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import astuple

from psycopg import ServerCursor

from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import Operator, RoomQuery
from rentomatic.repository.areas import EVERYWHERE, WHOLE_EARTH, boxes_around
from rentomatic.repository.implied_words import Term, implied_terms
from rentomatic.repository.postgres.session import Row, Session, statement_timeout
from rentomatic.repository.postgres.words import filters, says
from rentomatic.repository.sql import ROOM_COLUMNS, Sql, all_of, condition_sql

_MUCH = 0.9

_AT_ONCE = 1000
"""Rooms that an export fetches at a time."""

_BY_CODES = f"SELECT {ROOM_COLUMNS} FROM room WHERE code = ANY(string_to_array(?, ','))"
"""The codes are one text, because psycopg takes as long to build an array as the statement takes."""

_ENTRIES = """
    SELECT asked.word, whole, coalesce(sum(frequency), 0) * greatest(0, (
        SELECT reltuples FROM pg_class WHERE oid = 'room'::regclass
    ))
    FROM unnest(?::text[], ?::boolean[]) AS asked (word, whole) LEFT JOIN (
        SELECT listed.* FROM pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs)
            AS listed (word, frequency)
        WHERE tablename = 'room' AND attname = 'words' AND schemaname = (
            SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'room'::regclass
        )
    ) AS common ON CASE WHEN whole THEN common.word = asked.word ELSE starts_with(common.word, asked.word) END
    GROUP BY asked.word, whole
"""
"""The frequencies end with three figures that belong to no word; there the word is null."""

_PARTS = (
    "unnest(?::float8[], ?::float8[], ?::float8[], ?::float8[]) WITH ORDINALITY AS part (w, s, e, n, number)"
)
"""Boxes as rows, so that one statement and plan serves any number of boxes."""

_IN_PART = "point(longitude, latitude) <@ box(point(w, s), point(e, n))"

_ONLY_IN_PART = f"{_IN_PART} AND longitude BETWEEN w AND e AND latitude BETWEEN s AND n"
"""The same, but exact: `box` also includes places up to 1e-6 degrees beyond its edges."""


def rows(session: Session, statement: Sql, prepare: bool = False) -> list[Row]:
    """Return all rows of a statement, within the time left for its read.

    Sets a shorter time-out on the server only if much less is left, which is rare.
    """
    left = session.due - time.monotonic()
    if left < _MUCH * session.allowed:
        session.allowed = max(0.0, left)
        session.execute(statement_timeout("LOCAL", left), prepare=False)
    with session.cursor(binary=True) as cursor:
        return cursor.execute(_text(statement), statement.values, prepare=prepare).fetchall()


def fetched(session: Session, statement: Sql) -> Iterator[Row]:
    """Yield the rows of a statement, fetching them in batches."""
    with closing(ServerCursor(session, "export")) as cursor:
        cursor.itersize = _AT_ONCE
        cursor.execute(_text(statement), statement.values, binary=True)
        yield from cursor


def execute(session: Session, statement: Sql) -> int:
    """Run a statement and return the number of changed rows."""
    return session.execute(_text(statement), statement.values).rowcount


def _text(statement: Sql) -> bytes:
    """Return the statement with psycopg's placeholders; it contains no other question marks."""
    return statement.text.replace("?", "%s").encode()


def select(source: Sql, part: Sql, order: str, limit: int | None = None, columns: str = ROOM_COLUMNS) -> Sql:
    """Return the statement for a part of the source, in order."""
    end = "" if limit is None else f" LIMIT {limit}"
    return Sql(
        f"SELECT {columns} {source.text} AND {part.text} ORDER BY {order}{end}",
        (*source.values, *part.values),
    )


def first_by_place(
    session: Session, source: Sql, part: Sql, order: str, limit: int, more: str = ""
) -> list[Row]:
    """Return the first rows of a part of a large source, found by the index on places alone if possible.

    That index has the code, the size, the price and the place. So the rooms themselves are read afterwards,
    only those on the page; one that was removed meanwhile is left out.

    more: other columns of the source, `, a, b`, which come last in the rows.
    """
    found = rows(session, select(source, part, order, limit, "code" + more))
    rooms = by_code(session, [row[0] for row in found])
    return [(*rooms[code], *others) for code, *others in found if code in rooms]


def by_code(session: Session, codes: list[str]) -> dict[str, Row]:
    """Return the rows of rooms, by code.

    A separate statement, because as a part of the one that finds the codes it would be planned every time.
    """
    # No code contains a comma.
    found = rows(session, Sql(_BY_CODES, (",".join(codes),)), prepare=True) if codes else []
    return {row[0]: row for row in found}


def read_whole(query: RoomQuery, boxes: tuple[BoundingBox, ...]) -> Sql:
    """Return `FROM … WHERE …` for the matching rooms in the boxes, none of which crosses the antimeridian."""
    where = filters(query)
    if boxes == EVERYWHERE:
        return Sql(f"FROM (SELECT * FROM room WHERE {where.text} OFFSET 0) AS few WHERE true", where.values)
    inside = f"SELECT * FROM room WHERE {where.text} AND {_in_part(boxes)} OFFSET 0"
    return Sql(f"FROM {_PARTS}, LATERAL ({inside}) AS few WHERE true", (*_edges(boxes), *where.values))


def read_first(query: RoomQuery, run: Sql) -> Sql:
    """Return `FROM … WHERE …` for the matching rooms among those of a run, which is `(SELECT * …)`."""
    where = filters(query)
    return Sql(f"FROM {run.text} AS first_ones WHERE {where.text}", (*run.values, *where.values))


def first_in_boxes(boxes: tuple[BoundingBox, ...], most: int) -> Sql:
    """Return `(SELECT …)` for the first `most` rooms in the boxes, none of which crosses the antimeridian."""
    inside = f"SELECT * FROM room WHERE {_in_part(boxes)} LIMIT {most}"
    return Sql(f"(SELECT few.* FROM {_PARTS}, LATERAL ({inside}) AS few LIMIT {most})", tuple(_edges(boxes)))


def count(session: Session, found: Sql, at_most: int | None) -> int:
    """Return the number of rows of `FROM … WHERE …`, at most `at_most`."""
    limit = "" if at_most is None else f" LIMIT {at_most}"
    statement = f"SELECT count(*) FROM (SELECT {found.text}{limit}) AS found"
    return int(rows(session, Sql(statement, found.values))[0][0])


def count_in(session: Session, where: Sql, boxes: tuple[BoundingBox, ...], at_most: int) -> list[int]:
    """Return the number of rooms that meet the filters in each box, at most `at_most` for each."""
    found = f"SELECT FROM room WHERE {where.text} AND {_IN_PART} LIMIT {at_most}"
    statement = f"SELECT (SELECT count(*) FROM ({found}) AS found) FROM {_PARTS} ORDER BY number"
    return [rooms for (rooms,) in rows(session, Sql(statement, (*where.values, *_edges(boxes))))]


def _in_part(boxes: tuple[BoundingBox, ...]) -> str:
    return _IN_PART if len(boxes) == 1 else _ONLY_IN_PART


def _edges(boxes: tuple[BoundingBox, ...]) -> list[list[float]]:
    """Return the western, southern, eastern and northern edges of the boxes."""
    return [list(map(float, edges)) for edges in zip(*map(astuple, boxes), strict=True)] or [[]] * 4


def estimate(session: Session, query: RoomQuery, *, words: bool = True) -> int:
    """Return PostgreSQL's estimate of the number of matches, from its statistics; circles count as boxes.

    A room with the words of a feature counts as one with the feature, since only words have statistics.

    words: whether rooms without the words of the search and its features are left out.
    """
    inside = "(longitude BETWEEN ? AND ? AND latitude BETWEEN ? AND ?)"
    boxes = [box for box in boxes_around(query) if box != WHOLE_EARTH]
    areas = Sql(
        f"({' OR '.join(inside for _ in boxes) or 'true'})",
        tuple(edge for box in boxes for edge in (box.west, box.east, box.south, box.north)),
    )
    conditions = [condition_sql(c) for c in query.conditions if c.operator is not Operator.ALL]
    terms = implied_terms(query) if words else []
    return estimate_of(session, all_of((*conditions, *([says(terms)] if terms else []), areas)))


def estimate_of(session: Session, where: Sql) -> int:
    """Return PostgreSQL's estimate of the number of rooms that meet the condition."""
    ((plans,),) = rows(
        session, Sql(f"EXPLAIN (FORMAT JSON) SELECT FROM room WHERE {where.text}", where.values)
    )
    return int(plans[0]["Plan"]["Plan Rows"])


def entries_of(session: Session, terms: Sequence[Term]) -> dict[Term, int]:
    """Return for each term about how many entries the index of words has; 0 if they are few.

    From the words that the statistics list as common, which are at most a thousand. (For a beginning, the
    estimate of PostgreSQL itself ignores them if they are less than a hundred.)
    """
    words, whole = map(list, zip(*terms, strict=True))
    found = rows(session, Sql(_ENTRIES, (words, whole)), prepare=True)
    return {Term(word, whole): round(entries) for word, whole, entries in found}


def distance_sql(query: RoomQuery) -> str:
    """Return the expression for the distance of a room. Both Python's repr and SQL keep floats exact."""
    near = query.origin
    return f"distance({near.latitude!r}, {near.longitude!r}, latitude, longitude)"
