"""What searches find."""

from contextlib import suppress
from dataclasses import replace

import pytest

from rentomatic.domain.clusters import Cells, Grid
from rentomatic.domain.fields import FIELD
from rentomatic.domain.geography import MAX_RADIUS, BoundingBox, Circle, Point
from rentomatic.domain.room import MAX_INTEGER
from rentomatic.domain.search import BY_DISTANCE, SORTS, Condition, Field, Operator, Position, RoomQuery
from rentomatic.domain.summary import Bucket, Range, Sample, Summary
from rentomatic.domain.words import words_of
from rentomatic.repository.contract.builders import make_room
from rentomatic.repository.contract.storage import LONDON, Contract, codes_of, everything, pages_of
from rentomatic.use_cases.errors import NotQuick
from rentomatic.use_cases.ports import RoomRepository


class Searching(Contract):
    """Searches, pages, areas, summaries, and which reads are quick."""

    def test_an_empty_storage_finds_nothing(self, repository: RoomRepository) -> None:
        page = repository.search(RoomQuery())

        assert (page.rooms, page.more) == ((), False)
        assert repository.get("a1") is None
        assert repository.count(RoomQuery()) == 0
        assert Summary(0, None, None, ()) == repository.summarise(RoomQuery())
        assert everything(repository) == []

    def test_a_room_is_read_back_as_it_was_written(self, repository: RoomRepository) -> None:
        rooms = [
            make_room(
                code="f853578c-fc0f-4e65-81b8-566c5dffa35a", latitude=51.75436293, longitude=-0.09998975
            ),
            make_room(code="0" * 36, size=None, price=0, latitude=-90, longitude=-180),
            make_room(code="z" * 36, size=MAX_INTEGER, price=MAX_INTEGER, latitude=90, longitude=180),
            make_room(code="tiny", latitude=1e-15, longitude=-1.1e-15),
            make_room(code="third", latitude=1 / 3, longitude=-100 / 3),
        ]

        repository.load(rooms)

        assert rooms == [repository.get(room.code) for room in rooms]

    def test_many_rooms_tiny_distances_apart_are_accepted(self, repository: RoomRepository) -> None:
        rooms = [
            make_room(code=f"n{n}", latitude=n * 1e-170, longitude=(300 - n) * 1e-14) for n in range(300)
        ]

        repository.load(rooms)

        assert repository.count(RoomQuery(areas=(BoundingBox(-1, -1, 1, 1),))) == 300

    def test_codes_that_differ_in_case_are_different_rooms(self, repository: RoomRepository) -> None:
        repository.load([make_room(code="ab", price=1), make_room(code="AB", price=2)])

        assert make_room(code="ab", price=1) == repository.get("ab")
        assert make_room(code="AB", price=2) == repository.get("AB")
        assert repository.get("Ab") is None

    def test_codes_compare_by_code_point(self, repository: RoomRepository) -> None:
        codes = ["b", "a", "B", "A", "a.", "a-", "a~", "a_", "aB", "ab", "10", "9", "a0", "Z", "z"]
        repository.load(make_room(code=code) for code in codes)

        assert sorted(codes) == codes_of(repository, RoomQuery(limit=4))
        assert sorted(codes, reverse=True) == codes_of(repository, RoomQuery(sort=SORTS["-code"], limit=4))

    @pytest.mark.parametrize("sort", ["price", "-price", "size", "-size", "distance"])
    def test_rooms_with_equal_values_are_ordered_by_code_and_appear_on_one_page(
        self, repository: RoomRepository, sort: str
    ) -> None:
        codes = [f"{number:02}" for number in range(23)]
        repository.load(make_room(code=code) for code in reversed(codes))

        assert codes == codes_of(repository, RoomQuery(sort=SORTS[sort], near=LONDON, limit=5))

    @pytest.mark.parametrize(("sort", "codes"), [("size", "bdac"), ("-size", "dbac")])
    def test_unstated_sizes_come_last_in_both_directions(
        self, repository: RoomRepository, sort: str, codes: str
    ) -> None:
        sizes = {"a": None, "b": 5, "c": None, "d": 9}
        repository.load(make_room(code=code, size=size) for code, size in sizes.items())

        for limit in (1, 2, 3, 4):
            assert list(codes) == codes_of(repository, RoomQuery(sort=SORTS[sort], limit=limit))

    @pytest.mark.parametrize("operator", FIELD[Field.SIZE].operators)
    def test_no_condition_matches_an_unstated_size(
        self, repository: RoomRepository, operator: Operator
    ) -> None:
        repository.load([make_room(size=None)])
        value: int | tuple[int, ...] = (5,) if operator is Operator.IN else 5

        assert codes_of(repository, RoomQuery(conditions=(Condition(Field.SIZE, operator, value),))) == []

    def test_features_are_found_if_a_room_has_all_of_them(self, repository: RoomRepository) -> None:
        features = {"a": ("Desk", "Wifi"), "b": ("Wifi",), "c": ("desk", "Wifi 6"), "d": None}
        repository.load(make_room(code=code, features=listed) for code, listed in features.items())

        def having(*wanted: str) -> list[str]:
            return codes_of(
                repository, RoomQuery(conditions=(Condition(Field.FEATURES, Operator.ALL, wanted),), limit=1)
            )

        assert having("Wifi") == ["a", "b"]
        assert having("Wifi", "Desk") == ["a"]
        assert having("Wifi", "Sauna") == []
        assert having("wifi") == []

    def test_what_a_room_says_is_read_back_and_replaced_as_a_whole(self, repository: RoomRepository) -> None:
        awkward = make_room(
            features=["'\"{}", "\\", "NULL", "ห้อง"],
            description='{1,2}\n\n["x"]',
            url="http://example.com/?a=%20",
            photos=["b.jpg", "https://example.com/a,b;c", "a.jpg"],
        )
        repository.load([awkward])

        assert awkward == repository.get("a1")
        assert repository.load([awkward], dry_run=True).unchanged == 1
        assert repository.swap(awkward, make_room())
        assert make_room() == repository.get("a1")

    def test_the_last_page_says_that_nothing_follows(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=code) for code in "abcd")

        assert [tuple(room.code for room in page) for page in pages_of(repository, RoomQuery(limit=2))] == [
            ("a", "b"),
            ("c", "d"),
        ]
        beyond = RoomQuery(limit=2, after=RoomQuery().position(make_room(code="d")))
        assert (repository.search(beyond).rooms, repository.search(beyond).more) == ((), False)

    @pytest.mark.parametrize("sort", SORTS.values(), ids=str)
    def test_adding_and_removing_rooms_between_pages_repeats_and_skips_none(
        self, repository: RoomRepository, sort: object
    ) -> None:
        query = RoomQuery(sort=SORTS[str(sort)], near=LONDON, limit=3)
        first = [
            make_room(
                code=f"k{n:02}", price=n // 3, size=None if n % 4 == 0 else n // 3 + 1, latitude=51 - n / 10
            )
            for n in range(12)
        ]
        repository.load(first)

        seen: list[str] = []
        after = None
        for turn in range(10):
            page = repository.search(replace(query, after=after))
            seen += [room.code for room in page.rooms]
            if not page.more:
                break
            after = query.position(page.rooms[-1])
            last = page.rooms[-1]  # the room that the cursor points at
            repository.swap(last, None)
            repository.load(
                [make_room(code=f"k00-{turn}", price=0, size=1), make_room(code=f"k99-{turn}", price=9)]
            )

        assert len(seen) == len(set(seen))
        assert {room.code for room in first} <= set(seen)

    def test_a_box_across_the_antimeridian_finds_both_sides(self, repository: RoomRepository) -> None:
        places = {"east": 179.9, "edge": 180.0, "other-edge": -180.0, "west": -179.9, "far": 0.0}
        repository.load(make_room(code=code, latitude=0, longitude=place) for code, place in places.items())

        box = RoomQuery(areas=(BoundingBox(179, -1, -179, 1),))
        assert codes_of(repository, box) == ["east", "edge", "other-edge", "west"]
        assert codes_of(repository, RoomQuery(areas=(BoundingBox(-179, -1, 179, 1),))) == ["far"]

    def test_a_circle_across_the_antimeridian_finds_both_sides(self, repository: RoomRepository) -> None:
        places = {"a": 179.9, "b": 180.0, "c": -180.0, "d": -179.9, "far": 178.0}
        repository.load(make_room(code=code, latitude=0, longitude=place) for code, place in places.items())

        near = Point(0, 179.95)
        query = RoomQuery(areas=(Circle(near, 20_000),), near=near, sort=BY_DISTANCE, limit=2)
        assert {"b", "c", "a", "d"} == set(codes_of(repository, query))
        assert sorted(codes_of(repository, query)[:3]) == ["a", "b", "c"]

    def test_a_box_around_nearly_all_of_the_earth_finds_each_room_once(
        self, repository: RoomRepository
    ) -> None:
        repository.load([make_room(code=code, latitude=0, longitude=10.0000000005) for code in "xy"])

        page = repository.search(RoomQuery(areas=(BoundingBox(10.000000001, -1, 10.0000000008, 1),), limit=2))
        assert (["x", "y"], False) == ([room.code for room in page.rooms], page.more)

    def test_a_nearer_room_comes_before_one_in_the_corner_of_a_box(self, repository: RoomRepository) -> None:
        places = {
            "a": (0, 0.01),
            "corner0": (0.0105, 0.0105),
            "corner1": (0.0106, 0.0106),
            "east": (0, 0.0125),
        }
        repository.load(make_room(code=code, latitude=p[0], longitude=p[1]) for code, p in places.items())
        query = RoomQuery(near=Point(0, 0), sort=BY_DISTANCE, limit=1)

        assert codes_of(repository, query) == ["a", "east", "corner0", "corner1"]

    def test_nothing_follows_a_cursor_beyond_the_antipode(self, repository: RoomRepository) -> None:
        repository.load([make_room()])

        for distance in (3e7, float("inf")):
            beyond = RoomQuery(near=LONDON, sort=BY_DISTANCE, after=Position(distance, "a"))
            assert repository.search(beyond).rooms == ()

    def test_at_a_pole_every_longitude_is_near(self, repository: RoomRepository) -> None:
        repository.load(
            make_room(code=f"r{east}", latitude=89.999, longitude=float(east))
            for east in (10, 100, -100, -170)
        )
        repository.load([make_room(code="south", latitude=-89.999, longitude=0)])

        near = Point(90, 0)
        assert repository.count(RoomQuery(areas=(Circle(near, 200),), near=near)) == 4
        query = RoomQuery(near=near, sort=BY_DISTANCE, limit=2)
        assert codes_of(repository, query)[-1] == "south"

    def test_the_nearest_room_may_be_at_the_antipode(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"r{n}", longitude=n / 1000) for n in range(300))

        nearest = repository.search(RoomQuery(near=Point(-51.5, 179.9), sort=BY_DISTANCE, limit=1))
        assert [room.code for room in nearest.rooms] == ["r299"]
        assert repository.count(RoomQuery(areas=(Circle(Point(-51.5, 180), MAX_RADIUS),))) == 300

    def test_areas_that_do_not_overlap_hold_no_rooms(self, repository: RoomRepository) -> None:
        repository.load([make_room()])
        apart = (BoundingBox(-1, 51, 0, 52), BoundingBox(10, 51, 11, 52))

        assert codes_of(repository, RoomQuery(areas=apart)) == []
        assert codes_of(repository, RoomQuery(areas=apart, near=LONDON, sort=BY_DISTANCE)) == []
        assert repository.count(RoomQuery(areas=apart)) == 0

    def test_a_summary_covers_the_matching_rooms(self, repository: RoomRepository) -> None:
        repository.load(
            [
                make_room(code="a", price=39, size=215),
                make_room(code="b", price=60, size=None),
                make_room(code="c", price=60, size=93),
                make_room(code="d", price=900, size=1),
            ]
        )
        cheap = RoomQuery(conditions=(Condition(Field.PRICE, Operator.LT, 100),), limit=1)

        summary = repository.summarise(cheap)

        assert (3, Range(39, 60), Range(93, 215)) == (summary.count, summary.price, summary.size)
        assert Bucket(38, 40, 1) == summary.histogram[0]
        assert Bucket(60, None, 2) == summary.histogram[-1]
        assert repository.count(cheap) == 3

    def test_counting_stops_at_the_bound(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"c{number}") for number in range(10))

        assert [3, 10, 10] == [repository.count(RoomQuery(), at_most) for at_most in (3, 11, None)]

    def test_a_summary_of_rooms_without_a_stated_size_has_no_range_of_sizes(
        self, repository: RoomRepository
    ) -> None:
        repository.load([make_room(size=None)])

        assert repository.summarise(RoomQuery()).size is None

    def test_a_search_among_few_rooms_is_quick(self, repository: RoomRepository) -> None:
        repository.load(make_room(code=f"r{n:03}", price=n, size=n % 7 or None) for n in range(200))

        for sort in SORTS.values():
            query = RoomQuery(near=LONDON, sort=sort, limit=20)
            assert repository.search(query) == repository.search(query, quick=True)
            assert 200 == repository.count(query, quick=True)

    def test_quick_answers_are_complete(self, repository: RoomRepository) -> None:
        repository.load(
            make_room(code=f"r{n:03}", price=n, size=n % 7 or None, latitude=51 + n / 400) for n in range(200)
        )
        cheap, large = Condition(Field.PRICE, Operator.LT, 150), Condition(Field.SIZE, Operator.GT, 3)
        around = Circle(LONDON, 20_000)

        for sort in SORTS.values():
            for conditions, areas in (((cheap,), ()), ((cheap, large), ()), ((large,), (around,))):
                query = RoomQuery(conditions=conditions, areas=areas, near=LONDON, sort=sort, limit=20)
                with suppress(NotQuick):
                    assert repository.search(query) == repository.search(query, quick=True)
                with suppress(NotQuick):
                    assert repository.count(query) == repository.count(query, quick=True)

    def test_listed_coordinates_find_only_the_rooms_there(self, repository: RoomRepository) -> None:
        rooms = [make_room(code=f"r{n:02}", latitude=n / 10, longitude=-n / 10) for n in range(60)]
        repository.load(rooms)
        few, many = (0.5, 1.0, 9.9), tuple(n / 10 for n in range(0, 60, 3))

        for values in (few, many):
            for field, sign in ((Field.LATITUDE, 1), (Field.LONGITUDE, -1)):
                listed = Condition(field, Operator.IN, tuple(sign * value for value in values))
                query = RoomQuery(conditions=(listed,))
                assert [room.code for room in rooms if query.matches(room)] == codes_of(repository, query)

    def test_several_lists_of_coordinates_must_all_hold(self, repository: RoomRepository) -> None:
        rooms = [make_room(code=f"r{n:02}", latitude=n / 2, longitude=n / 2) for n in range(80)]
        repository.load(rooms)
        lists = [tuple(n / 2 for n in range(160) if n % 20 != gap) for gap in range(2, 20, 4)]
        query = RoomQuery(
            conditions=tuple(
                Condition(field, Operator.IN, values)
                for field in (Field.LATITUDE, Field.LONGITUDE)
                for values in lists
            )
        )

        for sort in SORTS.values():
            page = repository.search(replace(query, near=LONDON, sort=sort))
            assert {room.code for room in rooms if query.matches(room)} == {room.code for room in page.rooms}
        assert 60 == repository.count(query)

    def test_sample_of_empty_storage_is_empty(self, repository: RoomRepository) -> None:
        assert Sample({}, None, share=1) == repository.sample(RoomQuery(), within=60)

    def test_empty_storage_has_no_cells(self, repository: RoomRepository) -> None:
        found = repository.cells(
            RoomQuery(areas=(BoundingBox(-1, 51, 0, 52),)), Grid(width=0.25, height=0.25)
        )

        assert Cells((), share=1) == found

    def test_cell_with_a_single_room_includes_the_room(self, repository: RoomRepository) -> None:
        rooms = [
            make_room(
                code="a",
                size=None,
                latitude=10.123456789,
                longitude=-180.0,
                title="Far west",
                kind="Hut",
                guests=2,
            ),
            make_room(code="b", latitude=90.0, longitude=180.0),
            make_room(code="c", latitude=-90.0, longitude=0.0),
        ]
        repository.load(rooms)

        cells = repository.cells(RoomQuery(), Grid(width=0.25, height=0.25)).cells
        assert rooms == sorted((cell.room for cell in cells if cell.room), key=str)

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("quiet", ["a", "b"]),
            ("QUIET des", ["a"]),
            ("desk quiet room", ["a"]),
            ("d", ["a", "c"]),
            ("strasse", ["c"]),
            ("Straße 5 desk", []),
            ("istanbul", ["d"]),
            ("ΈΝΑΣ", ["e"]),
            ("ενας", ["e"]),
            ("højbro", ["f"]),
            ("hojbro", []),
            ("غرفة", ["g"]),
            ("غُرفَة", ["h"]),
            ("安静", ["i"]),
            ("房间", []),
            ("ห้อง", ["j"]),
            ("cafe", ["k"]),
            ("nowhere", []),
            ("quiet nowhere", []),
            ("private camden", ["l"]),
        ],
    )
    def test_words_are_found_in_any_script_at_the_beginning_of_words(
        self, repository: RoomRepository, text: str, found: list[str]
    ) -> None:
        titles = (
            *("A quiet room with a desk", "Quiet; quieter", "Straße 5, Dachboden", "İSTANBUL", "Ένας χώρος"),
            *(
                "Højbro Plads",
                "غرفة",
                "غُرفَة",
                "安静的房间",
                "ห้องพัก",
                "At the Café",
            ),
        )
        said = [make_room(code="abcdefghijk"[number], title=title) for number, title in enumerate(titles)]
        silent = [make_room(code="m"), make_room(code="l", kind="Private room", neighbourhood="Camden Town")]
        repository.load([*said, *silent])

        query = RoomQuery(words=tuple(words_of(text)))

        assert found == codes_of(repository, query)
        assert len(found) == repository.count(query)

    def test_words_follow_the_texts_of_rooms(self, repository: RoomRepository) -> None:
        """However a room is written, it is found by what it says now."""
        quiet, loud = make_room(title="Quiet", kind="Room"), make_room(title="Loud", kind="Room")
        repository.load([quiet])
        repository.swap(quiet, loud)
        repository.swap(None, make_room(code="b", title="Quiet"))
        repository.load([make_room(code="c", title="Quiet"), make_room(code="d", title="Silent")])
        repository.load([make_room(code="d", title="Quiet")])
        repository.swap(make_room(code="c", title="Quiet"), None)

        assert ["b", "d"] == codes_of(repository, RoomQuery(words=("quiet",)))
        assert ["a1"] == codes_of(repository, RoomQuery(words=("lou", "room")))
        repository.load([make_room(code="d", title=None), make_room(code="e", title="Quiet")], exactly=True)
        assert ["e"] == codes_of(repository, RoomQuery(words=("quiet",)))
        assert [] == codes_of(repository, RoomQuery(words=("room",)))

    def test_words_are_one_filter_among_others(self, repository: RoomRepository) -> None:
        rooms = [
            make_room(code=f"n{n}", price=n, title="Quiet" if n % 2 else "Quiet desk", latitude=51 + n / 100)
            for n in range(100)
        ]
        repository.load(rooms)
        conditions = (Condition(Field.PRICE, Operator.GTE, 50),)

        for sort in SORTS.values():
            query = RoomQuery(conditions=conditions, words=("desk",), near=LONDON, sort=sort, limit=10)
            wanted = sorted(
                filter(query.matches, rooms), key=lambda room: query.order_key(query.position(room))
            )

            assert [room.code for room in wanted] == codes_of(repository, query)
            with repository.stream(query) as streamed:
                assert wanted == list(streamed)
        assert repository.count(query) == repository.summarise(query).count == 25
        assert sum(cell.rooms for cell in repository.cells(query, Grid(1, 1)).cells) == 25
        assert sum(repository.sample(query).prices.values()) == 25
