"""Every failure is a problem (RFC 9457) that says what to fix and reveals no internals."""

import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.listings import source
from rentomatic.money import NO_CURRENCY
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.requests.search import FILTERS, MATCH_PARAMETERS
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases import errors, import_rooms
from rentomatic.use_cases.errors import RentomaticError, RepositoryUnavailable, StorageBusy
from rentomatic.web.http.errors import PROBLEMS
from rentomatic.web.limits.tuning import Tuning
from rentomatic.web.pages.labels import label_of
from tests.builders import make_room
from tests.web.conftest import client_of, get


class NoRepository:
    """A storage that must not be used."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was called")


class BrokenRepo(MemRepo):
    """A storage that fails with the given error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(FIRST_ROOMS)
        self.error = error

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        raise self.error

    def get(self, code: str) -> Room | None:
        raise self.error

    def ping(self) -> None:
        raise self.error

    @contextmanager
    def stream(self, query: RoomQuery, within: float | None = None) -> Iterator[Iterator[Room]]:
        def rooms() -> Iterator[Room]:
            yield from FIRST_ROOMS
            raise self.error

        yield rooms()


def assert_problem(answer: testing.Result, status: int, kind: str = "about:blank") -> dict[str, Any]:
    problem: dict[str, Any] = answer.json
    assert status == answer.status_code
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type": kind, "status": status} == {"type": problem["type"], "status": problem["status"]}
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    return problem


BAD = {
    "filter_price__lt=": "filter_price__lt",
    "filter_price__lt=abc": "filter_price__lt",
    "filter_price__lt=1_000": "filter_price__lt",
    "filter_price__lt=%205%20": "filter_price__lt",
    "filter_price__lt=+5": "filter_price__lt",
    "filter_price__lt=%C2%B2": "filter_price__lt",
    "filter_price__lt=%D9%A3": "filter_price__lt",
    "filter_price__lt=NaN": "filter_price__lt",
    "filter_price__lt=1e999": "filter_price__lt",
    "filter_price__lt=%00": "filter_price__lt",
    "filter_price__lt=60%00": "filter_price__lt",
    "filter_price__lt=99999999999": "filter_price__lt",
    "filter_price__lt=60.5": "filter_price__lt",
    "filter_latitude__gt=1e999": "filter_latitude__gt",
    "filter_latitude__gt=nan": "filter_latitude__gt",
    "filter_code__eq=a%00b": "filter_code__eq",
    "filter_code__in=": "filter_code__in",
    "filter_prize__lt=60": "filter_prize__lt",
    "filter_price__like=60": "filter_price__like",
    "filter_price=60": "filter_price",
    "price=60": "price",
    "q=": "q",
    "q": "q",
    "bbox=1,2,3": "bbox",
    "bbox=a,b,c,d": "bbox",
    "bbox=0,9,1,1": "bbox",
    "bbox=0,0,999,1": "bbox",
    "bbox=": "bbox",
    "near=51.5": "near",
    "near=91,0": "near",
    "near=NaN,0": "near",
    "near=%00,0": "near",
    "radius=500": "radius",
    "near=51,0&radius=-1": "radius",
    "near=51,0&radius=1e999": "radius",
    "limit=0": "limit",
    "limit=1001": "limit",
    "limit=-1": "limit",
    "limit=ten": "limit",
    "limit=5&limit=6": "limit",
    "sort=cheap": "sort",
    "sort=distance": "sort",
    "cursor=x": "cursor",
    "cursor=": "cursor",
    "cursor=%00": "cursor",
    "count=all": "count",
    "format=xml": "format",
    "%FF=1": "(query)",
    "filter_code__eq=%FF": "(query)",
}


@pytest.mark.parametrize("query", BAD)
def test_a_bad_parameter_is_a_400_that_names_it_and_takes_no_connection(query: str) -> None:
    answer = get(client_of(NoRepository()), f"/rooms?{query}")

    problem = assert_problem(answer, 400, "urn:rentomatic:problem:parameters")
    assert [BAD[query]] == [error["parameter"] for error in problem["errors"]]
    assert all(error["message"] for error in problem["errors"])


GOOD_ON_A_PAGE = re.compile(r"=(%205|\+5)|%00$|a%00b|&limit=|^q=?$")
"""Parameters that people paste, repeat or leave empty; pages ignore unknown ones."""


@pytest.mark.parametrize(
    "query",
    [
        query
        for query, name in BAD.items()
        if name in (*FILTERS, *MATCH_PARAMETERS, "sort", "limit", "cursor")
        and not GOOD_ON_A_PAGE.search(query)
    ],
)
def test_the_page_shows_the_problem_of_a_bad_parameter(query: str) -> None:
    answer = get(client_of(NoRepository()), f"/?{query}")

    assert answer.status_code == 400
    assert "This search is not valid" in answer.text
    assert label_of(BAD[query], NO_CURRENCY) in answer.text


