"""What an import reports about its lines."""

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.import_rooms import (
    MAX_CAUSES,
    MAX_REFUSALS_KEPT,
    OTHER_CAUSES,
    Cause,
    Refusal,
    import_rooms,
)


def test_causes_leave_out_what_differs_from_line_to_line() -> None:
    lines = [
        Refusal(2, "price", "x", "is not a number"),
        Refusal(3, "", "a", "has 1 column, but the header has 5", problem="has another number of columns"),
        Refusal(4, "", "a,b", "has 2 columns, but the header has 5", problem="has another number of columns"),
    ]

    report = import_rooms(MemRepo(), lines)

    expected = [(Cause("", "has another number of columns"), 2), (Cause("price", "is not a number"), 1)]
    assert expected == report.causes()


def test_causes_beyond_the_most_frequent_are_counted_as_one() -> None:
    lines = [
        Refusal(2 * number + again, f"column {number}", "", "is wrong")
        for number in range(5000)
        for again in range(2 if number < MAX_CAUSES else 1)
    ]

    report = import_rooms(MemRepo(), lines)

    causes = report.causes()
    assert [(Cause(f"column {number}", "is wrong"), 2) for number in range(MAX_CAUSES)] == causes[:-1]
    assert (OTHER_CAUSES, 5000 - MAX_CAUSES) == causes[-1]


def test_every_reason_of_a_line_is_reported_and_the_line_counted_once() -> None:
    refusals = [
        Refusal(line, column, "x", "is wrong")
        for line in range(2, MAX_REFUSALS_KEPT + 3)
        for column in ("price", "latitude")
    ]

    report = import_rooms(MemRepo(), refusals)

    lines = MAX_REFUSALS_KEPT + 1
    assert lines == report.refused
    assert refusals[:-2] == report.refusals
    assert [(Cause("price", "is wrong"), lines), (Cause("latitude", "is wrong"), lines)] == report.causes()
