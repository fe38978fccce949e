"""Operations on the stack during searches, and their effect on clients."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.load import CONNECTIONS, Load, Outcome
from tests.deployment.project import Stack, docker, run, until
from tests.deployment.test_static_files import FOR_GOOD, base

RECOVERED_WITHIN = 5.0
AFTER = 2.0
"""Seconds after which a late failure would have shown."""


@contextmanager
def load(stack: Stack) -> Iterator[Load]:
    with Load(stack.port, key=stack.key) as running:
        running.go_on()
        yield running
        running.go_on()


def why(stack: Stack, failures: list[Outcome]) -> str:
    """Return what the logs say about the first failures."""
    told = [f"{f.what} after {f.seconds:.2f} s, {stack.logged(f.request_id)}" for f in failures[:5]]
    notes = [line for line in stack.log(stack.container("nginx")).splitlines() if not line.startswith("{")]
    return "\n".join([f"{len(failures)} failed", *told, *notes[-10:]])


def without_failure(stack: Stack, running: Load, figures: Figures, what: str) -> None:
    figures.add(what, running.report)
    figures.add(f"{what}, writes", running.writes)
    stack.wait_until_served()
    failures = running.report.failures + running.writes.failures

    assert [] == failures, why(stack, failures)
    assert [] == lost_writes(stack, running)
    assert len(running.report.outcomes) > 100
    assert len(running.acknowledged) > 10


def lost_writes(stack: Stack, running: Load) -> list[str]:
    """Return acknowledged rooms that are missing; remove the others."""
    found = set(stack.psql(f"SELECT code FROM room WHERE code LIKE '{running.prefix}-%'").split())
    stack.psql(f"DELETE FROM room WHERE code LIKE '{running.prefix}-%'")
    return sorted(set(running.acknowledged) - found)


def scale(stack: Stack, count: int) -> None:
    stack.up("--scale", f"web={count}")
    assert len(stack.containers("web")) == count


def test_web_is_scaled_up_and_down_without_a_failed_request(stack: Stack, figures: Figures) -> None:
    with load(stack) as running:
        for count in (1, 3, 1, 2):
            scale(stack, count)

    without_failure(stack, running, figures, "web scaled 2 → 1 → 3 → 1 → 2")


def test_stopping_a_web_container_loses_no_request(stack: Stack, figures: Figures) -> None:
    first = stack.containers("web")[0]
    with load(stack) as running:
        docker("stop", first)
        state = stack.inspect(first)["State"]
        running.go_on()
        docker("start", first)
        stack.wait_until_served()

    without_failure(stack, running, figures, "one of two web stopped (SIGTERM), started again")
    assert state["ExitCode"] == 0


def test_killing_a_web_container_loses_at_most_the_requests_in_flight(stack: Stack, figures: Figures) -> None:
    victim = stack.containers("web")[0]
    with load(stack) as running:
        stack.crash(victim)
    failures = running.report.failures + running.writes.failures
    figures.add("one of two web killed (SIGKILL)", running.report)
    figures.add("one of two web killed (SIGKILL), writes", running.writes)

    assert [] == lost_writes(stack, running)
    assert len(failures) <= CONNECTIONS + 1, why(stack, failures)


def crash_everything(stack: Stack) -> None:
    """Earlier actions, in other tests too, must not keep crashed containers from restarting."""
    stack.crash(*stack.containers("nginx"), *stack.containers("web"))


def test_a_reload_loses_no_request(stack: Stack, figures: Figures) -> None:
    with load(stack) as running:
        for _ in range(2):
            reload(stack)

    without_failure(stack, running, figures, "web and nginx reloaded, twice")
    crash_everything(stack)


def reload(stack: Stack) -> None:
    """Reload web and nginx, and wait until every worker process is new."""
    containers = [*stack.containers("web"), *stack.containers("nginx")]
    before = {container: workers(container) for container in containers}
    stack.manage("stack", "reload")
    for container, old in before.items():
        until(lambda: len(new := workers(container)) >= 2 and not new & old, 60, "all workers are new")  # noqa: B023


def workers(container: str) -> set[str]:
    """Return the child process ids of a container's server; for nginx only workers."""
    lines = [line.split(maxsplit=2) for line in docker("top", container, "-eo", "pid,ppid,args").splitlines()]
    (init,) = [pid for pid, _, command in lines if "docker-init" in command]
    (server, *_) = [pid for pid, parent, _ in lines if parent == init]
    return {
        pid
        for pid, parent, command in lines
        if parent == server and ("rentomatic serve" in command or "worker process" in command)
    }


