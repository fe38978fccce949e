"""The words of rooms in SQLite: their index, which finds features too, and rooms without words yet."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.geography import Point
from rentomatic.domain.room import Room
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, RoomQuery
from rentomatic.repository.sqlite import migrate
from rentomatic.repository.sqlite.backend import SqliteBackend
from rentomatic.repository.sqlite.files import opened
from rentomatic.repository.sqlite.meter import Meter
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.repository.sqlite.search import first_rooms
from rentomatic.repository.sqlite.words import add_functions
from rentomatic.use_cases.errors import NotQuick
from rentomatic.use_cases.ports import LoadCounts
from tests.builders import make_room

BY_HAND = """
    INSERT INTO room (code, size, price, latitude, longitude, title, features) VALUES (?, 1, 1, 1, 1, ?, ?)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty file with the schema."""
    migrate.upgrade(tmp_path / "rooms.db")
    return tmp_path / "rooms.db"


@pytest.fixture
def repository(path: Path) -> Iterator[SqliteRepo]:
    with closing(SqliteRepo(path, SQLITE_REVISION)) as opened:
        yield opened


@pytest.fixture
def hand(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection, without the functions of this one."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def codes(repository: SqliteRepo, *words: str) -> list[str]:
    return [room.code for room in repository.search(RoomQuery(words=words)).rooms]


def having(*features: str) -> tuple[Condition]:
    return (Condition(Field.FEATURES, Operator.ALL, features),)


def words_of_rooms(hand: sqlite3.Connection) -> dict[str, str | None]:
    return dict(hand.execute("SELECT code, words FROM room"))


def indexed(hand: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the words in the index with the rooms that they lead to."""
    return hand.execute(
        "SELECT term, code FROM room_word LEFT JOIN room ON id = doc ORDER BY 1, 2"
    ).fetchall()


def traced(path: Path, query: RoomQuery) -> tuple[list[str], str]:
    """Return the statements of a search, and SQLite's plan for them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        add_functions(connection)
        statements: list[str] = []
        connection.set_trace_callback(statements.append)
        first_rooms(connection, query, query.limit + 1)
        connection.set_trace_callback(None)
        read = [text for text in statements if not text.startswith("--")]
        rows = [row for text in read for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]
    return read, "\n".join(row[3] for row in rows)


def test_rooms_are_found_through_the_index_of_words(path: Path, repository: SqliteRepo) -> None:
    repository.load(make_room(code=f"n{n}", title=f"Room {n}") for n in range(3000))

    _, plan = traced(path, RoomQuery(words=("room", "1234")))

    assert "room_word VIRTUAL TABLE INDEX" in plan
    assert "SEARCH room USING INTEGER PRIMARY KEY" in plan
    assert "SCAN room\n" not in f"{plan}\n"


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rooms with features: Wifi in 19 of 20, a sauna in one of 300, never a courtyard and a seafront."""
    path = tmp_path_factory.mktemp("furnished") / "rooms.db"
    migrate.upgrade(path)
    with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
        repository.load(
            make_room(
                code=f"n{n:04}",
                price=n * 7919 % 1000,
                latitude=51 + n * 7907 % 6000 / 6000,
                features=(
                    ("Desk", "Courtyard", "Seafront", "Lift")[n % 4],
                    *(["Large sauna"] if n % 300 == 5 else []),
                    *(["Wifi"] if n % 20 else []),
                ),
            )
            for n in range(6000)
        )
    return path


CENTRE = Point(51.5, -0.1)

SAUNAS = [n for n in range(6000) if n % 300 == 5]


