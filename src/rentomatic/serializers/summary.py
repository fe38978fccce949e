"""A summary of rooms as JSON."""

from typing import Any

from rentomatic.domain.facets import Facets
from rentomatic.domain.fields import STATED
from rentomatic.domain.prices import PLAIN, PriceTerms
from rentomatic.domain.summary import Range, Summary
from rentomatic.serializers.json import encode


def write(summary: Summary, facets: Facets | None, prices: PriceTerms = PLAIN) -> bytes:
    """An object of count, price and size range (null where nothing states one), histogram and facets.

    A bucket holds the rooms that cost at least `from` and less than `to`; the last one is open. Where
    `exact` is false, counts are estimates, and ranges are at least as wide as they say; facets have an
    `exact` of their own, and are null if they were not ready in time. If prices are more than amounts per
    day, `per` says what they are for, and `currency` which one, if there is one.
    """
    stated = {} if prices == PLAIN else {"currency": prices.currency, "per": prices.per}
    return encode(
        {
            "count": summary.count,
            "exact": summary.exact,
            "price": _range(summary.price),
            "size": _range(summary.size),
            "histogram": [
                {"from": bucket.lowest, "to": bucket.below, "count": bucket.count}
                for bucket in summary.histogram
            ],
            "facets": None if facets is None else _facets(facets),
            **{name: value for name, value in stated.items() if value is not None},
        }
    )


def _facets(found: Facets) -> dict[str, Any]:
    values: dict[str, Any] = {
        field: [{"value": value, "count": count} for value, count in counts]
        for field, counts in found.values.items()
    }
    ranges: dict[str, Any] = {field: _range(of_field) for field, of_field in found.ranges.items()}
    unstated = [field for field in STATED if field in found.unstated]
    return {"exact": found.exact, **values, **ranges, "unstated": unstated}


def _range(found: Range | None) -> dict[str, Any] | None:
    return None if found is None else {"lowest": found.lowest, "highest": found.highest}
