import json

import pytest

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Sample, Summary
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.errors import OutOfTime
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage


@pytest.fixture
def rooms(storage: Storage) -> None:
    storage.put(
        make_room(code="a", price=40, size=12),
        make_room(code="b", price=40, size=None, latitude=51.6),
        make_room(code="c", price=41, size=1500),
    )


@pytest.mark.usefixtures("rooms")
def test_a_summary_shows_count_ranges_and_histogram(rentomatic: CommandLine) -> None:
    done = rentomatic("summary")

    first, header, *bars = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == "3 rooms, price per day 40 to 41, size in m² 12 to 1,500"
    assert header.split() == ["price", "rooms"]
    assert [bar.split()[-2:] for bar in bars] == [["2", "█" * 40], ["1", "█" * 20]]


@pytest.mark.usefixtures("rooms")
def test_a_summary_covers_the_matching_rooms(rentomatic: CommandLine) -> None:
    done = rentomatic("summary", "price__lte=40", "--near", "51.6,-0.12", "--radius", "100")

    assert done.out.startswith("1 room, price per day 40, size in m² unknown\n")


@pytest.mark.usefixtures("rooms")
def test_a_summary_can_be_json(rentomatic: CommandLine) -> None:
    done = rentomatic("summary", "--format", "json", "--bbox", "-1,51,1,52")

    expected = {
        "count": 3,
        "exact": True,
        "price": {"lowest": 40, "highest": 41},
        "size": {"lowest": 12, "highest": 1500},
        "histogram": [{"from": 40, "to": 41, "count": 2}, {"from": 41, "to": None, "count": 1}],
    }
    assert (done.code, done.err) == (0, "")
    found = json.loads(done.out)
    assert expected == {name: found[name] for name in expected}
    assert done.out.endswith("\n")


def test_a_summary_tells_what_most_rooms_state(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(
        make_room(code="a", kind="Flat", features=tuple("ABCDEFGH"), guests=2),
        make_room(code="b", kind="Flat", features=("A",), guests=5),
        make_room(code="c", kind="Hut"),
    )

    done = rentomatic("summary")
    of_flats = rentomatic("summary", "kind__eq=Flat", "guests__gt=2")

    assert of_flats.out.splitlines()[-4:] == [
        "What these rooms state, each without the condition on itself:",
        "Kind: Flat (1)",
        "Features: A (1)",
        "Guests: 2 to 5",
    ]
    assert done.out.splitlines()[-4:] == [
        "What these rooms state:",
        "Kind: Flat (2), Hut (1)",
        "Features: A (2), B (1), C (1), D (1), E (1), F (1) and 2 more",
        "Guests: 2 to 5",
    ]


def test_a_summary_of_no_rooms_is_one_line(rentomatic: CommandLine) -> None:
    done = rentomatic("summary")

    expected = "0 rooms, price per day unknown, size in m² unknown\n"
    assert (0, expected, "") == (done.code, done.out, done.err)


@pytest.mark.parametrize("argument", ["--sort=price", "--limit=5", "--cursor=x"])
def test_options_for_pages_are_refused_for_a_summary(rentomatic: CommandLine, argument: str) -> None:
    done = rentomatic("summary", argument)

    assert (done.code, done.out) == (2, "")
    assert argument.partition("=")[0] in done.err


def test_every_bad_parameter_is_named(rentomatic: CommandLine) -> None:
    done = rentomatic("summary", "prize__lt=1", "price__lt=x", "--bbox", "1")

    assert (done.code, done.out) == (2, "")
    for name in ("prize__lt", "price__lt", "--bbox"):
        assert f"Error: {name}: " in done.err


@pytest.fixture
def slow(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """2,000 rooms in a storage that only samples."""
    storage.put(*(make_room(code=f"r{number:04}", price=40 + number // 1000) for number in range(2000)))
    monkeypatch.setattr("rentomatic.repository.sqlite.backend.SqliteRepo", SlowSqliteRepo)
    monkeypatch.setattr("rentomatic.repository.sqlite.sampling.ROOMS", 1000)


class SlowSqliteRepo(SqliteRepo):
    """Never reads all rooms in time."""

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        raise OutOfTime

    def summarise(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Summary:
        raise OutOfTime


@pytest.mark.usefixtures("slow")
def test_a_summary_that_takes_too_long_is_estimated_and_says_so(rentomatic: CommandLine) -> None:
    done = rentomatic("summary")

    first, _, *bars, last = done.out.splitlines()
    assert (done.code, done.err) == (0, "")
    assert first == "About 2,000 rooms, price per day 40 to 41 or beyond, size in m² 20 or beyond"
    assert [bar.split()[-2] for bar in bars] == ["1,000", "1,000"]
    assert last.startswith("Estimated from a sample")
    assert json.loads(rentomatic("summary", "--format", "json").out)["exact"] is False


@pytest.mark.usefixtures("slow")
def test_a_number_that_takes_too_long_to_count_is_estimated_and_says_so(rentomatic: CommandLine) -> None:
    done = rentomatic("search", "--count", "--limit", "1")

    assert "About 2,000 rooms match." in done.out


@pytest.mark.usefixtures("slow")
def test_search_says_that_not_even_an_estimate_was_possible_in_time(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: object) -> Sample:
        raise OutOfTime

    monkeypatch.setattr(SlowSqliteRepo, "sample", late)
    table = rentomatic("search", "--count", "--limit", "1")
    json_ = rentomatic("search", "--count", "--limit", "1", "--format", "json")

    said = "Could not count the matching rooms."
    assert (0, True) == (table.code, said in table.out)
    assert (0, True, 1) == (json_.code, said in json_.err, len(json.loads(json_.out)))
    summary = rentomatic("summary", "price__in=" + ",".join(map(str, range(30))))
    assert 1 == summary.code
    assert (
        "too long. Narrow it: give fewer values in price__in; add --bbox, or --near with --radius."
        in summary.err
    )
