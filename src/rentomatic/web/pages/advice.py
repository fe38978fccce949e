"""How to loosen a search without results: links in words, with the number of rooms behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rentomatic.domain.quoting import counted
from rentomatic.domain.search import RoomQuery
from rentomatic.money import Money
from rentomatic.requests.search import FILTERS, WORDS
from rentomatic.use_cases.loosen_search import COUNT_TO, Filter, Suggestion, filters_of
from rentomatic.web.pages.labels import field_labels
from rentomatic.web.pages.layout import distance, number
from rentomatic.web.pages.search_parameters import Given, changed_by, query_string

_LIMITS = {
    Filter.PRICE_TO: ("filter_price__lte", "filter_price__lt"),
    Filter.PRICE_FROM: ("filter_price__gte", "filter_price__gt"),
    Filter.SIZE_TO: ("filter_size__lte", "filter_size__lt"),
    Filter.SIZE_FROM: ("filter_size__gte", "filter_size__gt"),
    Filter.RADIUS: ("radius",),
    Filter.BOX: ("bbox",),
    Filter.WORDS: (WORDS,),
}
"""The parameters of each filter; a new value goes into the first."""

_OF_LIMITS = frozenset(name for names in _LIMITS.values() for name in names)

_LOOSER = {
    Filter.PRICE_TO: "Up to {}",
    Filter.PRICE_FROM: "From {}",
    Filter.SIZE_TO: "{} m² or less",
    Filter.SIZE_FROM: "{} m² or more",
    Filter.RADIUS: "Within {}",
}

_OFF = (
    ({Filter.PRICE_FROM, Filter.PRICE_TO}, "any price"),
    ({Filter.PRICE_FROM}, "no lowest price"),
    ({Filter.PRICE_TO}, "no highest price"),
    ({Filter.SIZE_FROM, Filter.SIZE_TO}, "any size"),
    ({Filter.SIZE_FROM}, "no smallest size"),
    ({Filter.SIZE_TO}, "no largest size"),
    ({Filter.WORDS}, "without the words"),
    ({Filter.OTHER}, ""),
    ({Filter.BOX, Filter.RADIUS}, "anywhere"),
    ({Filter.BOX}, "not just in the map area"),
    ({Filter.RADIUS}, "any distance"),
)
"""The text for removing all of some active filters; that of the others depends on them."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A looser search: what it changes, how many rooms it finds, and its query string."""

    label: str
    rooms: str
    link: str


def advice_of(
    suggestions: Iterable[Suggestion], query: RoomQuery, given: Given, money: Money
) -> list[Advice]:
    """Return the suggestions for a search, as links. given: its parameters."""
    on = set(filters_of(query))
    others = _others_in_words(given, money)
    return [
        Advice(
            _label(suggestion, on, others, money),
            _rooms(suggestion.rooms),
            query_string(_changed(suggestion, given)),
        )
        for suggestion in suggestions
    ]


def _label(suggestion: Suggestion, on: set[Filter], others: str, money: Money) -> str:
    if suggestion.value is not None:
        (which,) = suggestion.filters
        written = {Filter.RADIUS: distance, Filter.PRICE_TO: money.told, Filter.PRICE_FROM: money.told}
        return _LOOSER[which].format(written.get(which, number)(suggestion.value))
    taken = set(suggestion.filters)
    words = "without any filter" if len(on) > 1 and taken == on else ", ".join(_words(taken, on, others))
    if taken == {Filter.BOX} and words == "anywhere":
        words = "anywhere, not just in the map area"
    return words[0].upper() + words[1:]


def _words(taken: set[Filter], on: set[Filter], others: str) -> Iterator[str]:
    left = set(taken)
    for filters, words in _OFF:
        if left & filters and taken & filters == on & filters:
            left -= filters
            yield words or others


def _rooms(rooms: int) -> str:
    if rooms > COUNT_TO:
        return f"more than {COUNT_TO:,} rooms"
    return counted(rooms, "room")


def _changed(suggestion: Suggestion, given: Given) -> Given:
    """Return the parameters of the looser search."""
    changed: dict[str, str] = {}
    for which in suggestion.filters:
        names = _LIMITS.get(which) or _others(given)
        changed |= dict.fromkeys(names, "")
        if suggestion.value is not None:
            changed[names[0]] = str(suggestion.value)
    return changed_by(given, changed)


def _others(given: Given) -> tuple[str, ...]:
    return tuple(name for name, _ in given if name in FILTERS and name not in _OF_LIMITS)


def _others_in_words(given: Given, money: Money) -> str:
    """Return the text for removing the filters without a place in `_LIMITS`."""
    labels = field_labels(money)
    on = [labels[field] for field in dict.fromkeys(FILTERS[name][0] for name in _others(given))]
    return f"without the filter{'s' * (len(on) > 1)} for {' and '.join(on).lower()}"
