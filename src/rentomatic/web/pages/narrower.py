"""Narrower searches instead of one that takes too long, in a renter's words."""

from collections.abc import Iterator
from dataclasses import dataclass

from rentomatic.domain.search import RoomQuery
from rentomatic.money import Money
from rentomatic.requests.narrowing import parameter_of
from rentomatic.use_cases.narrow_search import Advice, Narrowing, narrow_search
from rentomatic.web.pages.labels import label_of
from rentomatic.web.pages.layout import distance
from rentomatic.web.pages.search_parameters import Given, changed_by, query_string


@dataclass(frozen=True, slots=True)
class Narrower:
    """A narrower search; link: its query string, None if the reader has to choose."""

    label: str
    link: str | None = None


def narrower_searches(query: RoomQuery, given: Given, money: Money) -> list[Narrower]:
    """Return narrower versions of a search. given: its parameters."""
    return list(_searches(query, given, money))


def _searches(query: RoomQuery, given: Given, money: Money) -> Iterator[Narrower]:
    for advice in narrow_search(query):
        if advice.narrowing is Narrowing.ADD_AREA:
            yield Narrower("Search near a place: fill in “Near” and “Within”")
        elif advice.narrowing is Narrowing.SMALLER_BOX:
            yield Narrower("Search a smaller part of the map: zoom in")
        else:
            label, name, text = _changed(advice, query, money)
            yield Narrower(label, query_string(changed_by(given, {name: text})))


def _changed(advice: Advice, query: RoomQuery, money: Money) -> tuple[str, str, str]:
    """Return the label of the change, and the parameter with its new value, empty if it is removed."""
    if advice.radius is not None:
        return f"Within {distance(advice.radius)}", "radius", str(advice.radius)
    if advice.condition is not None:
        name = parameter_of(advice)
        return f"Without “{label_of(name, money)}”", name, ""
    return ("Nearest first" if query.near else "Sorted by code"), "sort", ""
