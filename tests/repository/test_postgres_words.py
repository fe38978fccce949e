"""Searches for words and features in PostgreSQL: what they read, and rooms that somebody else wrote."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rentomatic.domain.clusters import Grid
from rentomatic.domain.fields import SEARCHED, Field
from rentomatic.domain.geography import BoundingBox, Circle, Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Operator, RoomQuery
from rentomatic.domain.words import words_of
from rentomatic.repository.backend import USUAL_LIMITS
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.pending import words_of_texts
from rentomatic.repository.postgres import pending, plan
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.repository.postgres.grid import cells_of
from rentomatic.repository.postgres.migrate import text, upgrade
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.postgres.search import first_rooms
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.totals import count_of, quick_count, quick_prices
from rentomatic.repository.postgres.words import IS_PENDING
from rentomatic.repository.schema import to_nobody
from rentomatic.use_cases.errors import NotQuick, WordsNotStored
from tests import postgres_server
from tests.builders import make_room
from tests.repository.postgres_plans import plans_of_search, rows_read, scans_of

ROOMS = 6000
CENTRE = Point(51.5, -0.1)
TOWN = BoundingBox(-0.3, 51.4, 0.1, 51.6)

RARE, COMMON, NOBODYS = "harbour", "quiet", "zzz"


def rooms() -> list[Room]:
    """Rooms: a third is quiet, a third sunny, few are both, and one in two hundred is at the harbour.

    Their features say the same as their titles.
    """
    random = Random(3)
    return [
        make_room(
            code=f"r{number:04}",
            price=random.randint(20, 200),
            latitude=random.gauss(51.5, 0.2),
            longitude=random.gauss(-0.1, 0.2),
            title=" ".join(
                (
                    light,
                    "room" if number % 997 else "sunny and quiet",
                    "by the harbour" if number % 200 == 7 else "in the town",
                    f"n{number}",
                )
            ),
            features=(
                *((light,) if number % 997 else ("Quiet", "Sunny")),
                "The harbour" if number % 200 == 7 else "The town",
                *(
                    ("Garden", "Lift")
                    if number % 1000 == 500
                    else ({0: ("Garden",), 1: ("Lift",)}.get(number % 5, ()))
                ),
            ),
        )
        for number in range(ROOMS)
        for light in [("Sunny", "Quiet", "Large")[number % 3]]
    ]


@pytest.fixture(scope="module")
def oracle() -> MemRepo:
    return MemRepo(rooms())


@pytest.fixture(scope="module")
def town() -> Iterator[str]:
    with postgres_server.database() as conninfo, psycopg.connect(conninfo, autocommit=True) as session:
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
            opened.load(rooms())
        session.execute("VACUUM (ANALYZE) room")
        yield conninfo


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits in the same proportion to the rooms here as the real ones to a million rooms."""
    for name, bound in (("NARROW", 50), ("WALKED", 300), ("READ", 400), ("FEW", 400)):
        monkeypatch.setattr(plan, name, bound)


def words(*asked: str, sort: str = "price", **others: object) -> RoomQuery:
    return replace(RoomQuery(words=asked, sort=SORTS[sort], limit=20), **others)  # type: ignore[arg-type]


def nearest(*asked: str, **others: object) -> RoomQuery:
    return replace(RoomQuery(words=asked, near=CENTRE, sort=BY_DISTANCE, limit=5), **others)  # type: ignore[arg-type]


CHEAP = (Condition(Field.PRICE, Operator.LT, 60),)


def having(*features: str) -> tuple[Condition]:
    return (Condition(Field.FEATURES, Operator.ALL, features),)


