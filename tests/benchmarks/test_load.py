"""The load benchmark: what counts as a response, as a complete page, and as a figure."""

import asyncio
import gzip
import json
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import pytest

from benchmarks.load.client import AnswerReader, Browser, Outcome
from benchmarks.load.figures import Figure, of_refusals, percentile, share
from benchmarks.load.people import LONGEST, Person, Seen, is_whole
from benchmarks.load.strangers import most_expensive

Result = TypeVar("Result")

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello"
IN_CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n"


def outcome(kind: str = "list", status: int = 200, **more: object) -> Outcome:
    return Outcome(kind, 0.0, 0.1, status, **more)  # type: ignore[arg-type]


# --- answers


@pytest.mark.parametrize("answer", [PLAIN, IN_CHUNKS])
def test_response_that_arrives_byte_by_byte_is_complete_with_its_last_byte(answer: bytes) -> None:
    reader = AnswerReader()
    found = [reader.feed(answer[n : n + 1]) for n in range(len(answer))]

    assert [None] * (len(answer) - 1) == found[:-1]
    assert found[-1] is not None
    assert (200, b"hello") == (found[-1].status, found[-1].body)


def test_successive_responses_on_a_connection_are_read_separately() -> None:
    reader = AnswerReader()
    bodies = [found.body for answer in (PLAIN, IN_CHUNKS, PLAIN) if (found := reader.feed(answer))]

    assert [b"hello"] * 3 == bodies


def test_chunk_that_looks_like_the_end_is_not_the_end() -> None:
    reader = AnswerReader()
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nab0\r\n\r\n"

    assert None is reader.feed(start)
    assert (found := reader.feed(b"\r\n0\r\n\r\n")) is not None
    assert b"ab0\r\n\r\n" == found.body


def test_interim_response_is_skipped() -> None:
    found = AnswerReader().feed(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + PLAIN)

    assert found is not None
    assert 200 == found.status


def test_response_of_unknown_length_is_rejected() -> None:
    with pytest.raises(ValueError, match="how long"):
        AnswerReader().feed(b"HTTP/1.1 200 OK\r\n\r\nhello")


def test_compressed_text_is_read() -> None:
    packed = gzip.compress(b"hello")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"

    assert (found := AnswerReader().feed(head.encode() + packed)) is not None
    assert b"hello" == found.text()


# --- browsers


