import json
import re

import pytest
from falcon import testing

from rentomatic.domain.facets import Facets
from rentomatic.domain.room import Room
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.use_cases.errors import OutOfTime
from tests.builders import CSV_HEADER, NOTHING_MORE, make_room
from tests.slow import SlowRepo
from tests.web.conftest import client_of, get


def codes_of(answer: testing.Result) -> list[str]:
    return [room["code"][:4] for room in answer.json]


def next_of(answer: testing.Result) -> str | None:
    found = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
    return found.group(1) if found else None


def test_rooms_are_an_array_sorted_by_code(client: testing.TestClient) -> None:
    answer = get(client, "/rooms")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert codes_of(answer) == ["9136", "eed7", "f853", "fe2c"]


def test_the_keys_of_a_room_are_in_the_documented_order(client: testing.TestClient) -> None:
    expected = (
        '[{"code":"f853578c-fc0f-4e65-81b8-566c5dffa35a","size":215,"price":39,'
        '"latitude":51.75436293,"longitude":-0.09998975}]'
    )
    assert expected == get(client, "/rooms?filter_price__lt=40").text


def test_no_filter_compares_titles() -> None:
    answer = get(client_of(MemRepo([make_room(title="Quiet")])), "/rooms?filter_title__eq=Quiet")

    assert (400, ["filter_title__eq"]) == (
        answer.status_code,
        [e["parameter"] for e in answer.json["errors"]],
    )


def test_an_unstated_size_is_null() -> None:
    assert get(client_of(MemRepo([make_room(size=None)])), "/rooms").json[0]["size"] is None


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("filter_price__lt=60", ["eed7", "f853"]),
        ("filter_price__lte=60", ["9136", "eed7", "f853"]),
        ("filter_price__gt=60", ["fe2c"]),
        ("filter_price__gte=60", ["9136", "fe2c"]),
        ("filter_price__eq=60", ["9136"]),
        ("filter_price__ne=60", ["eed7", "f853", "fe2c"]),
        ("filter_price__in=39,66", ["f853", "fe2c"]),
        ("filter_size__gte=100&filter_price__lt=60", ["f853"]),
        ("filter_price__gte=40&filter_price__lt=61", ["9136", "eed7"]),
        ("filter_code__eq=F853578C-FC0F-4E65-81B8-566C5DFFA35A", ["f853"]),
        ("filter_latitude__gt=51.7", ["f853", "fe2c"]),
        ("bbox=0,51,1,51.5", ["9136", "eed7"]),
        ("near=51.5,0.3&radius=20000", ["9136", "eed7"]),
        ("near=51.5,0.3", ["9136", "eed7", "fe2c", "f853"]),
        ("near=51.5,0.3&sort=code", ["9136", "eed7", "f853", "fe2c"]),
        ("sort=price", ["f853", "eed7", "9136", "fe2c"]),
        ("sort=-size&limit=2", ["fe2c", "f853"]),
        ("filter_price__lt=0", []),
    ],
)
def test_a_search_returns_the_matching_rooms(
    client: testing.TestClient, query: str, codes: list[str]
) -> None:
    assert codes == codes_of(get(client, f"/rooms?{query}"))


def test_near_a_point_each_room_carries_its_distance_in_metres(client: testing.TestClient) -> None:
    room = get(client, "/rooms?near=51.45994069,0.27891577&limit=2").json

    assert [round(found["distance"]) for found in room] == [0, 7936]
    assert list(room[0])[-1] == "distance"


def test_place_copied_from_a_map_is_normalised_in_links(
    client: testing.TestClient,
) -> None:
    usual = get(client, "/rooms?near=51.5,0.3&bbox=-1,51,1,52&limit=2")
    copied = get(client, "/rooms?near=51.5,%200.3&bbox=-1,+51,+1+,52&limit=2")

    assert (200, usual.json) == (copied.status_code, copied.json)
    assert next_of(usual) == next_of(copied)
    assert "near=51.5,0.3&bbox=-1,51,1,52&limit=2&cursor=" in str(next_of(copied))


def test_the_link_to_the_next_page_leads_through_all_rooms(client: testing.TestClient) -> None:
    target: str | None = "/rooms?filter_price__lt=70&sort=price&limit=1"
    pages = []
    while target:
        answer = get(client, target)
        pages.append(codes_of(answer))
        target = next_of(answer)

    assert pages == [["f853"], ["eed7"], ["9136"], ["fe2c"]]


def test_the_number_of_matches_is_sent_on_request(client: testing.TestClient) -> None:
    counted = get(client, "/rooms?filter_price__lt=61&limit=1&count=exact")

    assert (counted.headers["x-total-count"], counted.headers["x-total-count-exact"]) == ("3", "true")
    assert "x-total-count" not in get(client, "/rooms?count=none").headers