@pytest.mark.parametrize("sort", ["code", "price", "-size", "distance"])
@pytest.mark.parametrize(
    ("features", "found"),
    [
        (("Large sauna",), len(SAUNAS)),
        (("Large sauna", "Wifi"), len(SAUNAS)),
        (("Wifi",), 30),
        (("Lift", "Wifi"), 30),
        (("Courtyard", "Seafront"), 0),
        (("Sauna",), 0),
        (("Helipad", "Wifi"), 0),
    ],
)
def test_rare_features_and_common_ones_are_found_quickly(
    furnished: Path, monkeypatch: pytest.MonkeyPatch, features: tuple[str, ...], found: int, sort: str
) -> None:
    monkeypatch.setattr("rentomatic.repository.sqlite.plan.NARROW", 100)
    monkeypatch.setattr("rentomatic.repository.sqlite.search.QUICK", 5000)
    query = RoomQuery(conditions=having(*features), sort=SORTS[sort], near=CENTRE, limit=30)
    meter = Meter()
    with closing(opened(furnished, furnished.stat()).connection) as connection:
        meter.count(connection)
        rooms = first_rooms(connection, query, 30, meter, quick=True)

    assert found == len(rooms)
    assert all(query.matches(room) for room in rooms)
    assert meter.steps < 20_000


