"""What nginx does before, beside and instead of the application."""

import gzip
import json
import re
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from select import select

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Answer, Stack, docker, run, until

CLUSTERS = "/rooms/clusters?bbox=-180,-85,180,85&zoom=3"
JSON = {"Accept": "application/json"}
BROWSER = {"Accept": "text/html,application/xhtml+xml"}

SECURITY_HEADERS = (
    "x-content-type-options",
    "x-frame-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "x-request-id",
)


def kind(answer: Answer) -> str:
    return answer.header("content-type")[0].partition(";")[0]


# --- what is closed


@pytest.mark.parametrize("path", ["/metrics", "/health/ready"])
@pytest.mark.parametrize("spelling", ["{}", "/.{}", "/{}", "{}?a=b", "/static/..{}"])
def test_endpoints_for_operators_are_hidden_from_outside(stack: Stack, path: str, spelling: str) -> None:
    assert 404 == stack.get(spelling.format(path)).status


def test_endpoints_for_operators_respond_inside(stack: Stack) -> None:
    for name in stack.containers("web"):
        assert run(["docker", "exec", name, "python", "-m", "rentomatic.server.probe"]).returncode == 0
        assert (
            run(["docker", "exec", name, "python", "-m", "rentomatic.server.probe", "/metrics"]).returncode
            == 0
        )


# --- the pages of staff


def sent_here(stack: Stack, **more: str) -> dict[str, str]:
    """Return the headers of a form sent from a page of the stack."""
    form = "application/x-www-form-urlencoded"
    return {"Origin": f"http://127.0.0.1:{stack.port}", "Content-Type": form, **more}


def test_staff_sign_in_and_import_a_file_longer_than_any_form(stack: Stack) -> None:
    signed_in = stack.request("POST", "/staff/sign-in", sent_here(stack), f"key={stack.key}".encode())
    (cookie,) = signed_in.header("set-cookie")
    rooms = "".join(f"staff-{number:05},60,51.5,-0.1\n" for number in range(5000))
    body = (
        '--edge\r\nContent-Disposition: form-data; name="listing"; filename="rooms.csv"\r\n'
        f"Content-Type: text/csv\r\n\r\nid,price,lat,lng\n{rooms}\r\n"
        '--edge\r\nContent-Disposition: form-data; name="act"\r\n\r\npreview\r\n--edge--\r\n'
    ).encode()
    several = "multipart/form-data; boundary=edge"
    headers = sent_here(stack, **{"Cookie": cookie.partition(";")[0], "Content-Type": several})
    preview = stack.request("POST", "/staff/import", headers, body)

    assert (303, 200) == (signed_in.status, preview.status)
    assert len(body) > 65_536
    assert "5,000" in preview.body.decode()
    headers["Origin"] = "http://elsewhere.example"
    assert 403 == stack.request("POST", "/staff/import", headers, body).status


def test_guessing_keys_is_rate_limited(stack: Stack) -> None:
    answers = [
        stack.request("POST", "/staff/sign-in", sent_here(stack), b"key=rom_guess").status for _ in range(30)
    ]

    assert {403, 429} == set(answers)
    assert 429 == answers[-1]


def test_no_client_can_forge_the_name_of_the_site(stack: Stack) -> None:
    told = {"Forwarded": "host=elsewhere.example;proto=https", "X-Forwarded-Host": "elsewhere.example"}
    page = stack.get("/", {**BROWSER, **told})
    signed_out = stack.request("POST", "/staff/sign-out", sent_here(stack, **told), b"")

    assert f'<meta property="og:url" content="http://127.0.0.1:{stack.port}/"' in page.body.decode()
    assert b"elsewhere.example" not in page.body
    assert 303 == signed_out.status
    assert "Secure" not in signed_out.header("set-cookie")[0]


# --- what nginx has to say itself


def test_errors_of_nginx_are_problems_for_programs_and_pages_for_browsers(
    stack: Stack, subtests: pytest.Subtests
) -> None:
    requests = {
        404: ("GET", "/metrics", None),
        413: ("POST", "/rooms", b"x" * 300_000),
    }
    for status, (method, target, body) in requests.items():
        with subtests.test(str(status)):
            problem = stack.request(method, target, JSON, body)
            page = stack.request(method, target, BROWSER, body)

            assert (status, "application/problem+json") == (problem.status, kind(problem))
            assert {"type", "title", "status", "detail", "request_id"} == set(problem.json)
            assert status == problem.json["status"]
            assert problem.json["request_id"] == problem.header("x-request-id")[0]
            assert (status, "text/html") == (page.status, kind(page))
            assert problem.json["title"].encode() in page.body