QUICK = {
    "a rare word": words(RARE),
    "a rare word and a common one": words(COMMON, RARE),
    "a rare word and a common one, dearest first": words("q", RARE, sort="-price"),
    "a word nobody has": words(NOBODYS, COMMON),
    "a common word": words(COMMON),
    "two common words": words("quiet", "town"),
    "one letter": words("s", sort="code"),
    "many words": words(RARE, *(f"n{number}" for number in range(10, 30)), sort="size"),
    "a rare word and a price": words(RARE, conditions=CHEAP),
    "a common word and a price": words(COMMON, conditions=CHEAP),
    "words in some streets": words(COMMON, areas=(Circle(CENTRE, 300),)),
    "a rare word in a town": words(RARE, areas=(TOWN,)),
    "a rare word nearest first": nearest(COMMON, RARE),
    "a common word nearest first": nearest(COMMON),
    "a rare feature": words(conditions=having("The harbour")),
    "a rare feature and a common one": words(conditions=having("Quiet", "The harbour"), sort="-price"),
    "a feature that nobody has": words(conditions=having("Sauna")),
    "a feature that nobody has, of words that some have": words(conditions=having("Quiet harbour")),
    "a common feature": words(conditions=having("Quiet")),
    "two common features": words(conditions=having("Quiet", "The town")),
    "a rare feature and a price": words(conditions=(*CHEAP, *having("The harbour")), sort="code"),
    "a common feature and a price": words(conditions=(*CHEAP, *having("Quiet"))),
    "a rare feature and a word": words(COMMON, conditions=having("The harbour")),
    "a rare feature in a town": words(conditions=having("The harbour"), areas=(TOWN,)),
    "a rare feature nearest first": nearest(conditions=having("The harbour")),
    "a common feature nearest first": nearest(conditions=having("Quiet")),
}

NOT_QUICK = {
    "two common words that seldom meet": words("quiet", "sunny"),
    "two common words that seldom meet, by code": words("quiet", "sunny", sort="code"),
    "two common words that seldom meet in a town": words("quiet", "sunny", areas=(TOWN,)),
    "two common words that seldom meet, nearest first": nearest("quiet", "sunny"),
    "two common features that seldom meet": words(conditions=having("Garden", "Lift")),
    "a feature without a word": words(conditions=having("\u2605")),
}


@pytest.mark.parametrize("name", [*QUICK, *NOT_QUICK])
def test_quick_search_for_words_reads_no_more_than_its_bound(town: str, name: str, oracle: MemRepo) -> None:
    query = {**QUICK, **NOT_QUICK}[name]
    for page in (query, *(replace(query, after=query.position(r)) for r in oracle.search(query).rooms[-1:])):
        scans = scans_of(town, partial(first_rooms, query=page, wanted=page.limit + 1, quick=True))

        assert scans["room"] == 0
        assert scans["entries of room_words"] <= 3 * 5 * plan.READ
        assert (
            rows_read(plans_of_search(town, page, quick=True))
            <= 3 * plan.NARROW + 2 * plan.WALKED + 5 * plan.READ
        )


@pytest.mark.parametrize("name", QUICK)
def test_quick_search_for_words_finds_the_page(town: str, name: str, oracle: MemRepo) -> None:
    query = QUICK[name]
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        found = oracle.search(query)
        assert found == opened.search(query, quick=True)
        for room in found.rooms[-1:]:
            after = replace(query, after=query.position(room))
            assert oracle.search(after) == opened.search(after)


@pytest.mark.parametrize("name", NOT_QUICK)
def test_search_that_no_index_answers_is_not_quick(town: str, name: str, oracle: MemRepo) -> None:
    query = NOT_QUICK[name]
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        with pytest.raises(NotQuick):
            opened.search(query, quick=True)

        assert oracle.search(query) == opened.search(query)


@pytest.mark.parametrize("query", [*QUICK.values(), *NOT_QUICK.values()], ids=[*QUICK, *NOT_QUICK])
def test_every_kind_of_read_takes_words(town: str, query: RoomQuery, oracle: MemRepo) -> None:
    grid = Grid(0.1, 0.1)
    with closing(PostgresRepo(town, POSTGRES_REVISION)) as opened:
        with opened.stream(query) as streamed, oracle.stream(query) as expected:
            assert list(expected) == list(streamed)
        assert oracle.count(query) == opened.count(query)
        assert oracle.count(query, at_most=7) == opened.count(query, at_most=7)
        assert oracle.summarise(query) == opened.summarise(query)
        assert oracle.sample(query) == opened.sample(query)
        cells = [
            {(c.column, c.row, c.rooms) for c in each.cells(query, grid).cells} for each in (oracle, opened)
        ]
        assert cells[0] == cells[1]


