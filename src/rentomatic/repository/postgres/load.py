"""Many rooms at once into PostgreSQL, within the transaction of the caller.

The rooms are copied into a table of the transaction's own. Only then is `room` locked against other
writers, compared with them and changed. Readers are never kept waiting.
"""

from collections.abc import Iterable

from rentomatic.domain.room import Room
from rentomatic.repository.postgres.session import Session
from rentomatic.use_cases.errors import ConflictError
from rentomatic.use_cases.ports import LoadCounts, OnConflict

SETTINGS = ("lock_timeout = '5s'", "work_mem = '64MB'", "client_connection_check_interval = '2s'")
"""A load does not wait long for another one, and holds no lock for a program that is gone."""

_MANY = 10_000
"""Changed rooms after which the statistics of the table are made anew."""

_STAGE = """
    CREATE TEMPORARY TABLE incoming (
        number bigint GENERATED ALWAYS AS IDENTITY,
        code varchar(36) COLLATE "C", size integer, price integer,
        latitude double precision, longitude double precision
    ) ON COMMIT DROP
"""

_COPY = "COPY incoming (code, size, price, latitude, longitude) FROM STDIN (FORMAT binary)"
_TYPES = ("varchar", "int4", "int4", "float8", "float8")

_LOCK = "LOCK TABLE room IN SHARE ROW EXCLUSIVE MODE"

# What a room meets under its code: the room that is there, or the one that came before it in the load.
# Of those, the last one counts where it replaces what it meets, else the first. (`met IS NOT NULL` would
# be false as well of a room whose size is not stated.)
_COMPARE = """
    WITH turns AS (
        SELECT incoming.number, row_number() OVER turn AS turn,
            (incoming.size, incoming.price, incoming.latitude, incoming.longitude) AS given,
            CASE WHEN room.id IS NOT NULL THEN (room.size, room.price, room.latitude, room.longitude) END
                AS present,
            {earlier}((incoming.size, incoming.price, incoming.latitude, incoming.longitude)) OVER turn
                AS earlier
        FROM incoming LEFT JOIN room USING (code)
        WINDOW turn AS (PARTITION BY code ORDER BY number)
    ),
    meetings AS (
        SELECT number, given, CASE WHEN turn = 1 THEN present ELSE {met} END AS met FROM turns
    )
    SELECT count(*) FILTER (WHERE met IS NULL),
        count(*) FILTER (WHERE NOT (met IS NULL) AND met IS DISTINCT FROM given),
        count(*) FILTER (WHERE met IS NOT DISTINCT FROM given),
        min(number) FILTER (WHERE NOT (met IS NULL) AND met IS DISTINCT FROM given)
    FROM meetings
"""
_COMPARE_LAST = _COMPARE.format(earlier="lag", met="earlier")
_COMPARE_FIRST = _COMPARE.format(earlier="first_value", met="coalesce(present, earlier)")

_WRITE = """
    INSERT INTO room (code, size, price, latitude, longitude)
    SELECT DISTINCT ON (code) code, size, price, latitude, longitude FROM incoming
    ORDER BY code, number {order}
    ON CONFLICT (code) {conflict}
"""
_WRITE_LAST = _WRITE.format(
    order="DESC",
    conflict="""
    DO UPDATE SET size = excluded.size, price = excluded.price,
        latitude = excluded.latitude, longitude = excluded.longitude
    WHERE (room.size, room.price, room.latitude, room.longitude)
        IS DISTINCT FROM (excluded.size, excluded.price, excluded.latitude, excluded.longitude)
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
    """Write the rooms, unless they are not to be kept, and tell what becomes of them.

    exactly: no other room is left.
    """
    session.execute(_STAGE)
    with session.cursor().copy(_COPY) as copy:
        copy.set_types(_TYPES)
        for room in rooms:
            copy.write_row((room.code, room.size, room.price, room.latitude, room.longitude))
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
        session.execute("ANALYZE room")  # or searches were badly planned until the server does so
    return LoadCounts(
        added=added,
        replaced=differing if replaces else 0,
        unchanged=unchanged,
        skipped=0 if replaces else differing,
        removed=removed,
    )


def _remove_others(session: Session, *, keep: bool) -> int:
    if keep:
        return session.execute(f"DELETE {_OTHERS}".encode()).rowcount
    row = session.execute(f"SELECT count(*) {_OTHERS}".encode()).fetchone()
    return int(row[0]) if row else 0


def _code_of(session: Session, number: int) -> str:
    row = session.execute("SELECT code FROM incoming WHERE number = %s", (number,)).fetchone()
    return str(row[0]) if row else ""