@pytest.mark.parametrize("accept", [JSON, BROWSER])
def test_requests_refused_before_their_headers_are_read_get_a_problem(
    stack: Stack, accept: dict[str, str]
) -> None:
    long_url = stack.get("/rooms?filter_code__in=" + "a" * 20_000, accept)
    long_header = stack.get("/rooms", {"X-Long": "a" * 40_000})

    assert (414, 414, "application/problem+json") == (
        long_url.status,
        long_url.json["status"],
        kind(long_url),
    )
    assert (431, 431) == (long_header.status, long_header.json["status"])


def test_without_a_web_container_nginx_responds_503_with_retry_after(stack: Stack, figures: Figures) -> None:
    stack.manage("compose", "stop", "web")
    try:
        began = time.monotonic()
        problem, page = stack.get("/rooms", JSON), stack.get("/", BROWSER)
        figures.add("all web stopped, 2 answers 503", f"{time.monotonic() - began:.2f} s")
    finally:
        stack.manage("compose", "start", "web")
        stack.wait_until_served()

    assert (503, "application/problem+json", ["1"]) == (
        problem.status,
        kind(problem),
        problem.header("retry-after"),
    )
    assert (503, "text/html") == (page.status, kind(page))


@pytest.mark.parametrize(
    "target", ["/", "/rooms?limit=1", "/rooms/nothing", "/rooms?x=1", "/metrics", "/static/none"]
)
@pytest.mark.parametrize("accept", [JSON, BROWSER])
def test_every_security_header_is_sent_once(stack: Stack, target: str, accept: dict[str, str]) -> None:
    answer = stack.get(target, accept)

    assert dict.fromkeys(SECURITY_HEADERS, 1) == {name: len(answer.header(name)) for name in SECURITY_HEADERS}
    assert len(answer.header("content-security-policy")) == ("html" in kind(answer))
    assert [] == answer.header("strict-transport-security")  # which is only for HTTPS
    assert ["nginx"] == answer.header("server")


# --- one request through all logs


def test_a_request_has_the_same_id_in_its_response_and_both_logs(stack: Stack) -> None:
    own = f"test-{uuid.uuid4().hex}"
    for given in (own, None):
        headers = {"X-Request-ID": given} if given else {}
        answer = stack.get(f"/rooms?filter_price__lt={uuid.uuid4().int % 10_000}", headers)
        (found,) = answer.header("x-request-id")
        by_nginx = [line for line in stack.json_log("nginx") if line["request_id"] == found]
        by_web = [line for line in stack.json_log("web") if line.get("request_id") == found]

        assert given in (found, None)
        assert [200] == [line["status"] for line in by_nginx]
        assert [200] == [line["status"] for line in by_web]


def test_a_malformed_request_id_is_replaced(stack: Stack) -> None:
    answer = stack.get("/rooms?limit=1", {"X-Request-ID": 'a"b c'})

    assert re.fullmatch("[0-9a-f]{32}", answer.header("x-request-id")[0])


def test_every_line_of_the_access_log_is_json_whatever_is_requested(stack: Stack) -> None:
    with stack.socket() as connection:
        connection.sendall(
            b'GET /rooms?q="\xff\x01\\ HTTP/1.1\r\nHost: a\r\nUser-Agent: "\xfe\r\nConnection: close\r\n\r\n'
        )
        while connection.recv(4096):
            pass
    lines = [line for line in stack.log(stack.container("nginx")).splitlines() if line.startswith("{")]

    assert all("status" in json.loads(line) for line in lines)


# --- compression, and the second's worth of searches


def test_long_responses_are_compressed_for_clients_that_accept_it(stack: Stack) -> None:
    plain = stack.get("/rooms?limit=100&sort=price")
    packed = stack.get("/rooms?limit=100&sort=price", {"Accept-Encoding": "gzip"})

    assert ([], ["gzip"]) == (plain.header("content-encoding"), packed.header("content-encoding"))
    assert plain.body == gzip.decompress(packed.body)
    assert len(packed.body) < len(plain.body) / 2
    assert "accept-encoding" in ", ".join(packed.header("vary")).lower()


