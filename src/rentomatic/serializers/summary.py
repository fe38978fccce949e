"""A summary of rooms as JSON."""

from typing import Any

from rentomatic.domain.facets import Facets
from rentomatic.domain.fields import STATED
from rentomatic.domain.prices import PLAIN, PriceTerms
from rentomatic.domain.summary import Range, Summary
from rentomatic.serializers.json import encode


def write(summary: Summary, facets: Facets, prices: PriceTerms = PLAIN) -> bytes:
    """An object of count, price and size range (null where nothing states one), histogram and facets.

    A bucket holds the rooms that cost at least `from` and less than `to`; the last one is open. Where
    `exact` is false, counts are estimates, and ranges are at least as wide as they say; facets have an
    `exact` of their own. `unstated` names the fields that no room of the storage states. If prices are
    more than amounts per day, `per` says what they are for, and `currency` which one, if there is one.
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
            "facets": {
                "exact": facets.exact,
                **{
                    field: [{"value": value, "count": count} for value, count in counts]
                    for field, counts in facets.values.items()
                },
                **{field: _range(found) for field, found in facets.ranges.items()},
            },
            "unstated": [field for field in STATED if field in facets.unstated],
            **{name: value for name, value in stated.items() if value is not None},
        }
    )


def _range(found: Range | None) -> dict[str, Any] | None:
    return None if found is None else {"lowest": found.lowest, "highest": found.highest}
