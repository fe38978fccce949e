"""Hung servers: what clients notice, and how the servers recover."""

import time
from concurrent.futures import ThreadPoolExecutor

from tests.deployment.conftest import Figures
from tests.deployment.load import Load
from tests.deployment.project import Stack, docker, run, until
from tests.deployment.test_faults import lost_writes, why
from tests.deployment.test_proxy import HANGING, server_beside

CLIENTS = 8
FROZEN_FOR = 20.0
"""Seconds: longer than nginx waits for a search, which is 15."""

TAKEN_OUT_WITHIN = 30.0
"""Seconds. It takes 3 or 4 on an idle machine."""

QUICK = 3.0
"""The most seconds that a client waits while a server is frozen."""

RESTARTED_WITHIN = 60.0


def misses(stack: Stack, address: str) -> int:
    """Return a server's missed checks, as nginx's follow.sh counts them: 3 at most."""
    return int(docker("exec", stack.container("nginx"), "cat", f"/tmp/nginx/misses/{address}"))


def searches(stack: Stack, container: str) -> int:
    """Return how many searches a server has answered."""
    return stack.log(container).count('"path":"/rooms"')


def test_frozen_web_container_is_removed_from_nginx_and_returns(stack: Stack, figures: Figures) -> None:
    victim = stack.containers("web")[0]
    address = stack.address(victim, "front")
    with Load(stack.port, connections=CLIENTS, key=stack.key) as running:
        running.go_on()
        with stack.frozen(victim):
            frozen = time.monotonic()
            until(lambda: address not in stack.followed(), TAKEN_OUT_WITHIN, "the frozen server is out", 0.05)
            out = time.monotonic()
            time.sleep(FROZEN_FOR)
            thawed = time.monotonic()
        until(lambda: address in stack.followed(), TAKEN_OUT_WITHIN, "the server is back", 0.05)
        back = time.monotonic()
        before = searches(stack, victim)
        until(lambda: searches(stack, victim) > before, 30, "the server takes part again")
    outcomes = [*running.report.outcomes, *running.writes.outcomes]
    others = [outcome for outcome in outcomes if out < outcome.began < thawed]
    caught = [outcome for outcome in outcomes if outcome.seconds > QUICK]
    figures.add("one of two web frozen", f"out after {out - frozen:.1f} s, back after {back - thawed:.1f} s")
    figures.add("one of two web frozen, all", running.report)
    figures.add("one of two web frozen, writes", running.writes)
    figures.add(
        "one of two web frozen, others",
        f"{len(others)} after it was out, slowest {max(o.seconds for o in others):.2f} s; "
        f"{len(caught)} in flight there, slowest {max((o.seconds for o in caught), default=0):.1f} s",
    )

    assert len(others) > 100
    assert [] == [outcome for outcome in others if outcome.failed or outcome.seconds > QUICK]
    assert [] == running.report.failures, why(stack, running.report.failures)
    assert len(caught) <= (CLIENTS + 1) // 2 + 1  # its open connections keep new ones away from it
    assert [] == lost_writes(stack, running)


def test_nginx_keeps_its_servers_when_all_are_frozen(stack: Stack) -> None:
    first, second = stack.containers("web")
    addresses = {name: stack.address(name, "front") for name in (first, second)}
    with stack.frozen(second):
        with stack.frozen(first):
            until(
                lambda: [3, 3] == [misses(stack, address) for address in addresses.values()],
                TAKEN_OUT_WITHIN,
                "both have missed three answers",
            )
            kept = stack.followed()
        until(lambda: stack.followed() == {addresses[first]}, 30, "the one that is well is used alone")
        answer = stack.get("/rooms?limit=1")

    assert kept
    assert 200 == answer.status
    stack.wait_until_served()


def test_web_container_with_hung_processes_is_restarted(stack: Stack, figures: Figures) -> None:
    victim = stack.containers("web")[1]
    before = stack.restarts(victim)
    until(lambda: stack.is_healthy(victim), 60, "it has answered a health check")
    began = time.monotonic()
    run(["docker", "exec", victim, "sh", "-c", "kill -STOP -1"])
    until(lambda: stack.restarts(victim) > before, 2 * RESTARTED_WITHIN, "it was restarted")
    seconds = time.monotonic() - began
    stack.wait_until_served()
    figures.add("web whose processes stand still", f"restarted after {seconds:.0f} s")

    assert seconds < RESTARTED_WITHIN
    assert "health checks in a row and is restarted" in stack.log(victim)


WATCHDOG = ["python", "-m", "rentomatic.server.watchdog"]
MORE_THAN_ENOUGH = 7


def test_web_container_is_not_restarted_when_the_database_is_unreachable(stack: Stack) -> None:
    web = stack.containers("web")[0]
    before = stack.restarts(web)
    until(lambda: stack.is_healthy(web), 60, "it has answered a health check")
    stack.manage("compose", "stop", "db")
    try:
        codes = [run(["docker", "exec", web, *WATCHDOG]).returncode for _ in range(MORE_THAN_ENOUGH)]
    finally:
        stack.manage("compose", "start", "db")
    stack.wait_until_served()

    assert {1} == set(codes)
    assert before == stack.restarts(web)


def test_server_is_not_killed_before_it_has_answered_once(stack: Stack) -> None:
    """It may still be waiting for its database. A server that hangs later is killed with its container."""
    name = f"{stack.name}-starting"
    labels = ["--label", f"com.docker.compose.project={stack.name}"]
    silent = "import socket, time; listener = socket.create_server(('', 8000)); time.sleep(600)"
    starting = ["--entrypoint", "python", f"{stack.name}-web", "-c", silent, "serve"]
    docker("run", "--detach", "--init", "--name", name, *labels, *starting)
    try:
        codes = [run(["docker", "exec", name, *WATCHDOG]).returncode for _ in range(MORE_THAN_ENOUGH)]
        alive = stack.inspect(name)["State"]["Running"]
        docker("exec", name, "sh", "-c", "echo 0 >/dev/shm/rentomatic-missed-checks")
        for _ in range(MORE_THAN_ENOUGH):
            run(["docker", "exec", name, *WATCHDOG])
        ended = not stack.inspect(name)["State"]["Running"]
    finally:
        docker("rm", "--force", name)

    assert ({1}, True, True) == (set(codes), alive, ended)


def test_searches_time_out_earlier_than_exports(stack: Stack) -> None:
    others = [stack.address(container, "front") for container in stack.containers("web")]
    with server_beside(stack, HANGING, SECONDS="18") as address, ThreadPoolExecutor(2) as clients:
        try:
            for other in others:
                follow(stack, "leave", other)
            # Right after nginx has been told, its old workers may still take requests.
            until(lambda: {stack.get("/health/live").body for _ in range(9)} == {b"[]"}, 30, "it is alone")
            assert stack.followed() == {address}
            search, export = clients.map(stack.get, ("/rooms?limit=1", "/rooms?format=csv"))
        finally:
            for other in others:
                follow(stack, "left", other)

    assert (503, "application/problem+json") == (search.status, search.header("content-type")[0])
    assert (200, b"[]") == (export.status, export.body)


def follow(stack: Stack, word: str, address: str) -> None:
    docker("exec", stack.container("nginx"), "sh", "/etc/nginx/rentomatic/follow.sh", word, address)