def reached(stack: Stack, price: int) -> int:
    """Return how many requests for rooms below a price the application has received."""
    query = f"filter_price__lt={price}"
    return sum(line.get("query") == query for line in stack.json_log("web"))


def ask_again_and_again(stack: Stack, price: int, times: int = 20) -> float:
    began = time.monotonic()
    assert {200} == {stack.get(f"/rooms?filter_price__lt={price}").status for _ in range(times)}
    return time.monotonic() - began


def test_equal_searches_reach_the_application_once_a_second(stack: Stack, figures: Figures) -> None:
    price = 10_000 + time.monotonic_ns() % 1_000_000
    seconds = ask_again_and_again(stack, price)
    seen = reached(stack, price)
    figures.add("20 searches that are the same", f"reached the application {seen} times in {seconds:.2f} s")

    assert 1 <= seen <= 2 + int(seconds)


def test_different_requests_do_not_share_a_cache_entry(stack: Stack) -> None:
    target = f"/rooms?limit=2&filter_price__gt={time.monotonic_ns() % 20}"
    kinds = [kind(stack.get(target, {"Accept": accept})) for accept in ("application/json", "text/csv")]

    assert ["application/json", "text/csv"] == kinds
    assert (200, b"") == ((head := stack.request("HEAD", target)).status, head.body)
    assert 2 == len(stack.get(target, {"Accept": "application/json"}).json)


def test_the_cache_can_be_disabled(stack: Stack) -> None:
    price = 10_000 + time.monotonic_ns() % 1_000_000
    with stack.reconfigured(SEARCH_CACHE="off"):
        ask_again_and_again(stack, price)
        seen = reached(stack, price)

    assert 20 == seen


# --- slow clients, and requests that are tried again


def test_a_client_that_sends_its_headers_slowly_is_cut_off(stack: Stack, figures: Figures) -> None:
    began = time.monotonic()
    with stack.socket(timeout=1) as connection:
        connection.sendall(b"GET /rooms HTTP/1.1\r\nHost: a\r\n")
        with suppress(ConnectionError):
            while time.monotonic() - began < 60:
                connection.sendall(b"X-Slow: 1\r\n")
                with suppress(TimeoutError):
                    if not connection.recv(4096):
                        break
    seconds = time.monotonic() - began
    figures.add("a client that dribbles headers is cut after", f"{seconds:.0f} s")

    assert seconds < 30


def test_only_a_trusted_proxy_can_name_the_client(stack: Stack) -> None:
    told = {"X-Forwarded-For": "198.51.100.1, 203.0.113.9", "X-Forwarded-Proto": "https"}

    def seen() -> tuple[bool, bool]:
        request_id = uuid.uuid4().hex
        answer = stack.get("/rooms?limit=1", {"X-Request-ID": request_id, **told})
        (line,) = [line for line in stack.json_log("nginx") if line["request_id"] == request_id]
        return line["client"] == "203.0.113.9", answer.header("strict-transport-security") != []

    unknown = seen()
    with stack.reconfigured(TRUSTED_PROXIES="172.16.0.0/12,192.168.0.0/16,10.0.0.0/8"):
        trusted = seen()

    assert (False, False) == unknown
    assert (True, True) == trusted


MORE_ROOMS = """
INSERT INTO room(code, size, price, longitude, latitude)
SELECT 'cut-' || lpad(n::text, 30, '0'), 20, 60, n / 1e6, 51.5 FROM generate_series(1, 500000) AS n;
"""
"""For an export of 50 MB: up to 20 MB wait in buffers of the kernel and of Docker after nginx has ended."""


@pytest.fixture
def many_rooms(stack: Stack) -> Iterator[None]:
    stack.psql(MORE_ROOMS)
    yield
    stack.psql("DELETE FROM room WHERE code LIKE 'cut-%';")
    stack.psql("VACUUM ANALYZE room;")