@pytest.mark.parametrize("kind", ["json", "geojson", "csv", "ndjson"])
def test_page_has_no_total_if_it_cannot_be_counted(kind: str) -> None:
    repository = SlowRepo(make_room(code=f"{number:04}") for number in range(250))
    repository.samples = False
    client = client_of(repository)
    target = f"/rooms?limit=2&format={kind}"

    uncounted = get(client, f"{target}&count=exact")

    assert (200, get(client, target).content) == (uncounted.status_code, uncounted.content)
    assert not {"x-total-count", "x-total-count-exact"} & uncounted.headers.keys()
    assert "link" in uncounted.headers
    repository.samples = True
    assert "250" == get(client, f"{target}&count=exact").headers["x-total-count"]


def test_a_number_that_takes_too_long_to_count_is_estimated_and_says_so() -> None:
    client = client_of(SlowRepo(make_room(code=f"{number:04}") for number in range(2500)))

    counted = get(client, "/rooms?limit=1&count=exact")

    assert counted.status_code == 200
    assert (counted.headers["x-total-count"], counted.headers["x-total-count-exact"]) == ("2500", "false")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/geo+json", "application/geo+json"),
        ("text/csv", "text/csv"),
        ("text/csv;q=0.5, application/x-ndjson", "application/x-ndjson"),
    ],
)
def test_the_accept_header_chooses_the_format(
    client: testing.TestClient, accept: str | None, media_type: str
) -> None:
    answer = client.simulate_get("/rooms", headers={"Accept": accept} if accept else {})

    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Accept"