def test_all_bad_parameters_are_named_at_once() -> None:
    answer = get(client_of(NoRepository()), "/rooms?limit=0&near=x&filter_price__lt=y&colour=red")

    problem = assert_problem(answer, 400, "urn:rentomatic:problem:parameters")
    assert {"limit", "near", "filter_price__lt", "colour"} == {e["parameter"] for e in problem["errors"]}


@pytest.mark.parametrize(
    "target", ["/rooms/summary?limit=5", "/rooms/summary?sort=price", "/rooms/a1?near=1,2"]
)
def test_a_parameter_that_does_not_apply_is_refused(target: str) -> None:
    assert_problem(get(client_of(NoRepository()), target), 400, "urn:rentomatic:problem:parameters")


@pytest.mark.parametrize("path", ["/", "/rooms", "/rooms/summary", "/nope"])
def test_a_url_beyond_8_kib_is_a_414_that_names_the_longest_parameter(path: str) -> None:
    values = ",".join(["1234567"] * 20_000)
    answer = get(client_of(NoRepository()), f"{path}?limit=5&filter_price__in={values}")

    problem = assert_problem(answer, 414, "urn:rentomatic:problem:url-too-long")
    assert [error["parameter"] for error in problem["errors"]] == ["filter_price__in"]


def test_more_than_a_thousand_values_are_refused() -> None:
    answer = get(client_of(NoRepository()), "/rooms?filter_price__in=" + ",".join(["1"] * 1001))

    assert_problem(answer, 400, "urn:rentomatic:problem:parameters")


