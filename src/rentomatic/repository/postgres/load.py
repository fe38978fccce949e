"""Loads many rooms into PostgreSQL, within the caller's transaction.

The rooms are copied into a temporary table. Only then is `room` locked against other writers, compared and
changed. Readers never wait.
"""

from collections.abc import Iterable, Sequence

from rentomatic.domain.addresses import Address
from rentomatic.domain.fields import FIELDS, Description
from rentomatic.domain.kinds import Code, Degrees, Kind, Whole
from rentomatic.domain.room import Room, values_of
from rentomatic.domain.several import Several
from rentomatic.domain.texts import Line, Lines
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.words import WRITES_WORDS, vector_of
from rentomatic.repository.sql import BESIDE_CODE, ROOM_COLUMNS, values_in
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict

SETTINGS = ("work_mem = '64MB'", "client_connection_check_interval = '2s'", WRITES_WORDS)
"""Of a load's transaction. The interval releases its lock soon after its program is gone."""

_MANY = 10_000
"""A load that changes at least this many rooms updates the statistics of the table."""

_TYPES: dict[type[Kind], str] = {
    Code: "varchar",
    Whole: "int4",
    Degrees: "float8",
    Line: "varchar",
    Lines: "text",
    Address: "text",
    Several: "text[]",
}
"""Column types by the kind of a field's values."""


def _type_of(field: Description) -> str:
    return _TYPES[type(field.kind)]


def _definition(field: Description) -> str:
    collation = ' COLLATE "C"' if field.kind.python_type in (str, tuple) else ""
    return f"{field.name} {_type_of(field)}{collation}"


_STAGE = f"""
    CREATE TEMPORARY TABLE incoming (
        number bigint GENERATED ALWAYS AS IDENTITY, {", ".join(map(_definition, FIELDS))}, words text
    ) ON COMMIT DROP
"""

_COPY = f"COPY incoming ({ROOM_COLUMNS}, words) FROM STDIN (FORMAT binary)"

_LOCK = "LOCK TABLE room IN SHARE ROW EXCLUSIVE MODE"

# What a room of the load meets under its code: the stored room, or an earlier room of the load. Of several
# earlier ones, the last counts with REPLACE, else the first. (`met IS NOT NULL` would also be false for a
# room without a size.)
_COMPARE = f"""
    WITH turns AS (
        SELECT incoming.number, row_number() OVER turn AS turn,
            {values_in("incoming")} AS given,
            CASE WHEN room.id IS NOT NULL THEN {values_in("room")} END AS present,
            {{earlier}}({values_in("incoming")}) OVER turn AS earlier
        FROM incoming LEFT JOIN room USING (code)
        WINDOW turn AS (PARTITION BY code ORDER BY number)
    ),
    meetings AS (
        SELECT number, given, CASE WHEN turn = 1 THEN present ELSE {{met}} END AS met FROM turns
    )
    SELECT count(*) FILTER (WHERE met IS NULL),
        count(*) FILTER (WHERE NOT (met IS NULL) AND met IS DISTINCT FROM given),
        count(*) FILTER (WHERE met IS NOT DISTINCT FROM given),
        min(number) FILTER (WHERE NOT (met IS NULL) AND met IS DISTINCT FROM given)
    FROM meetings
"""
_COMPARE_LAST = _COMPARE.format(earlier="lag", met="earlier")
_COMPARE_FIRST = _COMPARE.format(earlier="first_value", met="coalesce(present, earlier)")

_WRITE = f"""
    INSERT INTO room ({ROOM_COLUMNS}, words)
    SELECT DISTINCT ON (code) {ROOM_COLUMNS}, words::tsvector FROM incoming
    ORDER BY code, number {{order}}
    ON CONFLICT (code) {{conflict}}
"""
_WRITE_LAST = _WRITE.format(
    order="DESC",
    conflict=f"""
    DO UPDATE SET {", ".join(f"{column} = excluded.{column}" for column in (*BESIDE_CODE, "words"))}
    WHERE {values_in("room")} IS DISTINCT FROM {values_in("excluded")}
    """,
)
_WRITE_FIRST = _WRITE.format(order="ASC", conflict="DO NOTHING")

_OTHERS = "FROM room WHERE NOT EXISTS (SELECT FROM incoming WHERE incoming.code = room.code)"


def load(
    session: Session,
    rooms: Iterable[Room],
    on_conflict: OnConflict,
    *,
    keep: bool = True,
    exactly: bool = False,
) -> LoadCounts:
    """Write the rooms, unless `keep` is false, and count what changes.

    exactly: also remove all other rooms.
    """
    session.execute(_STAGE.encode())
    with session.cursor().copy(_COPY.encode()) as copy:
        copy.set_types([*map(_type_of, FIELDS), "text"])
        for room in rooms:
            copy.write_row((*_row_of(room), vector_of(room)))
    if keep:
        session.execute(_LOCK)
    replaces = on_conflict is OnConflict.REPLACE
    compared = session.execute((_COMPARE_LAST if replaces else _COMPARE_FIRST).encode()).fetchone()
    added, differing, unchanged, first = compared or (0, 0, 0, None)
    if differing and on_conflict is OnConflict.FAIL:
        raise ConflictError(_code_of(session, first))
    if keep and (added or (differing and replaces)):
        session.execute((_WRITE_LAST if replaces else _WRITE_FIRST).encode())
    removed = _remove_others(session, keep=keep) if exactly else 0
    if keep and added + differing + removed >= _MANY:
        session.execute("ANALYZE room")  # else searches would be badly planned until autovacuum runs
    return LoadCounts(
        added=added,
        replaced=differing if replaces else 0,
        unchanged=unchanged,
        skipped=0 if replaces else differing,
        removed=removed,
    )


def _row_of(room: Room) -> Sequence[object]:
    """Return the values of a room, with lists as `copy` takes them."""
    values = values_of(room)
    if room.features is None and room.photos is None:
        return values
    return [[*value] if isinstance(value, tuple) else value for value in values]


def _remove_others(session: Session, *, keep: bool) -> int:
    if keep:
        return session.execute(f"DELETE {_OTHERS}".encode()).rowcount
    row = session.execute(f"SELECT count(*) {_OTHERS}".encode()).fetchone()
    return int(row[0]) if row else 0


def _code_of(session: Session, number: int) -> str:
    row = session.execute("SELECT code FROM incoming WHERE number = %s", (number,)).fetchone()
    return str(row[0]) if row else ""