def test_the_parameter_format_wins_over_the_accept_header(client: testing.TestClient) -> None:
    answer = get(client, "/rooms?format=geojson&near=51.5,0.3&limit=1", Accept="text/csv")

    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = answer.json["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [0.27891577, 51.45994069]}
    assert list(feature["properties"]) == ["code", "size", "price", "distance"]


def test_csv_without_a_limit_has_every_match(rooms: tuple[Room, ...]) -> None:
    client = client_of(MemRepo(make_room(code=f"{number:04}") for number in range(2500)))

    answer = get(client, "/rooms?format=csv")

    lines = answer.text.splitlines()
    assert lines[0] == CSV_HEADER
    assert [f"{number:04},20,60,51.5,-0.12{NOTHING_MORE}" for number in range(2500)] == lines[1:]
    assert str(len(answer.content)) == answer.headers["content-length"]
    assert answer.headers["content-disposition"] == 'attachment; filename="rooms.csv"'
    assert "link" not in answer.headers


def test_ndjson_without_a_limit_has_every_match() -> None:
    client = client_of(MemRepo(make_room(code=f"{number:04}") for number in range(2500)))

    answer = get(client, "/rooms?format=ndjson")

    assert [f"{number:04}" for number in range(2500)] == [
        json.loads(line)["code"] for line in answer.text.splitlines()
    ]
    assert answer.headers["x-total-count"] == "2500"


def test_csv_with_a_limit_is_a_page(client: testing.TestClient) -> None:
    answer = get(client, "/rooms?format=csv&limit=3")

    assert len(answer.text.splitlines()) == 4
    following = get(client, next_of(answer) or "")
    assert len(following.text.splitlines()) == 2


def test_one_room_is_found_by_its_code_in_either_case(client: testing.TestClient) -> None:
    answer = get(client, "/rooms/F853578C-fc0f-4e65-81b8-566c5dffa35a")

    assert answer.status_code == 200
    assert list(answer.json) == ["code", "size", "price", "latitude", "longitude"]
    assert answer.json["price"] == 39


@pytest.mark.parametrize(
    "target",
    ["/rooms?sort=price&limit=2", "/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a", "/rooms/summary"],
)
def test_an_unchanged_response_is_a_304(client: testing.TestClient, target: str) -> None:
    tag = get(client, target).headers["etag"]

    again = get(client, target, If_None_Match=f'"other", {tag}')

    assert tag.startswith("W/") is not target.startswith("/rooms/f")  # editing a room needs a strong one
    assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"])
    assert get(client, target, If_None_Match='W/"other"').status_code == 200


def test_the_etag_changes_with_the_rooms_and_the_next_link(client: testing.TestClient) -> None:
    repository = MemRepo([make_room(code="a")])
    client = client_of(repository)
    before = get(client, "/rooms?limit=1").headers["etag"]

    repository.load([make_room(code="b")])  # the page is the same, but now another page follows

    assert before != get(client, "/rooms?limit=1").headers["etag"]


def test_the_summary_has_count_ranges_and_histogram(client: testing.TestClient) -> None:
    expected = {
        "count": 3,
        "exact": True,
        "price": {"lowest": 39, "highest": 60},
        "size": {"lowest": 56, "highest": 215},
        "histogram": [
            *({"from": 38 + 2 * n, "to": 40 + 2 * n, "count": n in (0, 5)} for n in range(11)),
            {"from": 60, "to": None, "count": 1},
        ],
    }
    found = get(client, "/rooms/summary?filter_price__lt=61").json
    assert expected == {name: found[name] for name in expected}


def test_the_summary_counts_what_rooms_state_without_the_condition_on_the_same_field() -> None:
    client = client_of(
        MemRepo(
            [
                make_room(code="a", kind="Private room", features=("Desk", "Wifi"), guests=2),
                make_room(code="b", kind="Private room", features=("Wifi",), guests=3),
                make_room(code="c", kind="Flat", features=("Wifi",), guests=4),
                make_room(code="d", kind="Hut", price=500),
            ]
        )
    )

    found = get(client, "/rooms/summary?filter_kind__eq=Flat&filter_price__lt=100").json

    assert 1 == found["count"]
    assert found["facets"] == {
        "exact": True,
        "kind": [{"value": "Private room", "count": 2}, {"value": "Flat", "count": 1}],
        "neighbourhood": [],
        "features": [{"value": "Wifi", "count": 1}],
        "guests": {"lowest": 4, "highest": 4},
        "min_stay": None,
        "unstated": ["neighbourhood", "min_stay"],
    }


def test_a_summary_comes_without_facets_that_are_not_ready_in_time() -> None:
    class Late(MemRepo):
        def facets(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Facets:
            raise OutOfTime

    found = get(client_of(Late([make_room(code="a", kind="Flat")])), "/rooms/summary").json

    assert (1, None) == (found["count"], found["facets"])


def test_a_summary_that_takes_too_long_is_estimated_and_says_so() -> None:
    client = client_of(SlowRepo(make_room(code=f"{number:04}") for number in range(2500)))
    expected = {
        "count": 2500,
        "exact": False,
        "price": {"lowest": 60, "highest": 60},
        "size": {"lowest": 20, "highest": 20},
        "histogram": [{"from": 60, "to": None, "count": 2500}],
    }

    found = get(client, "/rooms/summary").json
    assert expected == {name: found[name] for name in expected}


@pytest.mark.parametrize("target", ["/", "/rooms", "/rooms/summary", "/health/live", "/health/ready"])
def test_head_is_get_without_a_body(client: testing.TestClient, target: str) -> None:
    answer = client.simulate_head(target)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == get(client, target).headers["content-type"]


def test_head_of_an_export_does_not_create_it(client: testing.TestClient) -> None:
    answer = client.simulate_head("/rooms", query_string="format=csv")

    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "text/csv", b"")


def test_options_lists_the_methods(client: testing.TestClient) -> None:
    assert {"GET", "HEAD"} <= set(client.simulate_options("/rooms").headers["allow"].split(", "))


def test_static_files_are_served(client: testing.TestClient) -> None:
    assert get(client, "/static/rentomatic.css").headers["content-type"].startswith("text/css")
    assert get(client, "/static/icon.svg").status_code == 200
    assert get(client, "/static/../app.py").status_code == 404
    assert get(client, "/static/%2e%2e/app.py").status_code == 404


SAYING = [
    make_room(code="a", title="Quiet room, a desk", price=70),
    make_room(code="b", title="Schreibtisch (desk), QUIET", price=60),
    make_room(code="c", title="A desk", price=50),
    make_room(code="d"),
]


def test_a_search_for_words_finds_rooms_that_say_all_of_them() -> None:
    client = client_of(MemRepo(SAYING))

    assert codes_of(get(client, "/rooms?q=quiet+DES&sort=price")) == ["b", "a"]
    assert get(client, "/rooms/summary?q=quiet").json["count"] == 2
    assert len(get(client, "/rooms?q=quiet&format=ndjson").text.splitlines()) == 2
    clusters = get(client, "/rooms/clusters?q=quiet&bbox=-1,51,1,52&zoom=5").json
    assert [cluster["count"] for cluster in clusters["clusters"]] == [2]


def test_a_page_of_a_search_for_words_names_them_in_its_link() -> None:
    client = client_of(MemRepo(SAYING))

    link = next_of(get(client, "/rooms?q=quiet+desk&limit=1"))

    assert link is not None
    assert "q=quiet+desk" in link
    assert codes_of(get(client, link)) == ["b"]
    answer = get(client, link.replace("quiet", "a"))
    assert (400, ["cursor"]) == (answer.status_code, [e["parameter"] for e in answer.json["errors"]])


def test_a_text_without_words_is_refused() -> None:
    answer = get(client_of(MemRepo(SAYING)), "/rooms?q=%21")

    assert answer.status_code == 400
    assert answer.json["errors"] == [
        {"parameter": "q", "message": "must have a word, such as quiet, not '!'"}
    ]
