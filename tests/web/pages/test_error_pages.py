"""Error pages for people; programs get the same as a problem."""

import logging
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from falcon import testing
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.domain.search import Page, RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.use_cases.errors import RepositoryUnavailable, WordsNotStored
from rentomatic.web.limits.tuning import Tuning
from rentomatic.web.pages import error
from tests.web.conftest import client_of, get

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


class FailingRepo(MemRepo):
    """A storage that fails with the given error."""

    def __init__(self, failure: Exception) -> None:
        super().__init__(FIRST_ROOMS)
        self.failure = failure

    def get(self, code: str) -> Room | None:
        raise self.failure

    def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
        raise self.failure


def assert_page(answer: testing.Result, status: int, title: str) -> None:
    assert (status, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert f"<h1>{title}</h1>" in answer.text
    assert f"<title>{title} · Rent-o-matic</title>" in answer.text
    assert f"request <code>{answer.headers['x-request-id']}</code>" in answer.text
    assert 'href="/">Back to the search</a>' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert str(len(answer.content)) == answer.headers["content-length"]


def browse(client: testing.TestClient, target: str) -> testing.Result:
    return get(client, target, Accept=BROWSER)


def test_page_asks_to_remove_words_that_many_rooms_lack() -> None:
    answer = browse(client_of(FailingRepo(WordsNotStored())), "/?q=quiet")

    assert_page(answer, 503, "Rooms cannot be searched for words right now")
    assert "Remove the words from your search." in answer.text


def test_an_unknown_page_links_back_to_the_search(client: testing.TestClient) -> None:
    answer = browse(client, "/nope")

    assert_page(answer, 404, "There is no such page")
    assert "Try again" not in answer.text


@pytest.mark.parametrize("code", ["nope", "a%20b", "%FF", "x" * 200])
def test_an_unknown_room_is_reported_as_missing(client: testing.TestClient, code: str) -> None:
    assert_page(browse(client, f"/room/{code}"), 404, "This room is not listed")


def test_a_wrong_method_names_the_right_ones(client: testing.TestClient) -> None:
    answer = client.simulate_delete("/", headers={"Accept": BROWSER})

    assert (405, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "That is not possible here" in answer.text
    assert "GET" in answer.headers["allow"]


def test_a_too_long_url_is_not_repeated(client: testing.TestClient) -> None:
    answer = browse(client, "/?filter_price__in=" + "1234567," * 20_000)

    assert_page(answer, 414, "This link is too long")
    assert "<li>filter_price__in: makes the URL longer than 8192 bytes</li>" in answer.text
    assert len(answer.content) < 5000


@pytest.mark.parametrize(
    ("body", "status", "title"),
    [
        (b"key=" + b"x" * (1 << 18), 413, "This is too large"),
        (b"key=%FF", 400, "This form cannot be read"),
    ],
)
def test_an_invalid_form_is_reported(
    client: testing.TestClient, body: bytes, status: int, title: str
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}

    answer = client.simulate_post("/staff/sign-in", body=body, headers={"Accept": BROWSER, **form})

    assert_page(answer, status, title)
    assert "Try again" not in answer.text


@pytest.mark.parametrize("path", ["/", "/room/a1"])
def test_an_unreachable_storage_offers_to_try_again(path: str) -> None:
    failure = RepositoryUnavailable("The storage did not answer in time.")

    answer = browse(client_of(FailingRepo(failure)), path)

    assert_page(answer, 503, "The rooms are unavailable right now")
    assert '<a class="button" href="">Try again</a>' in answer.text
    assert answer.headers["retry-after"] == "1"


def test_an_overload_asks_for_patience() -> None:
    class SlowRepo(MemRepo):
        asked, answer = threading.Event(), threading.Event()

        def search(self, query: RoomQuery, within: float | None = None, *, quick: bool = False) -> Page:
            self.asked.set()
            assert self.answer.wait(30)
            return super().search(query)

    repository = SlowRepo(FIRST_ROOMS)
    client = client_of(repository, threads=1, tuning=Tuning(wait=0.2))
    with ThreadPoolExecutor() as pool:
        busy = pool.submit(get, client, "/rooms")
        try:
            assert repository.asked.wait(30)
            refused = browse(client, "/")
        finally:
            repository.answer.set()
        assert busy.result(timeout=30).status_code == 200

    assert_page(refused, 503, "Too many requests right now")
    assert refused.headers["retry-after"] in ("1", "2", "3")


def test_a_defect_reveals_no_internals(caplog: pytest.LogCaptureFixture) -> None:
    answer = browse(client_of(FailingRepo(ZeroDivisionError("password=hunter2"))), "/")

    assert_page(answer, 500, "Something went wrong here")
    assert not re.search("hunter2|ZeroDivision|Traceback", answer.text)
    assert [record.exc_info is not None for record in caplog.records if record.levelno == logging.ERROR] == [
        True
    ]


def test_text_from_the_url_is_escaped(client: testing.TestClient) -> None:
    for target in ("/%3Cscript%3Ealert(1)%3C/script%3E", "//elsewhere.example/", "/room/%22%3E%3Cscript%3E"):
        answer = browse(client, target)

        assert answer.status_code == 404
        assert "<script" not in answer.text
        assert "elsewhere" not in answer.text


@pytest.mark.parametrize(
    "path", ["/rooms?limit=0", "/rooms/nope", "/openapi.json/x", "/health/nope", "/metrics/x"]
)
def test_the_api_sends_problems_to_browsers_too(client: testing.TestClient, path: str) -> None:
    assert "application/problem+json" == browse(client, path).headers["content-type"]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/problem+json", "image/png", "\x00;;q=x"]
)
def test_programs_get_problems_from_pages(client: testing.TestClient, accept: str) -> None:
    answer = get(client, "/room/nope", Accept=accept)

    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert answer.json["type"] == "urn:rentomatic:problem:no-such-room"


@given(st.text(min_size=1))
def test_no_path_makes_the_page_of_a_room_fail(path: str) -> None:
    answer = client_of(MemRepo(FIRST_ROOMS)).simulate_get(
        "/room/" + path.replace("?", ""), headers={"Accept": BROWSER}
    )

    assert answer.status_code in (200, 301, 404, 414)
    assert answer.status_code == 301 or answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_head_has_the_headers_of_the_page(client: testing.TestClient) -> None:
    answer = client.simulate_head("/nope", headers={"Accept": BROWSER})

    assert (404, b"") == (answer.status_code, answer.content)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_a_failing_error_page_falls_back_to_the_problem(
    client: testing.TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(error, "_view")

    answer = browse(client, "/nope")

    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert (404, answer.headers["x-request-id"]) == (answer.json["status"], answer.json["request_id"])
    assert "the page of an error failed" in caplog.text
