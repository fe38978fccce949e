"""How long a storage may take for an answer."""

import pytest

from rentomatic.repository.budget import seconds_within


@pytest.mark.parametrize(("within", "expected"), [(None, 10), (3, 3), (10, 10), (60, 10)])
def test_it_is_what_is_given_but_never_more_than_usual(within: float | None, expected: float) -> None:
    assert expected == seconds_within(within, 10)


@pytest.mark.parametrize("within", [0, 0.0, -1])
def test_no_time_at_all_is_next_to_none_and_not_without_end(within: float) -> None:
    assert 0 < seconds_within(within, 10) < 0.01
