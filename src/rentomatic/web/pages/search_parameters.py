"""The parameters of a search as its page reads them from a URL and writes them into links."""

from collections.abc import Collection
from urllib.parse import urlencode

from rentomatic.domain.quoting import shortened, without_hidden
from rentomatic.requests.search import FILTER_PREFIX, FILTERS, WORDS, canonical
from rentomatic.web.pages.labels import LARGEST, SMALLEST
from rentomatic.web.pages.prices import HIGHEST, LOWEST

FORM = (WORDS, LOWEST, HIGHEST, SMALLEST, LARGEST, "near", "radius", "sort")
"""The parameters that have a field in the form."""

MAX_IGNORED = 5
"""The most unknown filters that the page names."""

Given = list[tuple[str, str]]


def query_string(given: Given) -> str:
    """Return the parameters after a question mark, a lone one for none: a link to the page itself."""
    return "?" + urlencode(given, safe=",:/")


def changed_by(given: Given, changed: dict[str, str]) -> Given:
    """Return the parameters with some changed or, if the text is empty, removed; without the cursor."""
    rest = [pair for pair in given if pair[0] not in changed and pair[0] != "cursor"]
    return [*rest, *((name, text) for name, text in changed.items() if text)]


def known(given: Given, names: Collection[str]) -> Given:
    """Return what the page knows of an address: filters, and parameters of these names.

    Other sites append unknown parameters. Filters without a field in the form must all hold; of any other
    parameter the page shows only one value, the last.
    """
    found: dict[object, tuple[str, str]] = {}
    for name, text in given:
        if name in names or name in FILTERS:
            single = name in names or name in FORM
            found[name if single else (name, text)] = (name, _tidy(name, text))
    return [(name, text) for name, text in found.values() if text or name not in FORM]


def unknown_filters(given: Given) -> list[str]:
    """Return names that look like filters but are not: mistakes that the user should see."""
    names = dict.fromkeys(name for name, _ in given if name.startswith(FILTER_PREFIX) and name not in FILTERS)
    return [shortened(name) for name in names][:MAX_IGNORED]


def _tidy(name: str, text: str) -> str:
    """Return typed or pasted text without hidden characters and needless spaces."""
    text = without_hidden(text)
    return canonical(name, text.strip() if name in FORM else text)