def test_reload_reads_keys_from_a_file_that_an_editor_replaced(stack: Stack) -> None:
    """A bind-mounted container would see the old file for its whole life."""
    key, keys = stack.key, stack.folder / "docker" / "secrets" / "api-keys"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/plain"}

    def statuses() -> set[int]:
        return {stack.request("POST", "/rooms", headers, b"").status for _ in range(20)}

    granted = keys.read_text()
    replace(keys, "")
    stack.manage("stack", "reload")
    until(lambda: statuses() == {403}, 30, "no process takes the key any more")
    replace(keys, granted)
    stack.manage("stack", "reload")
    until(lambda: statuses() == {415}, 30, "all processes take the key again")


def replace(file: Path, text: str) -> None:
    """Replace a file like an editor: a new file takes the old name."""
    new = file.with_name("new")
    new.write_text(text)
    new.chmod(0o600)
    new.replace(file)


def version(stack: Stack) -> int | None:
    """Return which of our versions is served, from a static file."""
    answer = stack.get("/static/version.txt")
    return int(answer.body) if answer.status == 200 else None


@contextmanager
def another_version(stack: Stack, number: int, spoiled: str = "") -> Iterator[None]:
    """Change the copy's source: a number to recognise it by, and perhaps a fault."""
    marker = stack.folder / "src" / "rentomatic" / "web" / "static" / "version.txt"
    module = stack.folder / "src" / "rentomatic" / "bootstrap.py"
    before, text = (marker.read_text() if marker.exists() else None), module.read_text()
    marker.write_text(f"{number}")
    module.write_text(text + spoiled)
    yield
    if spoiled:  # a broken version is not kept
        module.write_text(text)
        marker.unlink() if before is None else marker.write_text(before)


def test_a_deploy_replaces_every_web_container_without_a_failed_request(
    stack: Stack, figures: Figures
) -> None:
    before = stack.containers("web")
    old = base(stack)
    began = time.monotonic()
    with load(stack) as running, another_version(stack, 2):
        stack.manage("deploy")
        seconds = time.monotonic() - began
        seen = {version(stack) for _ in range(10)}
        deployed = stack.containers("web")
        made = ids(stack, deployed)
        stack.manage("compose", "up", "--detach")  # which must find nothing to change
    figures.add("deploy of a new version, two web", f"{seconds:.1f} s with the load around it")

    without_failure(stack, running, figures, "deploy of a new version")
    assert {2} == seen
    assert len(deployed) == len(before)
    assert not set(before) & set(deployed)
    assert made == ids(stack, stack.containers("web"))
    assert old != base(stack)
    for under in (old, base(stack)):  # of open pages, and of new ones
        assert [FOR_GOOD] == stack.get(f"{under}/map.css").header("cache-control")
    crash_everything(stack)


def ids(stack: Stack, containers: list[str]) -> list[str]:
    return [stack.inspect(container)["Id"] for container in containers]


