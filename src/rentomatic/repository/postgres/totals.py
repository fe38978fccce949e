"""The number and prices of matching rooms in PostgreSQL, from all rooms or from a sample."""

from rentomatic.domain.search import Field, RoomQuery
from rentomatic.domain.summary import Sample
from rentomatic.repository.postgres import plan
from rentomatic.repository.postgres.runs import EXACT, Run, counted
from rentomatic.repository.postgres.sampling import sampled_rooms
from rentomatic.repository.postgres.session import Row, Session
from rentomatic.repository.postgres.statements import count, read_first, rows
from rentomatic.repository.postgres.ways import only_run, way_to_few
from rentomatic.repository.sql import Sql, ranges, sample_of_groups, sizes_sql
from rentomatic.use_cases.errors import NotQuick


def count_of(session: Session, query: RoomQuery, at_most: int | None) -> int:
    """Return the number of matching rooms, at most `at_most`."""
    return count(session, plan.total_source(session, query, at_most), at_most)


def quick_count(session: Session, query: RoomQuery, at_most: int | None) -> int:
    """Return the same number. Raises NotQuick if no index has it in at most `plan.FEW` rooms.

    If there is only one index to follow, up to `plan.READ` of its rooms are read.
    """
    run = None if ranges(query, Field.CODE, EXACT) else only_run(session, query, plan.READ)
    if run is None:
        return count(session, _few(session, query), at_most)
    found, passed = _count_along(session, query, run, at_most)
    if found != at_most and passed > plan.READ:
        raise NotQuick
    return found


def _count_along(session: Session, query: RoomQuery, run: Run, at_most: int | None) -> tuple[int, int]:
    """Count the matches among the first rooms of the run, and if they are too few, all rooms of the run."""
    first, all_rooms = read_first(query, run(plan.READ)), counted(run, plan.READ + 1)
    limit, enough = ("", "false") if at_most is None else (f"LIMIT {at_most}", f"found >= {at_most}")
    statement = f"""
        SELECT found, CASE WHEN {enough} THEN 0 ELSE {all_rooms.text} END
        FROM (SELECT count(*) FROM (SELECT {first.text} {limit}) AS matching) AS counted (found)
    """
    ((found, passed),) = rows(session, Sql(statement, (*all_rooms.values, *first.values)))
    return found, passed


def prices_of(session: Session, query: RoomQuery) -> list[Row]:
    """Return each price with the number of matching rooms and their extreme sizes."""
    return _prices_in(session, query, plan.total_source(session, query))


def quick_prices(session: Session, query: RoomQuery) -> list[Row]:
    """Return the same rows. Raises NotQuick if no index has them in at most `plan.FEW` rooms."""
    return _prices_in(session, query, _few(session, query))


def _few(session: Session, query: RoomQuery) -> Sql:
    """Return `FROM … WHERE …` for matches in at most `plan.FEW` rooms of an index, or raise NotQuick."""
    way = way_to_few(session, query, plan.FEW)
    if way is None:
        raise NotQuick
    return read_first(query, way.rooms)


def _prices_in(session: Session, query: RoomQuery, found: Sql) -> list[Row]:
    statement = f"SELECT price, count(*), {sizes_sql(query)} {found.text} GROUP BY price"
    return rows(session, Sql(statement, found.values))


def sample_of(session: Session, query: RoomQuery) -> Sample:
    """Return the matching rooms of a sample, which stays the same until the table changes."""
    found, share = sampled_rooms(session, query)
    statement = f"SELECT price, count(*), min(size), max(size) {found.text} GROUP BY price"
    return sample_of_groups(rows(session, Sql(statement, found.values)), share)