def test_rooms_with_a_rare_feature_are_counted_and_summarised_quickly(
    furnished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rentomatic.repository.sqlite.totals.QUICK", 1000)
    with closing(SqliteRepo(furnished, SQLITE_REVISION)) as repository:
        for features in (("Large sauna",), ("Large sauna", "Wifi")):
            query = RoomQuery(conditions=having(*features))

            assert len(SAUNAS) == repository.count(query, quick=True)
            assert len(SAUNAS) == repository.count(replace(query, near=CENTRE, sort=BY_DISTANCE), quick=True)
            assert len(SAUNAS) == repository.summarise(query, quick=True).count
        with pytest.raises(NotQuick):
            repository.count(RoomQuery(conditions=having("\u2605")), quick=True)


def test_a_room_written_by_hand_is_found_by_a_feature_before_its_words_are_read(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load(make_room(code=f"n{n}", features=("Desk",)) for n in range(100))
    hand.execute(BY_HAND, ("a", None, '["Desk", "Sauna"]'))
    hand.execute(BY_HAND, ("b", "Sauna", '["Desk", 5, []]'))

    assert {"a": None, "b": None} == {code: words_of_rooms(hand)[code] for code in "ab"}
    found = {
        features: [room.code for room in repository.search(RoomQuery(conditions=having(*features))).rooms]
        for features in (("Sauna",), ("Desk", "Sauna"), ("5",))
    }
    assert {("Sauna",): ["a"], ("Desk", "Sauna"): ["a"], ("5",): []} == found


def test_a_quick_search_for_words_looks_at_the_texts_of_few_rooms(
    repository: SqliteRepo, hand: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rentomatic.repository.sqlite.words.QUICK", 10)
    query = RoomQuery(words=("loud",))
    reads = (repository.search, repository.count, repository.summarise, repository.facets)
    for number in range(10):
        hand.execute(BY_HAND, (f"h{number}", "Loud", '["Desk"]'))
    for read in reads:
        read(query, quick=True)

    hand.execute(BY_HAND, ("h10", "Loud", None))

    for read in reads:
        with pytest.raises(NotQuick):
            read(query, quick=True)
        read(RoomQuery(conditions=(Condition(Field.CODE, Operator.EQ, "h1"),)), quick=True)
    assert 11 == len(codes(repository, "loud"))


def test_features_with_quotation_marks_and_very_many_of_them_are_told_apart(repository: SqliteRepo) -> None:
    features = {"a": ('Say "Desk',), "b": ("Desk", "x\\y"), "c": ('"',), "d": ("Desk",)}
    repository.load(make_room(code=code, features=each) for code, each in features.items())

    def found(*wanted: str) -> list[str]:
        return [room.code for room in repository.search(RoomQuery(conditions=having(*wanted))).rooms]

    assert ["b", "d"] == found("Desk")
    assert [["a"], ["b"], ["c"]] == [found(*features[code]) for code in "abc"]
    assert [] == found("Desk", *(f"n{number}" for number in range(1000)))


def test_a_search_without_words_does_not_read_them(path: Path, repository: SqliteRepo) -> None:
    repository.load([make_room(title="Quiet")])

    statements, _ = traced(path, RoomQuery())

    assert statements
    assert not any("words" in text or "room_word" in text for text in statements)


def test_a_word_is_found_by_its_beginning_in_every_searched_field(repository: SqliteRepo) -> None:
    repository.load(
        [
            make_room(code="t", title="Sunnyside"),
            make_room(code="k", kind="Sunny room"),
            make_room(code="n", neighbourhood="Sunnyhill"),
            make_room(code="f", features=("Desk", "Sunny side")),
            make_room(code="d", description="High up.\nSunny."),
            make_room(code="x", title="Unsunny"),
        ]
    )

    assert ["d", "f", "k", "n", "t"] == codes(repository, "sunny")


@pytest.mark.parametrize(
    ("title", "features", "word", "found"),
    [
        ("Quiet", None, "quiet", ["a"]),
        (None, '["Caf\\u00e9"]', "cafe", ["a"]),
        (None, '["Café","Desk"]', "desk", ["a"]),
        (None, '["Caf\\u00e9"]', "u00e9", []),
        (None, '["Caf\\u00e9"]', "00e9", []),
        (None, None, "quiet", []),
        (None, '["Desk", 5, ["Nested"], {"x": "Nested"}]', "desk", ["a"]),
        (None, '["Desk", 5, ["Nested"], {"x": "Nested"}]', "nested", []),
        (None, '["Desk", 5]', "5", []),
        (None, '["Desk", "Wifi; fast"]', "fast", []),
    ],
)
def test_a_row_written_by_hand_is_found_by_its_texts_before_and_after_they_are_read(
    path: Path,
    repository: SqliteRepo,
    hand: sqlite3.Connection,
    title: str | None,
    features: str | None,
    word: str,
    found: list[str],
) -> None:
    hand.execute(BY_HAND, ("a", title, features))

    pending = codes(repository, word)
    SqliteBackend(path).migrate()

    assert found == pending == codes(repository, word)
    assert (title is None and features is None) == (words_of_rooms(hand)["a"] is None)


def test_only_the_texts_of_a_list_written_by_hand_are_told_as_features(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    hand.execute(BY_HAND, ("a", None, '["Desk", 5, ["Nested"], {"x": "Nested"}, null, true]'))

    assert (("Desk", 1),) == repository.facets(RoomQuery()).values[Field.FEATURES]


def test_a_text_changed_by_hand_is_found_and_the_old_one_is_not(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load([make_room(code="a", title="Quiet"), make_room(code="b", title="Calm")])

    hand.execute("UPDATE room SET title = 'Loud' WHERE code = 'a'")
    hand.execute("UPDATE room SET price = 7 WHERE code = 'b'")

    assert {"a": None, "b": " calm"} == words_of_rooms(hand)
    found = {word: codes(repository, word) for word in ("quiet", "loud", "calm")}
    assert {"quiet": [], "loud": ["a"], "calm": ["b"]} == found
    repository.swap(None, make_room(code="c"))
    assert [("calm", "b"), ("loud", "a")] == indexed(hand)


@pytest.mark.parametrize("statement", ["SET id = 77", "SET id = 77, title = 'Loud'"])
def test_a_changed_id_is_followed(repository: SqliteRepo, hand: sqlite3.Connection, statement: str) -> None:
    repository.load([make_room(code="a", title="Quiet")])

    hand.execute(f"UPDATE room {statement}")

    title = "loud" if "Loud" in statement else "quiet"
    assert ["a"] == codes(repository, title)
    assert [] == codes(repository, "calm")


def test_a_row_replaced_by_hand_is_found_by_its_new_words_alone(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load([make_room(code="a", title="Quiet"), make_room(code="b", title="Calm")])

    hand.execute(BY_HAND.replace("INSERT", "INSERT OR REPLACE"), ("b", "Loud", None))
    hand.execute("DELETE FROM room WHERE code = 'a'")

    repository.swap(None, make_room(code="c", title="Warm"))
    found = {word: codes(repository, word) for word in ("quiet", "calm", "loud", "warm")}
    assert {"quiet": [], "calm": [], "loud": ["b"], "warm": ["c"]} == found


def test_the_words_of_removed_rooms_leave_the_index(repository: SqliteRepo, hand: sqlite3.Connection) -> None:
    calm, quiet = make_room(code="a", title="Calm"), make_room(code="b", title="Quiet")
    repository.load([calm, quiet, make_room(code="c")])

    repository.swap(quiet, None)
    repository.load([calm], exactly=True)

    assert [("calm", "a")] == indexed(hand)


def test_rooms_with_titles_get_words_by_a_migration_and_lose_them_downwards(
    path: Path, repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load(make_room(code=f"n{n}", title=f"Room {n}") for n in range(2500))
    migrate.downgrade(path, "0005")
    columns = {row[1] for row in hand.execute("PRAGMA table_info (room)")}

    assert "words" not in columns
    assert ("0005", SQLITE_REVISION) == SqliteBackend(path).migrate()
    assert " 1234 room" == words_of_rooms(hand)["n1234"]
    assert None not in words_of_rooms(hand).values()
    assert ["n1234"] == codes(repository, "1234")


def towns(count: int, title: str) -> Iterator[Room]:
    """Rooms enough for the indexes to be rebuilt after the load."""
    for n in range(count):
        yield make_room(code=f"n{n}", title=f"{title} {n % 7}")


def test_a_load_that_rebuilds_the_indexes_keeps_each_word_once(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load([make_room(code="n1", title="Old"), make_room(code="n2", title="Gone")])

    repository.load([*towns(21_000, "Early"), *towns(10, "Late"), make_room(code="n3")])

    assert LoadCounts(unchanged=1) == repository.load([make_room(code="n3")])
    late, early = ["n0", "n1", "n2", "n4", "n5", "n6", "n7", "n8", "n9"], 21_000 - 10
    assert late == codes(repository, "late")
    assert early == repository.count(RoomQuery(words=("early",)))
    entries = hand.execute("SELECT count(*) FROM room_word WHERE term IN ('early', 'late')").fetchone()
    assert (early + len(late),) == entries
    assert [] == codes(repository, "old") + codes(repository, "gone")


def test_a_load_whose_text_changes_and_words_do_not_leaves_no_room_pending(
    repository: SqliteRepo, hand: sqlite3.Connection
) -> None:
    repository.load([make_room(code="a", title="Quiet")])

    repository.load([make_room(code="a", title="QUIET!")])

    assert {"a": " quiet"} == words_of_rooms(hand)
    assert [("quiet", "a")] == indexed(hand)


@pytest.mark.parametrize("rooms", [20, 100], ids=["few", "many"])
def test_a_load_stores_the_words_of_its_own_rooms_and_leaves_others_to_other_writes(
    repository: SqliteRepo, hand: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, rooms: int
) -> None:
    monkeypatch.setattr("rentomatic.repository.sqlite.load._BULK", 50)
    for number in range(200):
        hand.execute(BY_HAND, (f"h{number}", "Loud", None))
    repository.load(make_room(code=f"r{number}", title="Quiet") for number in range(rooms))

    again = [
        make_room(code=f"r{number}", title=title) for title in ("Gone", "QUIET!") for number in range(rooms)
    ]
    repository.load(again)
    hand.execute("UPDATE room SET title = 'Quiet!' WHERE code = 'r0'")
    repository.load([make_room(code="r0", title="Quiet!")])

    words = words_of_rooms(hand)
    assert {" quiet"} == {words[f"r{number}"] for number in range(rooms)}
    assert {None} == {words[f"h{number}"] for number in range(200)}
    assert rooms == len(indexed(hand))


def test_a_dry_run_writes_no_words(repository: SqliteRepo, hand: sqlite3.Connection) -> None:
    hand.execute(BY_HAND, ("a", "Quiet", None))

    counts = repository.load([make_room(code="b", title="Calm")], dry_run=True)

    assert LoadCounts(added=1) == counts
    assert {"a": None} == words_of_rooms(hand)
    assert [] == indexed(hand)


def test_a_pending_room_of_a_read_only_file_is_found(path: Path, hand: sqlite3.Connection) -> None:
    hand.execute(BY_HAND, ("a", "Quiet", None))
    hand.close()
    path.chmod(0o400)
    path.parent.chmod(0o500)

    try:
        with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
            assert ["a"] == codes(repository, "quiet")
    finally:
        path.parent.chmod(0o700)


def test_the_revision_looks_into_the_searched_fields_in_their_order(hand: sqlite3.Connection) -> None:
    (statement,) = hand.execute("SELECT sql FROM sqlite_schema WHERE name = 'room_unread'").fetchone()

    assert f"coalesce({', '.join(SEARCHED)})" in statement