BROKEN = {
    "never becomes ready": (
        "\n\nfrom rentomatic.web.api.health import ReadyResource\n"
        "ReadyResource.on_get = lambda self, req, resp: setattr(resp, 'status', 503)\n"
    ),
    "dies at its start": "\n\ndef application() -> None:\n    raise SystemExit('a broken version')\n",
    "cannot migrate": "\n\ndef migrate(*arguments: object) -> None:\n    raise SystemExit('broken')\n",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_deploy_that_fails_is_undone_without_a_failed_request(
    stack: Stack, figures: Figures, fault: str
) -> None:
    before, served = stack.containers("web"), version(stack)
    images, logs = images_of(stack), saved_logs(stack)
    image = {stack.inspect(container)["Image"] for container in before}
    with load(stack) as running, another_version(stack, 3, BROKEN[fault]):
        began = time.monotonic()
        done = stack.try_manage("deploy")
        figures.add(f"deploy of a version that {fault}, undone", f"after {time.monotonic() - began:.0f} s")
        seen = {version(stack) for _ in range(10)}

    without_failure(stack, running, figures, f"deploy of a version that {fault}")
    assert done.returncode == 1
    assert "The previous version is running." in done.stderr
    assert {served} == seen
    assert image == {stack.inspect(container)["Image"] for container in stack.containers("web")}
    assert image == {docker("image", "inspect", "--format", "{{.Id}}", f"{stack.name}-web").strip()}
    assert images == images_of(stack)
    assert SAID[fault] in done.stderr
    assert (fault != "cannot migrate") == bool(saved_logs(stack) - logs)


SAID = {
    "never becomes ready": "did not become ready. /health/ready: 503 ",
    "dies at its start": "a broken version",
    "cannot migrate": "broken",
}


def images_of(stack: Stack) -> set[str]:
    """Return all images that builds made and nothing has removed, tagged or not."""
    label = f"label=com.docker.compose.project={stack.name}"
    return set(docker("images", "--all", "--quiet", "--no-trunc", "--filter", label).split())


def saved_logs(stack: Stack) -> set[str]:
    return {file.name for file in (stack.folder / "logs").glob(f"{stack.name}-web-*.log.gz")}


def test_a_deploy_that_is_interrupted_is_undone_without_a_failed_request(
    stack: Stack, figures: Figures
) -> None:
    """At the worst moment: nginx has just dropped the first old server."""
    image = [stack.inspect(container)["Image"] for container in stack.containers("web")]
    leaving = ["docker", "exec", stack.container("nginx"), "ls", "/tmp/nginx/leaving"]
    with load(stack) as running, another_version(stack, 4, "\n"):
        deploy = subprocess.Popen(
            stack.command("deploy"),
            cwd=stack.folder,
            env=stack.environment,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        until(lambda: run(leaving).stdout, 180, "an old server leaves")
        os.killpg(deploy.pid, signal.SIGINT)  # like Ctrl-C in a terminal
        errors = deploy.communicate(timeout=300)[1]

    without_failure(stack, running, figures, "deploy that was interrupted")
    assert (1, True) == (deploy.returncode, "The previous version is running." in errors), errors
    assert image == [stack.inspect(container)["Image"] for container in stack.containers("web")]
    crash_everything(stack)


def absence(stack: Stack, running: Load) -> None:
    """Stop the server long enough for every connection to be lost and many requests to fail."""
    stack.manage("compose", "stop", "db")
    until(lambda: len(running.report.failures) > 20 * CONNECTIONS, 60, "many ask in vain")
    stack.manage("compose", "start", "db")


def death(stack: Stack, _: Load) -> None:
    """The server dies at once, and its restart policy starts it again."""
    kill = "kill -9 $(head -n 1 /var/lib/postgresql/data/postmaster.pid)"
    docker("exec", "--user", "postgres", stack.container("db"), "sh", "-c", kill)


@pytest.mark.parametrize("fault", [absence, death])
def test_restarting_the_database_loses_no_write(
    stack: Stack, figures: Figures, fault: Callable[[Stack, Load], None]
) -> None:
    name = fault.__name__
    with load(stack) as running:
        fault(stack, running)
        gone = time.monotonic()
        until(lambda: answers(stack), 90, "the database answers again")
        back = time.monotonic()
        time.sleep(RECOVERED_WITHIN + AFTER)  # not a wait: no failure may happen in this time
    lost, failures = lost_writes(stack, running), running.report.failures + running.writes.failures
    last = max((failure.began + failure.seconds for failure in failures), default=back)
    figures.add(f"{name} of the database", running.report)
    figures.add(
        f"{name} of the database, after",
        f"back after {back - gone:.1f} s, last failure {last - back:+.1f} s from then; "
        f"{len(running.acknowledged)} writes acknowledged, lost {len(lost)}",
    )

    assert [] == lost
    assert {"503"} >= {failure.what for failure in failures}, why(stack, failures)
    assert last - back <= RECOVERED_WITHIN, why(stack, failures[-5:])
    assert len(running.acknowledged) > 10


def answers(stack: Stack) -> bool:
    try:
        return stack.psql("SELECT 1") == "1"
    except (AssertionError, ValueError):  # no container is running
        return False


def test_failures_of_the_database_reveal_no_internals(stack: Stack) -> None:
    with stack.frozen(stack.container("db")):
        answer = stack.get("/rooms?filter_price__lt=61")
    until(lambda: stack.get("/rooms?filter_price__lt=62").status == 200, 30, "it answers again")

    assert (503, "application/problem+json") == (answer.status, answer.header("content-type")[0])
    assert [] != answer.header("retry-after")
    assert not re.search(r"postgres|psycopg|Traceback|172\.", answer.body.decode())
