import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.summary import (
    MAX_BUCKETS,
    Bucket,
    Count,
    Range,
    Sample,
    estimate_of,
    histogram,
    summary_of,
)
from tests.builders import PRICES

PRICE_COUNTS = st.dictionaries(PRICES | st.integers(0, 5000), st.integers(1, 10_000), min_size=1)


def test_no_rooms_have_no_ranges_and_no_histogram() -> None:
    summary = summary_of({}, None)

    assert (summary.count, summary.price, summary.size, summary.histogram) == (0, None, None, ())


def test_a_summary_has_count_and_ranges() -> None:
    summary = summary_of({39: 1, 60: 2}, Range(5, 9))

    assert (3, Range(39, 60), Range(5, 9)) == (summary.count, summary.price, summary.size)


def test_buckets_have_round_edges_and_the_last_is_open() -> None:
    prices = dict.fromkeys(range(10, 110), 1) | {9_999: 1}

    expected = [Bucket(10 + 5 * i, 15 + 5 * i, 5) for i in range(19)] + [Bucket(105, None, 6)]
    assert expected == list(histogram(prices))


def test_one_price_is_one_open_bucket() -> None:
    assert [Bucket(60, None, 7)] == list(histogram({60: 7}))


@given(PRICE_COUNTS)
def test_every_room_is_in_one_bucket(prices: dict[int, int]) -> None:
    buckets = list(histogram(prices))

    assert sum(prices.values()) == sum(bucket.count for bucket in buckets)
    for bucket in buckets:
        inside = [p for p in prices if p >= bucket.lowest and (bucket.below is None or p < bucket.below)]
        assert bucket.count == sum(prices[price] for price in inside)


@given(PRICE_COUNTS)
def test_buckets_follow_each_other_without_a_gap(prices: dict[int, int]) -> None:
    buckets = list(histogram(prices))

    assert len(buckets) <= MAX_BUCKETS
    assert [b.below for b in buckets] == [b.lowest for b in buckets[1:]] + [None]


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(0), "0"),
        (Count(1_234_567), "1,234,567"),
        (Count(0, exact=False), "about 0"),
        (Count(987, exact=False), "about 987"),
        (Count(1_234_567, exact=False), "about 1,230,000"),
        (Count(99_999, exact=False), "about 100,000"),
    ],
)
def test_an_estimated_number_shows_three_digits(count: Count, text: str) -> None:
    assert text == str(count)


def test_an_estimate_has_the_counts_of_all_rooms_and_the_ranges_of_the_sample() -> None:
    estimate = estimate_of(Sample({60: 2, 61: 1}, Range(20, 35), share=0.25))

    assert (12, Range(60, 61), Range(20, 35)) == (estimate.count, estimate.price, estimate.size)
    assert (Bucket(60, 61, 8), Bucket(61, None, 4)) == estimate.histogram
    assert not estimate.exact


@given(PRICE_COUNTS, st.floats(0.0001, 1))
def test_the_buckets_of_an_estimate_add_up(prices: dict[int, int], share: float) -> None:
    estimate = estimate_of(Sample(prices, None, share))

    assert estimate.count == sum(bucket.count for bucket in estimate.histogram)
    assert [bucket.lowest for bucket in summary_of(prices, None).histogram] == [
        bucket.lowest for bucket in estimate.histogram
    ]


def test_an_empty_sample_does_not_prove_that_there_are_no_matches() -> None:
    estimate = estimate_of(Sample({}, None, share=0.1))

    assert (0, None, (), False) == (estimate.count, estimate.price, estimate.histogram, estimate.exact)