@pytest.mark.parametrize(
    ("with_rare", "without"),
    [
        (words(COMMON, RARE), words(COMMON, "town")),
        (words(conditions=having("Quiet", "The harbour")), words(conditions=having("Quiet", "The town"))),
    ],
)
def test_what_is_rare_drives_the_search_and_what_is_common_does_not(
    town: str, with_rare: RoomQuery, without: RoomQuery, oracle: MemRepo
) -> None:
    rare = scans_of(town, lambda session: first_rooms(session, with_rare, 21))
    common = scans_of(town, lambda session: first_rooms(session, without, 21))

    assert rare["entries of room_words"] == 2 * oracle.count(words(RARE))  # counted, then read
    assert common["entries of room_words"] == 0


@pytest.mark.parametrize("query", [words(RARE, COMMON), words(conditions=having("The harbour"))])
def test_what_is_rare_is_counted_and_summarised_by_its_index(town: str, query: RoomQuery) -> None:
    for total in (
        lambda s: quick_count(s, query, None),
        lambda s: count_of(s, query, None),
        lambda s: quick_prices(s, query),
        lambda s: cells_of(s, query, Grid(0.1, 0.1)),
    ):
        scans = scans_of(town, total)

        assert scans["room"] == 0
        assert scans["entries of room_words"] > 0


@pytest.mark.parametrize(
    ("query", "met"),
    [(words("quiet", "sunny"), 7), (words(conditions=having("Garden", "Lift")), 6)],
)
def test_all_rooms_that_say_common_words_that_seldom_meet_are_read_by_the_index(
    town: str, query: RoomQuery, met: int, oracle: MemRepo
) -> None:
    scans = scans_of(town, lambda session: count_of(session, query, None))

    assert oracle.count(query) == met
    assert scans["room"] == 0
    assert scans["entries of room_words"] == met


def test_search_without_words_does_not_look_for_pending_rooms(town: str) -> None:
    scans = scans_of(town, lambda session: first_rooms(session, RoomQuery(limit=20), 21))

    assert scans["room_pending"] == 0


BY_HAND = (
    "INSERT INTO room (code, size, price, latitude, longitude, title) VALUES (%s, 20, 60, 51.5, -0.12, %s)"
)

BEFORE_WORDS = "0006"

PENDING = f"SELECT count(*) FROM room WHERE {IS_PENDING}"


@pytest.fixture
def conninfo() -> Iterator[str]:
    with postgres_server.reused_database() as conninfo:
        yield conninfo


@pytest.fixture
def repository(conninfo: str) -> Iterator[PostgresRepo]:
    with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
        yield opened


@pytest.fixture
def hand(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody else, who writes without this program."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def number_pending(hand: psycopg.Connection[Any]) -> int:
    return int(hand.execute(PENDING.encode()).fetchone()[0])  # type: ignore[index]


def codes(repository: PostgresRepo, *asked: str, quick: bool = False) -> list[str]:
    return [room.code for room in repository.search(RoomQuery(words=asked), quick=quick).rooms]


def test_room_that_states_no_text_is_never_pending(repository: PostgresRepo, hand: Any) -> None:
    repository.load([make_room()])
    repository.swap(None, make_room(code="b2"))

    assert number_pending(hand) == 0


def test_room_written_by_this_program_is_never_pending(repository: PostgresRepo, hand: Any) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="!")])
    repository.load([make_room(title="Loud")])
    repository.swap(make_room(title="Loud"), make_room(title="Sunny"))

    assert number_pending(hand) == 0
    assert [["a1"], [], []] == [codes(repository, word) for word in ("sunny", "loud", "quiet")]


