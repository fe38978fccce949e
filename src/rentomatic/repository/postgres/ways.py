"""Ways to the rooms of a search: runs of indexes that hold all matching rooms and few others."""

from collections.abc import Sequence
from dataclasses import dataclass

from rentomatic.domain.fields import INDEXED
from rentomatic.domain.search import Condition, Field, RoomQuery
from rentomatic.repository.areas import EVERYWHERE, boxes_around
from rentomatic.repository.listed import listed_values
from rentomatic.repository.postgres.runs import EXACT, Run, coded, counted, every_room, placed, valued
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.sql import Sql, all_of, condition_sql, ranges

_PASSED = 30_000
"""Entries of the index on prices and sizes that are passed to count the rooms that meet both conditions."""


@dataclass(frozen=True, slots=True)
class Way:
    """Rooms that include all matches. by_place: whether they come from the index on places."""

    rooms: Sql
    by_place: bool = False


def way_at_once(session: Session, query: RoomQuery, most: int) -> Way | None:
    """Return a way to at most `most` rooms by place or one indexed field; None if there is none.

    Runs one statement, which counts in indexes alone, up to `most`; none if the query names codes. Ignores
    the field that the search is sorted by: walking its index passes no other rooms anyway.
    """
    if ranges(query, Field.CODE, EXACT):
        return Way(coded(query)(most))
    places = _places(query)
    values = (found for field, found in _by_value(query).items() if field.value != query.sort.key.value)
    runs = [*places, *map(valued, values)]
    best = _shortest(session, runs, [counted(run, most + 1) for run in runs], most)
    return None if best is None else Way(runs[best](most), by_place=best < len(places))


def way_to_few(session: Session, query: RoomQuery, most: int) -> Way | None:
    """Return a way to at most `most` rooms by one indexed field, by price and size, or else by place.

    None if there is none.

    Runs up to two statements, which count in indexes alone.
    """
    if ranges(query, Field.CODE, EXACT):
        return Way(coded(query)(most))
    values = _by_value(query)
    runs = [*map(valued, values.values())]
    counts = [counted(run, most + 1) for run in runs]
    by_price, by_size = values.get(Field.PRICE), values.get(Field.SIZE)
    if by_price and by_size:
        runs.append(valued(by_price, by_size))
        counts.append(_both(by_price, by_size, most))
    if (best := _shortest(session, runs, counts, most)) is not None:
        return Way(runs[best](most))
    places = _places(query)
    if _shortest(session, places, [counted(run, most + 1) for run in places], most) is None:
        return None
    return Way(places[0](most), by_place=True)


def only_run(query: RoomQuery) -> Run | None:
    """Return the run that holds all matching rooms, None if the search has several."""
    runs = [*map(valued, _by_value(query).values()), *_places(query)] or [every_room]
    return runs[0] if len(runs) == 1 else None


def _by_value(query: RoomQuery) -> dict[Field, list[Condition]]:
    """The conditions that leave a range of an index, by their field."""
    found = {field: ranges(query, field) for field in INDEXED if field is not Field.CODE}
    return {field: conditions for field, conditions in found.items() if conditions}


def _places(query: RoomQuery) -> list[Run]:
    boxes = boxes_around(query)
    return [] if boxes == EVERYWHERE else [placed(boxes)]


def _shortest(session: Session, runs: Sequence[Run], counts: Sequence[Sql], most: int) -> int | None:
    """Return the index of the run with the fewest rooms, None if each has more than `most`."""
    if not runs:
        return None
    text = ", ".join(count.text for count in counts)
    values = tuple(value for count in counts for value in count.values)
    (found,) = rows(session, Sql(f"SELECT {text}", values))
    fewest, best = min((rooms, number) for number, rooms in enumerate(found))
    return best if fewest <= most else None


def _both(by_price: Sequence[Condition], by_size: Sequence[Condition], most: int) -> Sql:
    """Return SQL for the number of rooms that meet both; more than `most` if too many entries are passed.

    The index begins with the price, so with listed prices every entry that is passed counts.
    """
    if listed_values(by_price) is not None:
        return counted(valued(by_price, by_size), most + 1)
    prices, sizes = valued(by_price), all_of(map(condition_sql, by_size))
    first, all_prices = prices(_PASSED), counted(prices, _PASSED + 1)
    return Sql(
        f"""
        (SELECT CASE WHEN met <= {most} AND {all_prices.text} > {_PASSED} THEN {most + 1} ELSE met END FROM (
            SELECT count(*) FROM (
                SELECT FROM {first.text} AS priced WHERE {sizes.text} LIMIT {most + 1}
            ) AS found
        ) AS counted (met))
        """,
        (*all_prices.values, *first.values, *sizes.values),
    )
