"""Ways to the rooms of a search: runs of indexes that hold all matching rooms and few others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rentomatic.domain.fields import INDEXED
from rentomatic.domain.search import Condition, Field, RoomQuery
from rentomatic.repository.areas import EVERYWHERE, boxes_around
from rentomatic.repository.implied_words import Term, implied_terms
from rentomatic.repository.listed import listed_values
from rentomatic.repository.postgres.runs import (
    EXACT,
    Run,
    coded,
    counted,
    every_room,
    placed,
    tids_with,
    valued,
    worded,
)
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import entries_of, rows
from rentomatic.repository.sql import Sql, all_of, condition_sql, ranges

_PASSED = 30_000
"""Entries of the index on prices and sizes that are passed to count the rooms that meet both conditions."""


_ENTRIES = 5
"""Entries of the index of words that are read in the time that it takes to read one room."""


@dataclass(frozen=True, slots=True)
class Way:
    """Rooms that include all matches. by_place: whether they come from the index on places."""

    rooms: Sql
    by_place: bool = False


@dataclass(frozen=True, slots=True)
class _Choice:
    """A run that could be a way, and SQL for the number of its rooms, which stops beyond the limit."""

    run: Run
    count: Sql
    by_place: bool = False


def way_at_once(session: Session, query: RoomQuery, most: int) -> Way | None:
    """Return a way to at most `most` rooms by place, one indexed field or words; None if there is none.

    Runs one statement, which counts in indexes alone, up to `most`, and one before for words, which asks the
    statistics which of them are rare; none if the query names codes. Ignores the field that the search is
    sorted by: walking its index passes no other rooms anyway.
    """
    if ranges(query, Field.CODE, EXACT):
        return Way(coded(query)(most))
    values = (found for field, found in _by_value(query).items() if field.value != query.sort.key.value)
    runs = [_counted(valued(conditions), most) for conditions in values]
    return _shortest(session, [*_places(query, most), *runs, *_by_words(session, query, most)], most)


def way_to_few(session: Session, query: RoomQuery, most: int) -> Way | None:
    """Return a way to at most `most` rooms by one indexed field, by price and size, or by words.

    If there is none, return one by place, or None.

    Runs up to two statements, which count in indexes alone, and the one for words of `way_at_once`.
    """
    if ranges(query, Field.CODE, EXACT):
        return Way(coded(query)(most))
    values = _by_value(query)
    choices = [_counted(valued(conditions), most) for conditions in values.values()]
    by_price, by_size = values.get(Field.PRICE), values.get(Field.SIZE)
    if by_price and by_size:
        choices.append(_Choice(valued(by_price, by_size), _both(by_price, by_size, most)))
    choices += _by_words(session, query, most)
    return _shortest(session, choices, most) or _shortest(session, _places(query, most), most)


def only_run(session: Session, query: RoomQuery, most: int) -> Run | None:
    """Return the run that holds all matching rooms, None if the search has several.

    Words count as one if they are as rare as for a way to `most` rooms.
    """
    choices = [*_by_words(session, query, most), *_places(query, most)]
    runs = [*map(valued, _by_value(query).values()), *(choice.run for choice in choices)] or [every_room]
    return runs[0] if len(runs) == 1 else None


def rarest_terms(session: Session, query: RoomQuery, entries: int) -> list[Term]:
    """Return terms of every match that together have at most `entries` entries in the index of words.

    The rarest come first. Where a word is not in the statistics, it is rare.
    """
    terms = implied_terms(query)
    if not terms:
        return []
    expected = entries_of(session, terms)
    rarest = sorted(terms, key=expected.__getitem__)
    sums = accumulate(map(expected.__getitem__, rarest))
    return [term for term, total in zip(rarest, sums, strict=True) if total <= entries]


def _by_words(session: Session, query: RoomQuery, most: int) -> list[_Choice]:
    """The run of the rare words. All entries of a word are read before the first room, whatever the limit."""
    if not (terms := rarest_terms(session, query, _ENTRIES * most)):
        return []
    found = tids_with(terms, most + 1)
    return [_Choice(worded(terms), Sql(f"(SELECT count(*) FROM ({found.text}) AS found)", found.values))]


def _by_value(query: RoomQuery) -> dict[Field, list[Condition]]:
    """The conditions that leave a range of an index, by their field."""
    found = {field: ranges(query, field) for field in INDEXED if field is not Field.CODE}
    return {field: conditions for field, conditions in found.items() if conditions}


def _places(query: RoomQuery, most: int) -> list[_Choice]:
    boxes = boxes_around(query)
    return [] if boxes == EVERYWHERE else [_counted(placed(boxes), most, by_place=True)]


def _counted(run: Run, most: int, *, by_place: bool = False) -> _Choice:
    return _Choice(run, counted(run, most + 1), by_place)


def _shortest(session: Session, choices: Sequence[_Choice], most: int) -> Way | None:
    """Return the way along the run with the fewest rooms, None if each has more than `most`."""
    if not choices:
        return None
    text = ", ".join(choice.count.text for choice in choices)
    values = tuple(value for choice in choices for value in choice.count.values)
    (found,) = rows(session, Sql(f"SELECT {text}", values))
    fewest, best = min((rooms, number) for number, rooms in enumerate(found))
    return Way(choices[best].run(most), choices[best].by_place) if fewest <= most else None


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