@pytest.mark.parametrize("code", ["nope", "a%00b", "%FF", "..", "x" * 200, "a%2Fb", "²", "%0A"])
def test_a_missing_room_is_a_404(client: testing.TestClient, code: str) -> None:
    answer = client.simulate_get(f"/rooms/{code}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_path_is_a_404(client: testing.TestClient) -> None:
    assert_problem(get(client, "/nope"), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/rooms/summary", "/health/live"])
def test_a_wrong_method_is_a_405_that_lists_the_right_ones(
    client: testing.TestClient, path: str, method: str
) -> None:
    answer = client.simulate_request(method, path)

    assert_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


def test_an_unacceptable_format_is_a_406(client: testing.TestClient) -> None:
    problem = assert_problem(get(client, "/rooms", Accept="image/png"), 406)

    assert "application/geo+json" in problem["detail"]


def test_a_malformed_header_is_a_400(client: testing.TestClient) -> None:
    answer = get(client, "/rooms", Accept="\x00;;q=x")

    assert answer.status_code in (400, 406)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("error", [RepositoryUnavailable("The storage cannot be reached."), StorageBusy()])
@pytest.mark.parametrize("path", ["/rooms", "/rooms/a1", "/rooms?format=csv", "/health/ready"])
def test_an_unreachable_storage_is_a_503_with_retry_after(path: str, error: RepositoryUnavailable) -> None:
    client = client_of(BrokenRepo(error))

    answer = get(client, path)

    assert_problem(answer, 503, "urn:rentomatic:problem:storage-unavailable")
    assert answer.headers["retry-after"] == "1"


def test_a_process_is_live_while_its_storage_is_unreachable() -> None:
    client = client_of(BrokenRepo(RepositoryUnavailable("away")))

    assert get(client, "/health/live").status_code == 200


@pytest.mark.parametrize("path", ["/rooms", "/rooms?format=ndjson", "/"])
def test_a_defect_is_a_500_that_reveals_no_internals(path: str, caplog: pytest.LogCaptureFixture) -> None:
    client = client_of(BrokenRepo(ZeroDivisionError("password=hunter2")))

    answer = get(client, path, X_Request_ID="seen-by-the-caller")

    assert_problem(answer, 500)
    assert "hunter2" not in answer.text
    assert "ZeroDivision" not in answer.text
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info
    assert vars(record)["request_id"] == answer.json["request_id"] == "seen-by-the-caller"


def test_an_export_that_fails_midway_is_an_error_rather_than_a_short_file() -> None:
    client = client_of(BrokenRepo(RepositoryUnavailable("The storage went away.")))

    answer = get(client, "/rooms?format=csv")

    assert_problem(answer, 503, "urn:rentomatic:problem:storage-unavailable")
    assert "content-disposition" not in answer.headers


def test_every_error_of_a_use_case_has_its_own_status_and_type() -> None:
    told = {
        error
        for module in (errors, import_rooms, source)
        for error in vars(module).values()
        if isinstance(error, type) and issubclass(error, RentomaticError) and error is not RentomaticError
    }

    assert set(PROBLEMS) <= told
    assert set() == {error for error in told if not PROBLEMS.keys() & set(error.__mro__)}
    assert len({kind.slug for kind in PROBLEMS.values()}) == len(PROBLEMS)


@pytest.mark.parametrize("given_id", ["abc-1", "A.b_c~9", "x" * 64])
def test_a_request_id_is_adopted(client: testing.TestClient, given_id: str) -> None:
    assert given_id == get(client, "/rooms", X_Request_ID=given_id).headers["x-request-id"]


@pytest.mark.parametrize("given_id", ["", "x" * 65, "a b", "a\tb", '"', "é"])
def test_a_request_id_that_could_harm_a_log_is_replaced(client: testing.TestClient, given_id: str) -> None:
    answer = get(client, "/rooms", X_Request_ID=given_id)

    assert len(answer.headers["x-request-id"]) == 32


def test_every_request_leaves_one_line_in_the_log(
    client: testing.TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "rentomatic.access"):
        get(client, "/rooms?limit=0", X_Request_ID="r1")

    (record,) = caplog.records
    line = vars(record)
    assert (
        line["request_id"], line["method"], line["path"], line["query"], line["status"],
    ) == ("r1", "GET", "/rooms", "limit=0", 400)  # fmt: skip
    assert line["duration_ms"] >= 0


NAMES = st.sampled_from([*FILTERS, "near", "radius", "bbox", "sort", "limit", "cursor", "count", "format"])
QUERIES = (
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200).map(
        lambda text: text.lstrip("?")
    )
    | st.lists(st.tuples(NAMES, st.text("0123456789.,-+e%20eE_ab"))).map(
        lambda pairs: "&".join(f"{name}={text}" for name, text in pairs)
    )
    | st.binary(max_size=60).map(lambda raw: "filter_code__eq=" + "".join(f"%{byte:02X}" for byte in raw))
)


@given(st.sampled_from(["/rooms", "/rooms/summary", "/rooms/a1", "/"]), QUERIES)
def test_no_query_string_makes_the_server_fail(path: str, query: str) -> None:
    answer = client_of(MemRepo(FIRST_ROOMS)).simulate_get(path, query_string=query)

    assert answer.status_code == 200 or 400 <= answer.status_code < 500
    if answer.status_code != 200 and path != "/":
        assert json.loads(answer.text)["status"] == answer.status_code


@given(st.text(min_size=1))
def test_no_path_makes_the_server_fail(path: str) -> None:
    answer = client_of(MemRepo(FIRST_ROOMS)).simulate_get("/rooms/" + path.replace("?", ""))

    assert answer.status_code in (200, 400, 404, 414)


def test_an_accepted_search_can_be_paged_however_long_its_url() -> None:
    rooms = [make_room(code=f"{number:036}") for number in range(5)]
    codes = ",".join([room.code for room in rooms] * 44)
    query = f"filter_code__in={codes}&limit=2"
    query += "&filter_size__in=" + ",".join(["20"] * ((8170 - len(query)) // 3))
    first = get(client_of(MemRepo(rooms)), f"/rooms?{query}")

    following = get(client_of(MemRepo(rooms)), first.headers["link"].partition(">")[0][1:])

    assert len(query) > 8150
    assert [200, 200] == [first.status_code, following.status_code]
    assert [2, 2] == [len(first.json), len(following.json)]


class SlowRepo(MemRepo):
    """A storage that answers when told to."""

    def __init__(self) -> None:
        super().__init__(FIRST_ROOMS)
        self.asked = threading.Semaphore(0)
        self.answer = threading.Event()

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        self.asked.release()
        assert self.answer.wait(30)
        return super().search(query)


def test_excess_requests_are_refused_while_health_responds() -> None:
    repository = SlowRepo()
    client = client_of(repository, threads=4, tuning=Tuning(wait=0.2))
    with ThreadPoolExecutor() as pool:
        busy = [pool.submit(get, client, "/rooms") for _ in range(3)]
        try:
            for _ in busy:
                assert repository.asked.acquire(timeout=30)

            refused = [get(client, "/rooms") for _ in range(20)]
            live = get(client, "/health/live")
        finally:
            repository.answer.set()
        answered = [future.result(timeout=30) for future in busy]

    for answer in refused:
        assert_problem(answer, 503, "urn:rentomatic:problem:overloaded")
        assert answer.headers["retry-after"] in ("1", "2", "3")
    assert live.status_code == 200
    assert [200] * 3 == [answer.status_code for answer in answered]


def test_requests_are_answered_again_after_an_overload() -> None:
    repository = SlowRepo()
    client = client_of(repository, threads=1, tuning=Tuning(wait=0.2))
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(get, client, "/rooms")
        try:
            assert repository.asked.acquire(timeout=30)
            assert get(client, "/rooms").status_code == 503
        finally:
            repository.answer.set()
        assert busy.result(timeout=30).status_code == 200

    assert get(client, "/rooms").status_code == 200


def test_a_failed_request_frees_its_place() -> None:
    client = client_of(BrokenRepo(RepositoryUnavailable("away")), threads=1)

    for path in ("/rooms", "/rooms?limit=0", "/nope", "/rooms?format=csv", "/") * 3:
        assert get(client, path).json["type"] != "urn:rentomatic:problem:overloaded"