@pytest.mark.usefixtures("many_rooms")
def test_an_interrupted_export_is_detectable(stack: Stack, figures: Figures, tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson"
    url = f"http://127.0.0.1:{stack.port}/rooms?format=ndjson"
    with subprocess.Popen(["curl", "--silent", "--limit-rate", "500k", "--output", export, url]) as curl:
        until(lambda: export.exists() and export.stat().st_size > 0, 60, "the export has begun")
        stack.crash(stack.container("nginx"))
        code = curl.wait(120)
    figures.add("curl's exit code for an export that was cut", code)

    assert code in (18, 56)  # a partial file; a reset connection


def test_open_pages_get_their_parts_when_no_more_may_be_opened(stack: Stack) -> None:
    with stack.reconfigured(CLIENT_RATE="1r/s", CLIENT_BURST="5"):
        others = [stack.get("/rooms/nothing").status for _ in range(40)]
        opened = stack.get("/", BROWSER).status
        parts = [stack.get(path).status for path in ("/parts/rooms", "/parts/prices", CLUSTERS)]
        more = {stack.get(CLUSTERS).status for _ in range(40)}

    assert ({404, 429}, 429) == ({*others}, opened)
    assert ([200] * 3, {200, 429}) == (parts, more)


EXPORTS = 10
"""At a time from one address, see routes.conf."""


def test_concurrent_exports_are_limited_by_address(stack: Stack) -> None:
    with ExitStack() as end:
        for name in stack.containers("web"):
            end.enter_context(stack.frozen(name))
        readers = [end.enter_context(stack.socket()) for _ in range(EXPORTS + 2)]
        for reader in readers:
            reader.sendall(b"GET /rooms?format=csv HTTP/1.1\r\nHost: a\r\n\r\n")
        answered = until(lambda: two_of(select(readers, [], [], 0)[0]), 10, "two are answered")
        heads = [reader.recv(4096).decode() for reader in answered]
    stack.wait_until_served()

    assert ["HTTP/1.1 429"] * 2 == [head[:12] for head in heads]
    assert all("\r\nRetry-After: 1\r\n" in head for head in heads)


def two_of(found: list[socket.socket]) -> list[socket.socket]:
    return found if len(found) >= 2 else []


FALTERING = Path(__file__).with_name("faltering_server.py")
HANGING = Path(__file__).with_name("hanging_server.py")


@contextmanager
def server_beside(stack: Stack, program: Path, **variables: str) -> Iterator[str]:
    """Run the program as one more `web` container; give its address."""
    name = f"{stack.name}-{program.stem.replace('_', '-')}"
    labels = ["--label", f"com.docker.compose.project={stack.name}"]
    network = ["--network", f"{stack.name}_front", "--network-alias", "web"]
    environment = [part for key, value in variables.items() for part in ("--env", f"{key}={value}")]
    command = [*environment, "--entrypoint", "python", f"{stack.name}-web", "-c", program.read_text()]
    docker("run", "--detach", "--rm", "--name", name, *labels, *network, *command)
    try:
        address = stack.address(name, "front")
        until(lambda: address in stack.followed(), 30, "nginx has taken over the server")
        yield address
    finally:
        run(["docker", "rm", "--force", name])
        stack.wait_until_served()


@pytest.mark.parametrize(("method", "tried"), [("GET", "again elsewhere"), ("POST", "once")])
def test_a_lost_request_is_retried_unless_it_may_have_changed_something(
    stack: Stack, figures: Figures, method: str, tried: str
) -> None:
    mine = f"lost-{uuid.uuid4().hex[:8]}"
    statuses: list[int] = []

    def lost(address: str) -> list[list[str]]:
        """Send one more request; return the servers of every request that was sent to the address."""
        body = b"{}" if method == "POST" else None
        headers = {"X-Request-ID": f"{mine}-{len(statuses)}", **JSON}
        statuses.append(stack.request(method, f"/rooms?limit={len(statuses) + 1}", headers, body).status)
        lines = [line for line in stack.json_log("nginx") if line["request_id"].startswith(mine)]
        return [line["upstream"].split(", ") for line in lines if address in line["upstream"]]

    with server_beside(stack, FALTERING) as address:
        # After a failure nginx avoids a server for 2 s.
        found = until(lambda: lost(address)[2:] and lost(address), 60, "three requests were lost")
    figures.add(f"{method} that a server took and lost", f"{len(found)} of {len(statuses)}, tried {tried}")

    assert {2 if method == "GET" else 1} == {len(servers) for servers in found}
    assert {*statuses} == {200} if method == "GET" else 503 in statuses and {*statuses} <= {401, 403, 503}