def test_room_whose_new_text_has_the_same_words_is_not_pending(repository: PostgresRepo, hand: Any) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Quiet")])
    repository.load([make_room(title="Quiet!")])
    repository.swap(make_room(code="b2", title="Quiet"), make_room(code="b2", title="Quiet!"))

    assert number_pending(hand) == 0
    assert ["a1", "b2"] == codes(repository, "quiet")


def test_text_changed_by_hand_is_pending_even_with_the_same_words(
    repository: PostgresRepo, hand: Any
) -> None:
    repository.load([make_room(title="Quiet")])
    hand.execute("UPDATE room SET title = 'Quiet!'")

    assert number_pending(hand) == 1


def test_search_finds_rooms_written_by_hand_and_writes_their_words(
    repository: PostgresRepo, hand: Any
) -> None:
    hand.cursor().executemany(BY_HAND, [("h1", "Cafe\u0301 view"), ("h2", "Quiet"), ("h3", "\u200b")])

    assert number_pending(hand) == 3
    assert ["h1"] == codes(repository, "café"[:3], "vi", quick=True)
    assert number_pending(hand) == 0
    assert ["h1"] == codes(repository, "cafe", quick=True)


def test_text_changed_by_hand_is_found_and_the_old_one_is_not(repository: PostgresRepo, hand: Any) -> None:
    repository.load([make_room(title="Quiet")])
    hand.execute("UPDATE room SET title = 'Loud'")

    assert [[], ["a1"]] == [codes(repository, word) for word in ("quiet", "loud")]


def test_price_changed_by_hand_leaves_the_words(repository: PostgresRepo, hand: Any) -> None:
    repository.load([make_room(title="Quiet")])
    hand.execute("UPDATE room SET price = 99, title = title")

    assert number_pending(hand) == 0


@pytest.mark.parametrize("query", [*QUICK.values(), *NOT_QUICK.values()], ids=[*QUICK, *NOT_QUICK])
def test_pending_rooms_are_found_by_every_read_where_nothing_can_be_written(
    town: str, query: RoomQuery, oracle: MemRepo
) -> None:
    with psycopg.connect(town, autocommit=True) as hand:
        hand.execute("UPDATE room SET words = NULL WHERE right(code, 2) = '07'")
        read_only = make_conninfo(town, options="-c default_transaction_read_only=on")
        try:
            with closing(PostgresRepo(read_only, POSTGRES_REVISION)) as opened:
                assert oracle.search(query) == opened.search(query)
                assert oracle.count(query) == opened.count(query)
                assert oracle.summarise(query) == opened.summarise(query)
                with opened.stream(query) as streamed, oracle.stream(query) as expected:
                    assert list(expected) == list(streamed)
            assert number_pending(hand) == 60
        finally:
            with Session.connect(town, autocommit=True) as session:
                pending.write_all_words(session, to_nobody)


