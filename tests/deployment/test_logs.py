"""What remains of the logs after containers are removed, and after a flood of requests."""

import gzip
import json
import re
import subprocess
import uuid
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Stack, until
from tests.deployment.tutorial import Walk

FLOOD = 5_000
LOCAL = "docker/production.yml:docker/logging/local.yml"


def write(stack: Stack) -> str:
    """Add and remove a room; return its code."""
    code = f"audit-{uuid.uuid4().hex[:8]}"
    room = {"code": code, "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.1}
    headers = {"Authorization": f"Bearer {stack.key}", "Content-Type": "application/json"}
    added = stack.request("POST", "/rooms", headers, json.dumps(room).encode())
    removed = stack.request("DELETE", f"/rooms/{code}", headers)
    assert (201, 204) == (added.status, removed.status)
    return code


def found_as_documented(stack: Stack, code: str) -> list[tuple[str, str]]:
    """Return who did what to a room, by the command in docs/operations.md."""
    manual = (stack.folder / "docs" / "operations.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (zgrep .* logs/audit.*)$", manual, re.MULTILINE)
    command = re.sub('"code":"[^"]+"', f'"code":"{code}"', command)
    done = subprocess.run(
        ["sh", "-c", command], cwd=stack.folder, capture_output=True, text=True, timeout=30, check=False
    )
    return [(line["key"], line["act"]) for line in map(json.loads, done.stdout.splitlines())]


WRITTEN = [("tests", "add"), ("tests", "remove")]


def test_the_audit_log_survives_a_deploy_and_the_recreation_of_every_container(stack: Stack) -> None:
    """The recreation uses another log driver, which shows that the logs may go elsewhere."""
    code, before = write(stack), stack.containers("web")
    stack.manage("deploy")
    deployed = found_as_documented(stack, code)
    saved = [text for each in before for text in saved_logs(stack, each)]
    with stack.reconfigured(COMPOSE_FILE=LOCAL):
        drivers = {stack.inspect(c)["HostConfig"]["LogConfig"]["Type"] for c in every_container(stack)}
        later = write(stack)
        log = stack.manage("compose", "logs", "--no-log-prefix", "web", COMPOSE_FILE=LOCAL)

    assert 2 == len(saved) and any(code in text for text in saved)
    assert {"local"} == drivers
    assert later in log
    assert [WRITTEN] * 3 == [deployed, *(found_as_documented(stack, each) for each in (code, later))]


def saved_logs(stack: Stack, container: str) -> list[str]:
    """Return the logs of a removed container."""
    return [
        gzip.decompress(file.read_bytes()).decode() for file in stack.folder.glob(f"logs/{container}-*.gz")
    ]


def every_container(stack: Stack) -> list[str]:
    return [name for service in ("web", "nginx", "db") for name in stack.containers(service)]


@pytest.mark.parametrize("driver", ["local", "journald", "loki"])
def test_every_service_logs_to_the_chosen_driver(stack: Stack, driver: str) -> None:
    files = f"docker/production.yml:docker/logging/{driver}.yml"
    variables = {"COMPOSE_FILE": files, "LOKI_URL": "http://loki.example:3100/loki/api/v1/push"}
    found = json.loads(
        stack.manage("compose", "--profile", "*", "config", "--format", "json", text="", **variables)
    )
    logging = [service["logging"] for service in found["services"].values()]

    assert {"db", "migrate", "mongo", "nginx", "tools", "web"} == set(found["services"])
    assert {driver} == {each["driver"] for each in logging}
    assert ("max-size" in logging[0]["options"]) == (driver == "local")


TIGHT = {"CLIENT_RATE": "10r/s", "CLIENT_BURST": "20"}
ASKED = b"GET /rooms?limit=1 HTTP/1.1\r\nHost: a\r\n"
UNBOUNDED = {
    "refused": 49 * (ASKED + b"\r\n") + ASKED + b"Connection: close\r\n\r\n",
    "malformed": b"GET /rooms HTTP/1.1\r\n\r\n",
    "too large": b"POST /rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\nConnection: close\r\n\r\n",
}
"""Requests of one connection, of which a client may send any number."""


def flood(stack: Stack, requests: bytes) -> Counter[str]:
    """Return the statuses of many requests, sent repeatedly over several connections."""
    statuses: Counter[str] = Counter()
    wanted = requests.count(b" HTTP/1.1\r\n")
    while statuses.total() < FLOOD:
        with stack.socket() as connection:
            connection.sendall(requests)
            received, found = b"", list[str]()
            # Not until the end: nginx waits 5 s for the body of a request that is too large.
            while len(found) < wanted and (part := connection.recv(1 << 16)):
                received += part
                found = re.findall(r"HTTP/1\.1 (\d{3}) ", received.decode())
        statuses.update(found)
    return statuses


@pytest.fixture(scope="module")
def tight(tutorial: Walk, rooms: int) -> Iterator[Stack]:
    """The stack with tight limits for a client."""
    with tutorial.stack.reconfigured(**TIGHT):
        yield tutorial.stack


@pytest.mark.parametrize("what", UNBOUNDED)
def test_a_flood_of_requests_does_not_push_other_lines_out_of_the_log(
    tight: Stack, figures: Figures, what: str
) -> None:
    stack, other = tight, f"other-{uuid.uuid4().hex}"
    until(lambda: stack.get(f"/rooms/{other}").status == 404, 60, "nginx takes a request")
    before = stack.log(stack.container("nginx"))
    statuses = flood(stack, UNBOUNDED[what])
    after = stack.log(stack.container("nginx"))
    lines = len(after.splitlines()) - len(before.splitlines())
    refused = sum(statuses[status] for status in ("400", "413", "429"))
    figures.add(
        f"nginx's log of {refused} {what} requests",
        f"{lines} lines, {len(after) - len(before)} bytes, {statuses.total() - refused} of those served",
    )

    assert refused > FLOOD / 2
    assert lines - (statuses.total() - refused) < refused / 20
    assert refused / 3 < weight(after) - weight(before) < refused * 3
    assert 1 == sum(other in line for line in after.splitlines())


def weight(log: str) -> int:
    """Return how many requests the lines of a log represent."""
    return sum(json.loads(line)["weight"] for line in log.splitlines() if line.startswith("{"))