@contextmanager
def server(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[int]:
    """Run a server that answers every GET this way; give its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield running.server_port
        finally:
            running.shutdown()


def send(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, length: int | None = None) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.end_headers()
    handler.wfile.write(body)


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run work in a thread of its own, because a browser of other tests may have a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result(timeout=60)


async def statuses(port: int, requests: int) -> list[int]:
    browser = Browser(port)
    found = [(await browser.get("list", "/rooms")).status for _ in range(requests)]
    browser.close()
    return found


def test_request_on_a_connection_that_was_closed_is_retried() -> None:
    ports: set[int] = set()

    def answer_once(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        send(handler, b"hello")
        handler.close_connection = True  # without announcing it

    with server(answer_once) as port:
        found = run(statuses(port, 3))

    assert [200] * 3 == found
    assert 3 == len(ports)


def test_connection_kept_by_the_server_is_reused() -> None:
    ports: set[int] = set()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        ports.add(handler.client_address[1])
        send(handler, b"hello")

    with server(answer) as port:
        run(statuses(port, 3))

    assert 1 == len(ports)


def test_truncated_response_is_an_error() -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        send(handler, b"hello", length=10)
        handler.close_connection = True

    with server(cut) as port:
        found = run(statuses(port, 1))

    assert [0] == found


# --- pages


@pytest.mark.parametrize(
    ("found", "whole"),
    [
        (outcome("document", text=b"<html></html>\n"), True),
        (outcome("document", text=b"<html>"), False),
        (outcome("document", 503, text=b"<html></html>"), False),
        (outcome("clusters", text=b'{"clusters": []}'), True),
        (outcome("clusters", text=b'{"clusters": ['), False),
    ],
)
def test_response_is_complete_with_its_status_and_its_end(found: Outcome, whole: bool) -> None:
    assert whole == is_whole(found)


def look(refused: str) -> Seen:
    """Return what a person sees of one page if addresses with this prefix are refused."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if refused and handler.path.startswith(refused):
            send(handler, b"", 503)
        else:
            send(handler, b"{}</html>" if "/parts/" in handler.path or handler.path == "/" else b"{}")

    async def visit(port: int) -> Seen:
        seen, browser = Seen(), Browser(port)
        person = Person(1, browser, seen, ("/static/a.css",))
        await person.look(is_first=True, prices_after=0)
        browser.close()
        return seen

    with server(answer) as port:
        return run(visit(port))


def test_first_view_requests_page_files_and_parts_as_the_scripts_do() -> None:
    seen = look(refused="")
    kinds = [outcome.kind for outcome in seen.outcomes]

    assert ["document", "clusters, static", "clusters"] == [kinds[0], ", ".join(sorted(kinds[1:3])), kinds[3]]
    assert ["clusters", "list", "prices"] == sorted(kinds[4:])
    assert [(True, True, True)] == [(view.whole, view.came, view.is_first) for view in seen.views]


@pytest.mark.parametrize("refused", ["/static", "/parts/rooms", "/parts/prices", "/rooms/clusters"])
def test_view_that_misses_a_part_is_incomplete(refused: str) -> None:
    (view,) = look(refused).views

    assert (False, True) == (view.whole, view.came)


@dataclass
class Refusing:
    """A browser whose server refuses the first requests for the list with these answers."""

    refusals: list[Outcome]
    port: int = 0
    lists: int = 0

    async def get(self, kind: str, target: str, headers: str = "") -> Outcome:
        if kind == "list":
            self.lists += 1
            if self.refusals:
                return self.refusals.pop(0)
        return outcome(kind, text=b"{}" if kind == "clusters" else b"</html>")


BUSY = outcome(status=503, retry_after=0.001)


@pytest.mark.parametrize(
    ("refusals", "asked", "whole"),
    [
        ([BUSY], 2, True),
        ([BUSY, BUSY], 2, False),
        ([outcome(status=503)], 1, False),
        ([outcome(status=503, retry_after=LONGEST + 1)], 1, False),
        ([outcome(status=429, retry_after=0.001)], 1, False),
    ],
    ids=["once", "twice", "without a time", "for long", "for asking too often"],
)
def test_refused_part_is_requested_once_more_after_retry_after(
    refusals: list[Outcome], asked: int, whole: bool
) -> None:
    seen, browser = Seen(), Refusing([*refusals])
    run(Person(1, browser, seen).look(is_first=False, prices_after=0))  # type: ignore[arg-type]

    assert (asked, [whole]) == (browser.lists, [view.whole for view in seen.views])


def test_person_whose_page_is_refused_requests_no_parts() -> None:
    seen = look(refused="/")

    assert ["document"] == [found.kind for found in seen.outcomes]
    assert [(False, False)] == [(view.whole, view.came) for view in seen.views]


# --- strangers


def test_most_expensive_requests_come_from_the_results_of_the_hunt(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    found = [{"request": {"method": m, "target": f"/rooms?limit={m}"}} for m in ("HEAD", "GET")]
    saved.write_text(json.dumps({"results": {"worst": [{"storage": "sqlite", "found": found}]}}))

    assert {"SQLite": ["/rooms?limit=GET"]} == most_expensive(saved)


# --- figures


def test_percentile_is_a_measured_value() -> None:
    assert (5, 10, 10, 1) == tuple(percentile(range(10, 0, -1), rank) for rank in (50, 95, 100, 0))
    assert 0 == percentile([], 95)


def test_share_of_nothing_is_100_per_cent() -> None:
    assert (25.0, 100.0) == (share(1, 4), share(0, 0))


def test_figure_is_reached_at_its_target() -> None:
    most, least = (Figure("x", "y", 2.0, target=2.0, at_most=at_most) for at_most in (True, False))

    assert (True, True) == (most.reached, least.reached)
    assert (False, False) == (
        Figure("x", "y", 2.1, target=2.0, at_most=True).reached,
        Figure("x", "y", 1.9, target=2.0).reached,
    )
    assert None is Figure("x", "y", 2.0).reached


def test_refusal_without_retry_after_is_a_failure() -> None:
    refusals = [outcome(status=503, retry_after=1), outcome(status=429), outcome(), outcome(status=500)]
    found = {figure.what: figure for figure in of_refusals("x", refusals)}

    assert (50.0, False) == (
        found["refusals with Retry-After"].found,
        found["refusals with Retry-After"].reached,
    )
    assert (1, False) == (found["requests lost or wrong"].found, found["requests lost or wrong"].reached)


def test_search_that_is_too_costly_does_not_count_as_overload() -> None:
    found = {f.what: f.found for f in of_refusals("x", [outcome(status=503, too_costly=True), outcome()])}

    assert (0, 50.0) == (found["requests 503"], found["requests too costly"])
    assert "refusals with Retry-After" not in found


def test_browser_distinguishes_a_costly_search_from_overload() -> None:
    bodies = [b'{"type": "urn:x:too-costly"}', b'{"type": "urn:x:overloaded"}']

    async def ask(port: int) -> list[bool]:
        browser = Browser(port)
        found = [(await browser.get("list", "/rooms")).refused for _ in range(2)]
        browser.close()
        return found

    with server(lambda handler: send(handler, bodies.pop(0), 503)) as port:
        refused = run(ask(port))

    assert [False, True] == refused
