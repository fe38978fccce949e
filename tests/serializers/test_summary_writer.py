import json

from rentomatic.domain.facets import Facets
from rentomatic.domain.fields import FACETS, RANGED, STATED, Field
from rentomatic.domain.summary import Range, Sample, estimate_of, summary_of
from rentomatic.serializers import summary

NOTHING_STATED = Facets(dict.fromkeys(FACETS, ()), dict.fromkeys(RANGED), frozenset(STATED))
NO_FACETS = (
    b'"facets":{"exact":true,"kind":[],"neighbourhood":[],"features":[],"guests":null,"min_stay":null,'
    b'"unstated":["size","kind","neighbourhood","guests","min_stay","features"]}}'
)


def test_a_summary_has_count_ranges_and_histogram() -> None:
    content = summary.write(summary_of({59: 2, 60: 1}, Range(20, 35)), NOTHING_STATED)

    expected = {
        "count": 3,
        "exact": True,
        "price": {"lowest": 59, "highest": 60},
        "size": {"lowest": 20, "highest": 35},
        "histogram": [{"from": 59, "to": 60, "count": 2}, {"from": 60, "to": None, "count": 1}],
    }
    found = json.loads(content)
    assert expected == {name: found[name] for name in expected}


def test_a_summary_has_the_values_that_rooms_state_in_their_order() -> None:
    facets = Facets(
        {
            Field.KIND: (("Private room", 3), ("Flat", 1)),
            Field.NEIGHBOURHOOD: (),
            Field.FEATURES: (("Wifi", 2),),
        },
        {Field.GUESTS: Range(1, 4), Field.MIN_STAY: None},
        unstated=frozenset({Field.NEIGHBOURHOOD, Field.MIN_STAY}),
        exact=False,
    )

    found = json.loads(summary.write(summary_of({60: 4}, None), facets))

    assert found["facets"] == {
        "exact": False,
        "kind": [{"value": "Private room", "count": 3}, {"value": "Flat", "count": 1}],
        "neighbourhood": [],
        "features": [{"value": "Wifi", "count": 2}],
        "guests": {"lowest": 1, "highest": 4},
        "min_stay": None,
        "unstated": ["neighbourhood", "min_stay"],
    }
    assert found["exact"]


def test_a_summary_of_no_rooms_has_no_ranges() -> None:
    content = summary.write(summary_of({}, None), NOTHING_STATED)

    assert content == b'{"count":0,"exact":true,"price":null,"size":null,"histogram":[],' + NO_FACETS


def test_an_estimate_is_marked() -> None:
    content = summary.write(estimate_of(Sample({60: 1}, None, share=0.1)), NOTHING_STATED)

    assert content == (
        b'{"count":10,"exact":false,"price":{"lowest":60,"highest":60},"size":null,'
        b'"histogram":[{"from":60,"to":null,"count":10}],' + NO_FACETS
    )


def test_facets_that_were_not_ready_in_time_are_null() -> None:
    assert json.loads(summary.write(summary_of({60: 1}, None), None))["facets"] is None
