"""HTTP conventions of every resource: methods, representations, caching, and scripts of other sites."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from falcon import testing

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.web.app import create_app
from rentomatic.web.http.cors import EXPOSED_HEADERS, REQUEST_HEADERS
from rentomatic.web.limits.tuning import Tuning
from tests.web.conftest import client_of, get
from tests.web.contract import DOCUMENT, ContractClient

ROOM = f"/rooms/{FIRST_ROOMS[0].code}"
CLUSTERS = "/rooms/clusters?bbox=-1,51,1,52&zoom=10"
METHODS = {
    "/": "GET, HEAD, OPTIONS",
    "/rooms": "GET, HEAD, OPTIONS, POST",
    "/rooms/summary": "GET, HEAD, OPTIONS",
    CLUSTERS: "GET, HEAD, OPTIONS",
    "/rooms/import": "OPTIONS, POST",
    ROOM: "DELETE, GET, HEAD, OPTIONS, PUT",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/docs": "GET, HEAD, OPTIONS",
    "/health/live": "GET, HEAD, OPTIONS",
    "/health/ready": "GET, HEAD, OPTIONS",
    "/metrics": "GET, HEAD, OPTIONS",
    "/photos/studio.svg": "GET, HEAD, OPTIONS",
    "/static/rentomatic.css": "GET, HEAD, OPTIONS",
}
ELSEWHERE = "https://partner.example"


class Asking(MemRepo):
    """A storage that sends the application a request while it handles one itself."""

    also: Callable[[], object]

    def get(self, code: str) -> Room | None:
        self.also()
        return super().get(code)

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        self.also()
        with super().stream(query, within) as rooms:
            yield rooms


def methods_in(text: str) -> set[str]:
    return set(text.split(", "))


@pytest.mark.parametrize("path", METHODS)
def test_options_and_405_list_the_methods(client: testing.TestClient, path: str) -> None:
    asked = client.simulate_options(path)
    refused = client.simulate_patch(path)

    assert (asked.status_code, asked.content) == (200, b"")
    assert methods_in(METHODS[path]) - {"OPTIONS"} == methods_in(asked.headers["allow"]) - {"OPTIONS"}
    assert refused.status_code == 405
    assert methods_in(METHODS[path]) == methods_in(refused.headers["allow"]) | {"OPTIONS"}


EXPORT = "/rooms?format=csv"
WITH_HEAD = [path for path, methods in METHODS.items() if "HEAD" in methods][:-1]


@pytest.mark.parametrize("path", [*WITH_HEAD, EXPORT])
def test_head_is_get_without_a_body(client: testing.TestClient, path: str) -> None:
    whole, head = get(client, path), client.simulate_head(path)

    assert (200, b"") == (head.status_code, head.content)
    own = {"x-request-id", "server-timing", "content-length"}
    if path == EXPORT:  # not created, so its length and number of rooms are unknown
        own |= {"x-total-count", "x-total-count-exact"}
        assert "content-length" not in head.headers
    assert {n: t for n, t in whole.headers.items() if n not in own} == {
        n: t for n, t in head.headers.items() if n not in own
    }


@pytest.mark.parametrize("path", ["/rooms", "/rooms/summary", ROOM, "/rooms/nope"])
def test_an_unacceptable_format_is_a_406_before_the_storage_is_queried(path: str) -> None:
    class NoRepository(MemRepo):
        def get(self, code: str) -> Room | None:
            raise AssertionError("was asked")

    answer = get(client_of(NoRepository()), path, Accept="image/png")

    assert answer.status_code == 406
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_problem_has_its_own_format_whatever_is_accepted(client: testing.TestClient) -> None:
    answer = get(client, "/rooms/nope", Accept="application/geo+json")

    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize("how", [{"Accept": "application/geo+json"}, {}])
def test_a_room_may_be_a_geojson_feature(client: testing.TestClient, how: dict[str, str]) -> None:
    answer = get(client, ROOM if how else f"{ROOM}?format=geojson", **how)

    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.json["geometry"]["coordinates"] == [-0.09998975, 51.75436293]
    assert answer.json["properties"] == {"code": FIRST_ROOMS[0].code, "size": 215, "price": 39}
    assert answer.headers["etag"] != get(client, ROOM).headers["etag"]


@pytest.mark.parametrize("query", ["format=csv", "filter_price__lt=60", "limit=5", "format=json&format=json"])
def test_a_single_room_accepts_only_the_parameter_format(client: testing.TestClient, query: str) -> None:
    assert get(client, f"{ROOM}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/rooms", "public, max-age=0, s-maxage=1, must-revalidate"),
        ("/rooms/summary", "public, max-age=0, s-maxage=1, must-revalidate"),
        (ROOM, "no-cache"),
        ("/rooms?format=csv", "no-cache"),
        ("/openapi.json", "no-cache"),
        ("/rooms?limit=0", "no-store"),
    ],
)
def test_only_a_search_may_be_cached_by_a_proxy_and_for_a_second(
    client: testing.TestClient, target: str, expected: str
) -> None:
    assert expected == get(client, target).headers["cache-control"]


class QuarterSecondRepo(MemRepo):
    """A storage whose reads advance the clock by a quarter of a second."""

    now = 1000.0

    def get(self, code: str) -> Room | None:
        self.now += 0.25
        return super().get(code)

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self.now += 0.25
        return super().search(query, within, quick=quick)

    def count(
        self,
        query: RoomQuery,
        at_most: int | None = None,
        within: float | None = None,
        *,
        quick: bool = False,
    ) -> int:
        self.now += 0.25
        return super().count(query, at_most, within, quick=quick)


@pytest.mark.parametrize(
    ("target", "milliseconds"), [("/rooms", 250), (ROOM, 250), ("/rooms?limit=1&count=exact", 500)]
)
def test_response_states_the_time_in_the_storage(
    target: str, milliseconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = QuarterSecondRepo(FIRST_ROOMS)
    client = client_of(repository)
    monkeypatch.setattr("time.perf_counter", lambda: repository.now)

    assert f"storage;dur={milliseconds}.000" == get(client, target).headers["server-timing"]


@pytest.mark.parametrize("target", ["/rooms", "/rooms/summary", ROOM, "/rooms?format=csv"])
def test_response_states_what_it_varies_by(client: testing.TestClient, target: str) -> None:
    answer = get(client, target)

    assert "Accept" == answer.headers["vary"]
    assert answer.headers["server-timing"].startswith("storage;dur=")


def test_response_without_storage_states_no_time_for_it(client: testing.TestClient) -> None:
    get(client, "/rooms")

    assert "server-timing" not in get(client, "/health/live").headers


@pytest.mark.parametrize(
    ("target", "status"), [("/rooms", 200), ("/rooms/nope", 404), ("/rooms?limit=0", 400), ("/nope", 404)]
)
def test_scripts_of_any_site_may_read_the_response(
    client: testing.TestClient, target: str, status: int
) -> None:
    for headers in ({}, {"Origin": ELSEWHERE}):  # a cache may serve one response for the other
        answer = get(client, target, **headers)

        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers
        assert answer.headers["access-control-expose-headers"] == ", ".join(EXPOSED_HEADERS)


@pytest.mark.parametrize(("path", "method"), [("/rooms", "POST"), (ROOM, "PUT"), (ROOM, "DELETE")])
def test_a_preflight_response_lists_what_a_script_may_send(
    client: testing.TestClient, path: str, method: str
) -> None:
    answer = client.simulate_options(
        path,
        headers={
            "Origin": ELSEWHERE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization,content-encoding,if-match",
        },
    )

    assert answer.status_code == 200
    assert method in methods_in(answer.headers["access-control-allow-methods"])
    assert set(REQUEST_HEADERS) == methods_in(answer.headers["access-control-allow-headers"])
    assert answer.headers["access-control-max-age"] == "7200"


def test_only_configured_sites_are_allowed() -> None:
    client = ContractClient(create_app(MemRepo(), origins=(ELSEWHERE,)))

    known, other = (get(client, "/rooms", Origin=origin) for origin in (ELSEWHERE, "https://other.example"))

    assert known.headers["access-control-allow-origin"] == ELSEWHERE
    assert "access-control-allow-origin" not in other.headers
    assert "Accept, Origin" == known.headers["vary"] == other.headers["vary"]


def test_no_site_is_allowed_if_none_is_configured() -> None:
    answer = get(ContractClient(create_app(MemRepo(), origins=())), "/rooms", Origin=ELSEWHERE)

    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["vary"] == "Accept"


def test_scripts_may_read_every_documented_header() -> None:
    of_browsers = {
        "Cache-Control",
        "Vary",
        "X-Content-Type-Options",
        "Accept",
        "Accept-Post",
        "Accept-Encoding",
    }
    named = {name for name in DOCUMENT["components"]["headers"] if not name.startswith("Access-Control-")}

    assert named - of_browsers <= set(EXPOSED_HEADERS)


def test_scripts_may_send_every_documented_header() -> None:
    named = {
        parameter["name"]
        for parameter in DOCUMENT["components"]["parameters"].values()
        if parameter["in"] == "header"
    }

    assert {*named, "Authorization", "Content-Encoding", "Content-Type"} == set(REQUEST_HEADERS)


@pytest.mark.parametrize("path", ["/rooms", "/rooms/summary", "/rooms?format=csv", "/openapi.json", "/docs"])
def test_if_match_applies_to_reads(client: testing.TestClient, path: str) -> None:
    there, other = (get(client, path, If_Match=tags) for tags in ("*", 'W/"other", "other"'))

    assert (there.status_code, other.status_code) == (200, 412)


@pytest.mark.parametrize("path", ["/rooms", "/rooms/summary", CLUSTERS])
def test_a_weak_etag_never_matches_if_match(client: testing.TestClient, path: str) -> None:
    tag = get(client, path).headers["etag"]

    assert get(client, path, If_Match=tag).status_code == 412
    assert get(client, path, If_None_Match=tag).status_code == 304


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_an_unchanged_document_is_not_sent_again(client: testing.TestClient, path: str) -> None:
    tag = get(client, path).headers["etag"]

    assert get(client, path, If_None_Match=tag).status_code == 304
    assert get(client, path, If_Match=tag).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "threads"),
    [(ROOM, "/rooms", 1), ("/rooms?format=csv", "/rooms?format=csv", 4)],
    ids=["of quick reads", "of exports"],
)
def test_requests_that_waited_for_a_place_in_vain_are_counted(first: str, second: str, threads: int) -> None:
    repository = Asking(FIRST_ROOMS)
    client = client_of(repository, threads, tuning=Tuning(wait=0.2))
    answers: list[int] = []
    repository.also = lambda: answers.append(get(client, second).status_code)
    get(client, first)

    assert answers == [503]
    assert "rentomatic_http_requests_turned_away_total 1.0" in get(client, "/metrics").text
