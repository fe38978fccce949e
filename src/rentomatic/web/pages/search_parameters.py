"""The parameters of a search as its page reads them from a URL and writes them into links."""

from collections.abc import Collection
from urllib.parse import urlencode

from rentomatic.domain.quoting import shortened, without_hidden
from rentomatic.requests.search import FILTER_PREFIX, FILTERS, canonical
from rentomatic.web.pages.labels import LARGEST, SMALLEST
from rentomatic.web.pages.prices import HIGHEST, LOWEST

FORM = (LOWEST, HIGHEST, SMALLEST, LARGEST, "near", "radius", "sort")
"""The parameters that the form has a field for."""

MAX_IGNORED = 5
"""How many filters that do not exist the page names, at most."""

Given = list[tuple[str, str]]


def query_string(given: Given) -> str:
    """The parameters behind their question mark, a lone one for none: a link to the page itself."""
    return "?" + urlencode(given, safe=",:/")


def changed_by(given: Given, changed: dict[str, str]) -> Given:
    """The same parameters with some of them changed or, where the text is empty, taken off; no cursor."""
    rest = [pair for pair in given if pair[0] not in changed and pair[0] != "cursor"]
    return [*rest, *((name, text) for name, text in changed.items() if text)]


def known(given: Given, names: Collection[str]) -> Given:
    """What the page knows of what an address asks for: filters, and parameters of these names.

    Other sites append what only they know. Filters that the form has no field for all hold; of anything else
    the page shows one value, which is the last one.
    """
    found: dict[object, tuple[str, str]] = {}
    for name, text in given:
        if name in names or name in FILTERS:
            single = name in names or name in FORM
            found[name if single else (name, text)] = (name, _tidy(name, text))
    return [(name, text) for name, text in found.values() if text or name not in FORM]


def unknown_filters(given: Given) -> list[str]:
    """The names that look like filters, but are not: a slip that the reader of the page should see."""
    names = dict.fromkeys(name for name, _ in given if name.startswith(FILTER_PREFIX) and name not in FILTERS)
    return [shortened(name) for name in names][:MAX_IGNORED]


def _tidy(name: str, text: str) -> str:
    """What somebody typed or pasted, without hidden characters and needless spaces."""
    text = without_hidden(text)
    return canonical(name, text.strip() if name in FORM else text)
