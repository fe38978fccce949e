import json

from rentomatic.domain.summary import Range, Sample, estimate_of, summary_of
from rentomatic.serializers import summary


def test_a_summary_has_count_ranges_and_histogram() -> None:
    content = summary.write(summary_of({59: 2, 60: 1}, Range(20, 35)))

    expected = {
        "count": 3,
        "exact": True,
        "price": {"lowest": 59, "highest": 60},
        "size": {"lowest": 20, "highest": 35},
        "histogram": [{"from": 59, "to": 60, "count": 2}, {"from": 60, "to": None, "count": 1}],
    }
    assert expected == json.loads(content)


def test_a_summary_of_no_rooms_has_no_ranges() -> None:
    content = summary.write(summary_of({}, None))

    assert content == b'{"count":0,"exact":true,"price":null,"size":null,"histogram":[]}'


def test_an_estimate_is_marked() -> None:
    content = summary.write(estimate_of(Sample({60: 1}, None, share=0.1)))

    assert content == (
        b'{"count":10,"exact":false,"price":{"lowest":60,"highest":60},"size":null,'
        b'"histogram":[{"from":60,"to":null,"count":10}]}'
    )
