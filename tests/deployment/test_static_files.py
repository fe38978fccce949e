"""nginx serves the pages' files: without limits, without the application, and in every version."""

import gzip
import re
import time
from collections import Counter

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Stack
from tests.deployment.test_overload import PRODUCTION
from tests.deployment.test_proxy import BROWSER, JSON, SECURITY_HEADERS, kind
from tests.deployment.visits import first_visits

OFFICE = 40
FOR_GOOD = "public, max-age=31536000, immutable"
UNKNOWN = "/static/0123456789abcdef"
PACKED = {"Accept-Encoding": "gzip"}


def base(stack: Stack) -> str:
    """Return the prefix of file names on the page that is served now."""
    found = re.search(r'"(/static/[0-9a-f]{16})/', stack.get("/").body.decode())
    assert found
    return found[1]


def logged(stack: Stack, service: str, marker: str) -> int:
    return sum(marker in line.get("path", "") for line in stack.json_log(service))


def test_an_office_behind_one_address_opens_the_first_page_at_once(stack: Stack, figures: Figures) -> None:
    with stack.reconfigured(**PRODUCTION):
        began = time.monotonic()
        seen = first_visits(stack.port, OFFICE)
        seconds = time.monotonic() - began
    static, others = Counter[int](), Counter[int]()
    for address, status in seen:
        (static if address.startswith("/static/") else others)[status] += 1
    told = f"{dict(static)} for files, {dict(others)} for the rest, {seconds:.1f} s"
    figures.add(f"{OFFICE} first visits at once, answers", told)

    assert {200} == set(static)
    assert static[200] >= 15 * OFFICE
    assert others[200] == 3 * OFFICE
    assert {200} <= set(others) <= {200, 503}


def test_nginx_serves_files_without_the_application(stack: Stack) -> None:
    path = f"{base(stack)}/vendor/leaflet/leaflet.js"
    marker = f"{base(stack)}/vendor"
    plain, packed = stack.get(path), stack.get(path, PACKED)
    again = stack.get(path, {**PACKED, "If-None-Match": packed.header("etag")[0]})
    picture = stack.get(f"{base(stack)}/preview.png", PACKED)

    assert [200, 200, 304, 200] == [answer.status for answer in (plain, packed, again, picture)]
    assert [FOR_GOOD] * 4 == [answer.header("cache-control")[0] for answer in (plain, packed, again, picture)]
    assert ([], ["gzip"], []) == tuple(found.header("content-encoding") for found in (plain, packed, picture))
    assert plain.body == gzip.decompress(packed.body)
    assert "Accept-Encoding" in plain.header("vary")[0]
    assert dict.fromkeys(SECURITY_HEADERS, 1) == {name: len(plain.header(name)) for name in SECURITY_HEADERS}
    assert (0, 0) == (logged(stack, "web", marker), logged(stack, "nginx", marker))


@pytest.mark.parametrize("accept", [JSON, BROWSER])
def test_file_missing_from_every_version_is_not_found(stack: Stack, accept: dict[str, str]) -> None:
    for path in (f"{base(stack)}/none.js", f"{base(stack)}/js/", f"{base(stack)}/", f"{UNKNOWN}/none.js"):
        answer = stack.get(path, accept)

        assert (404, "no-store") == (answer.status, answer.header("cache-control")[0])
        assert kind(answer) == ("text/html" if accept is BROWSER else "application/problem+json")


def test_file_of_an_unknown_version_is_the_current_one_and_not_cached(stack: Stack) -> None:
    known, unknown = stack.get(f"{base(stack)}/map.css"), stack.get(f"{UNKNOWN}/map.css")

    assert (200, "public, no-cache") == (unknown.status, unknown.header("cache-control")[0])
    assert known.body == unknown.body


def test_files_are_served_while_every_web_container_is_stopped_and_afterwards(stack: Stack) -> None:
    path = f"{base(stack)}/js/search.js"
    stack.manage("compose", "stop", "web")
    try:
        stopped, missing = stack.get(path), stack.get(f"{UNKNOWN}/js/search.js", JSON)
    finally:
        stack.manage("compose", "start", "web")
        stack.wait_until_served()
    after = stack.get(path)

    assert (200, 503) == (stopped.status, missing.status)
    assert (stopped.status, stopped.body) == (after.status, after.body)


def test_requests_for_missing_files_are_limited_like_any_others(stack: Stack) -> None:
    limits = {"CLIENT_RATE": "1r/s", "CLIENT_BURST": "5"}
    with stack.reconfigured(**limits):
        path = f"{base(stack)}/map.css"
        there = [stack.get(path).status for _ in range(40)]
        elsewhere = [stack.get(f"{UNKNOWN}/map.css").status for _ in range(40)]
        refused = stack.get("/rooms", JSON)

    assert {200} == set(there)
    assert {200, 429} == set(elsewhere)
    assert 429 == refused.status
