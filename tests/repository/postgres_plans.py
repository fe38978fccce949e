"""What PostgreSQL really read for each statement, and which statements it is running."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg

from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres import connections
from rentomatic.repository.postgres.search import first_rooms
from rentomatic.repository.postgres.session import Session
from rentomatic.use_cases.errors import NotQuick

Plan = dict[str, Any]


class Recorded(psycopg.Cursor[Any]):
    """Makes PostgreSQL explain each statement, with actual row counts, before it is run."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        if not query.startswith(b"EXPLAIN"):
            with psycopg.Cursor(self.connection) as cursor:
                cursor.execute(b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + query, params)
                row: Any = cursor.fetchone()
            PLANS.append(row[0][0]["Plan"])
        return super().execute(query, params, **options)


PLANS: list[Plan] = []


def plans_of(conninfo: str, work: Callable[[Session], object]) -> list[Plan]:
    """Return the plans of the work's statements, even if it ends with NotQuick."""
    PLANS.clear()
    with Session.connect(conninfo, autocommit=True, cursor_factory=Recorded) as session:
        for setting in connections._PLANNING:
            session.pgconn.exec_(f"SET {setting}".encode())
        with suppress(NotQuick):
            work(session)
    return list(PLANS)


def plans_of_search(conninfo: str, query: RoomQuery, *, quick: bool = False) -> list[Plan]:
    return plans_of(conninfo, lambda session: first_rooms(session, query, query.limit + 1, quick=quick))


_SCANS = """
    SELECT relname, pg_stat_get_xact_numscans(oid), pg_stat_get_xact_tuples_returned(oid)
    FROM pg_class WHERE relname = 'room' OR relname LIKE 'room\\_%'
"""


def scans_of(conninfo: str, work: Callable[[Session], object]) -> dict[str, int]:
    """Return how often the work scanned the table from end to end, and each index, and the entries it read.

    Includes what functions did. Entries are those that a scan found.
    """
    with Session.connect(conninfo) as session:
        for setting in connections._PLANNING:
            session.pgconn.exec_(f"SET {setting}".encode())
        session.execute("SET TRANSACTION READ ONLY")
        with suppress(NotQuick):
            work(session)
        found = session.execute(_SCANS.encode()).fetchall()
    return {
        **{name: scans for name, scans, _ in found},
        **{f"entries of {name}": entries for name, _, entries in found},
    }


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_read(plans: list[Plan]) -> int:
    """Return how many rooms or index entries were read."""
    return sum(
        round((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"])
        for plan in plans
        for node in nodes(plan)
        if "Plans" not in node
    )


def blocks_read(plans: list[Plan]) -> int:
    return sum(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] for plan in plans)


def running_statements(conninfo: str) -> list[str]:
    """Return the statements of the repository's connections that are running now."""
    statement = """
        SELECT query FROM pg_stat_activity
        WHERE application_name = 'rentomatic' AND datname = current_database() AND state = 'active'
    """
    with psycopg.connect(conninfo) as connection:
        return [row[0] for row in connection.execute(statement).fetchall()]