def test_many_pending_rooms_are_not_read_by_a_quick_search(
    repository: PostgresRepo, hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = pending.QUICK.rooms + 1
    hand.cursor().executemany(BY_HAND, [(f"h{number:04}", "Quiet") for number in range(many)])

    with pytest.raises(NotQuick):
        codes(repository, "quiet", quick=True)
    assert number_pending(hand) == many
    assert many == repository.count(RoomQuery(words=("quiet",)))
    assert number_pending(hand) == many - pending.AT_ONCE.rooms


def test_long_texts_of_pending_rooms_are_not_read_by_a_quick_search(
    repository: PostgresRepo, hand: Any
) -> None:
    many = pending.QUICK.size // 2000 + 2
    hand.cursor().executemany(BY_HAND, [(f"h{number:04}", "Quiet") for number in range(many)])
    hand.execute("UPDATE room SET description = %s", ("In town " * 249 + "in town",))

    with pytest.raises(NotQuick):
        codes(repository, "quiet", quick=True)
    assert many == repository.count(RoomQuery(words=("quiet",)))
    assert many - pending.AT_ONCE.size // 2000 == number_pending(hand)


@pytest.mark.parametrize(
    "narrower",
    [
        RoomQuery(conditions=(Condition(Field.CODE, Operator.EQ, "h0007"),)),
        RoomQuery(conditions=(Condition(Field.SIZE, Operator.LT, 10),)),
        RoomQuery(areas=(TOWN,)),
    ],
    ids=["code", "size", "area"],
)
def test_other_conditions_leave_few_of_many_pending_rooms_to_read(
    repository: PostgresRepo, hand: Any, narrower: RoomQuery
) -> None:
    many = pending.QUICK.rooms + 1
    hand.cursor().executemany(BY_HAND, [(f"h{number:04}", "Quiet") for number in range(many)])
    hand.execute("UPDATE room SET latitude = 10, size = 20")
    hand.execute("UPDATE room SET latitude = 51.5, size = 5 WHERE code = 'h0007'")
    query = replace(narrower, words=("quiet",))

    assert ["h0007"] == [room.code for room in repository.search(query, quick=True).rooms]
    assert 1 == repository.count(query, quick=True)


def test_facets_count_many_pending_rooms_without_the_condition_on_their_field(
    repository: PostgresRepo, hand: Any
) -> None:
    many = pending.QUICK.rooms + 1
    hand.cursor().executemany(BY_HAND, [(f"h{number:04}", "Quiet") for number in range(many)])
    hand.execute("UPDATE room SET kind = CASE WHEN code < 'h0010' THEN 'Hut' ELSE 'Flat' END")
    huts = Condition(Field.KIND, Operator.EQ, "Hut")

    found = repository.facets(RoomQuery(words=("quiet",), conditions=(huts,)))

    assert (("Flat", many - 10), ("Hut", 10)) == found.values[Field.KIND]


def test_search_that_takes_too_long_because_of_pending_rooms_says_so(
    repository: PostgresRepo, hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pending, "QUICK", pending.Bound(1, 100))
    hand.cursor().executemany(BY_HAND, [("h1", "Quiet"), ("h2", "Quiet")])
    repository.ping()
    with pytest.raises(WordsNotStored, match="rentomatic migrate"):
        repository._read(
            RoomQuery(words=("quiet",)), lambda session, _: session.execute("SELECT pg_sleep(10)"), within=0.2
        )


def test_words_of_a_text_that_changes_meanwhile_are_not_written(
    repository: PostgresRepo, hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.load([make_room(title="Quiet"), make_room(code="b2", title="Quiet")])
    hand.execute("UPDATE room SET words = NULL")

    def change_and_read(texts: Any) -> set[str]:
        hand.execute("UPDATE room SET title = 'Loud' WHERE code = 'a1'")
        return words_of_texts(texts)

    with Session.connect(hand.info.dsn, autocommit=True) as session:
        monkeypatch.setattr(pending, "words_of_texts", change_and_read)
        pending.write_words(session)
        monkeypatch.undo()

    assert [["b2"], ["a1"]] == [codes(repository, word) for word in ("quiet", "loud")]


def test_all_pending_rooms_get_words_in_batches(hand: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "_BATCH", pending.Bound(3, 1000))
    hand.cursor().executemany(BY_HAND, [(f"h{number}", "Quiet") for number in range(8)])
    told: list[int] = []
    with Session.connect(hand.info.dsn, autocommit=True) as session:
        pending.write_all_words(session, told.append)

    assert [3, 3, 2] == told
    assert number_pending(hand) == 0


def test_writing_words_does_not_wait_for_a_connection(conninfo: str, hand: Any) -> None:
    limits = replace(USUAL_LIMITS, pool_size=1, pool_timeout=3600)
    with closing(PostgresRepo(conninfo, POSTGRES_REVISION, limits)) as opened:
        hand.execute(BY_HAND, ("h1", "Quiet"))
        with opened.stream(RoomQuery()):
            opened._write_words()

        assert number_pending(hand) == 1
        opened._write_words()
        assert number_pending(hand) == 0


def test_rooms_that_somebody_changes_are_left_to_them(
    repository: PostgresRepo, hand: Any, conninfo: str
) -> None:
    hand.cursor().executemany(BY_HAND, [("h1", "Quiet"), ("h2", "Quiet")])
    with psycopg.connect(conninfo) as other:
        other.execute("UPDATE room SET title = 'Loud' WHERE code = 'h1'")

        assert ["h1", "h2"] == codes(repository, "quiet")
        assert number_pending(hand) == 1
    assert [["h2"], ["h1"]] == [codes(repository, word) for word in ("quiet", "loud")]


def test_search_does_not_wait_for_a_load_to_write_words(
    repository: PostgresRepo, hand: Any, conninfo: str
) -> None:
    hand.execute(BY_HAND, ("h1", "Quiet"))
    with psycopg.connect(conninfo) as other:
        other.execute("LOCK TABLE room IN SHARE ROW EXCLUSIVE MODE")

        assert ["h1"] == codes(repository, "quiet")
    assert number_pending(hand) == 1


def test_pending_rooms_are_looked_for_in_their_index(town: str) -> None:
    scans = scans_of(town, lambda s: pending.with_pending(s, words(RARE), pending.Backlog()))

    assert [1, 0] == [scans["room_pending"], scans["room"]]


def test_migration_and_program_agree_on_what_is_pending(hand: Any) -> None:
    ((index,),) = hand.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'room_pending'")
    ((trigger,),) = hand.execute(
        "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'room_texts_changed'"
    )

    assert f"num_nonnulls({', '.join(SEARCHED)}) > 0" in index
    assert f"UPDATE OF {', '.join(SEARCHED)} ON" in trigger


def test_room_written_by_hand_is_found_by_its_features(repository: PostgresRepo, hand: Any) -> None:
    repository.load(make_room(code=f"r{number}", features=("Desk",)) for number in range(100))
    hand.execute(BY_HAND, ("h1", "Quiet"))
    hand.execute("UPDATE room SET features = '{Desk,Sauna}' WHERE code IN ('h1', 'r7')")
    sauna = RoomQuery(conditions=having("Sauna"))

    assert number_pending(hand) == 2
    assert ["h1", "r7"] == [room.code for room in repository.search(sauna, quick=True).rooms]
    assert 2 == repository.count(sauna, quick=True)


def test_very_long_words_and_texts_of_every_script_are_stored(repository: PostgresRepo) -> None:
    title = "\u0e01" * 120
    repository.load([make_room(title=title, kind="Stra\u00dfe 5", neighbourhood="\u0388\u03bd\u03b1\u03c2")])

    assert ["a1"] == codes(repository, *words_of(title), "strasse", "\u03b5\u03bd")


def test_schema_does_not_depend_on_the_fields_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pending, "_TEXTS", f"{pending._TEXTS}, field_of_a_later_program")
    with postgres_server.empty_database() as conninfo:
        assert (None, POSTGRES_REVISION) == upgrade(conninfo)


def test_sql_of_a_migration_says_that_words_are_still_to_be_stored() -> None:
    with postgres_server.empty_database() as conninfo:
        assert (
            text(conninfo)
            .rstrip()
            .endswith("-- Then run `rentomatic migrate`, which stores the words of rooms that have none.")
        )
        upgrade(conninfo)
        assert "rentomatic migrate" not in text(conninfo)


def test_migration_writes_the_words_of_the_rooms_that_are_there() -> None:
    with postgres_server.empty_database() as conninfo, psycopg.connect(conninfo, autocommit=True) as hand:
        upgrade(conninfo, BEFORE_WORDS)
        number = 2500
        hand.cursor().executemany(BY_HAND, [(f"h{each}", "Quiet") for each in range(number)])
        told: list[int] = []
        PostgresBackend("", "", conninfo, conninfo).migrate(told.append)

        assert number == sum(told)
        assert number_pending(hand) == 0
        with closing(PostgresRepo(conninfo, POSTGRES_REVISION)) as opened:
            assert number == opened.count(RoomQuery(words=("quiet",)))
