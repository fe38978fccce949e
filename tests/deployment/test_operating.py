"""What an operator does with a running stack."""

import fcntl
import json
import os
import signal
import subprocess
import time

from tests.deployment.conftest import Figures
from tests.deployment.project import Done, Stack, docker, run, until
from tests.deployment.test_faults import crash_everything, load, without_failure


def login(stack: Stack, password: str, user: str) -> int:
    """Return the exit code of a login over TCP, from another container of the stack."""
    program = (
        "import psycopg, sys; password = sys.stdin.read(); "
        f"psycopg.connect(host='db', user={user!r}, dbname='postgres', password=password, connect_timeout=9)"
    )
    web = stack.containers("web")[0]
    return run(["docker", "exec", "--interactive", web, "python", "-c", program], text=password).returncode


def test_secrets_are_rotated_while_the_stack_serves(stack: Stack, figures: Figures) -> None:
    old, roles = stack.secrets(), {"postgres-password": "postgres", "application-password": "rentomatic"}
    allowed = {name: login(stack, old[name], role) for name, role in roles.items()}
    began = time.monotonic()
    with load(stack) as running:
        done = stack.try_manage("stack", "rotate-secrets", "--yes")
        figures.add("rotate-secrets", f"{time.monotonic() - began:.0f} s with load before it")
    new = stack.secrets()
    told = done.stdout + done.stderr + stack.manage("compose", "logs")

    assert 0 == done.returncode, done.stderr
    without_failure(stack, running, figures, "rotate-secrets")
    assert {0} == set(allowed.values())
    assert {1} == {login(stack, old[name], role) for name, role in roles.items()}
    assert {0} == {login(stack, new[name], role) for name, role in roles.items()}
    assert [] == [name for secrets in (old, new) for name, secret in secrets.items() if secret in told]
    assert {0o600} == {(stack.folder / "docker/secrets" / name).stat().st_mode & 0o777 for name in new}
    crash_everything(stack)


def test_the_database_never_logs_a_password(stack: Stack) -> None:
    """Not even if the statement that sets it fails while PostgreSQL logs statements."""
    done = stack.try_manage("stack", "rotate-secrets", "--yes", POSTGRES_USER="nobody-of-that-name")
    pending = stack.folder / "docker" / "secrets" / "application-password.new"
    secret = pending.read_text().strip()
    pending.unlink()
    seen = [name for name, text in _told(stack, done).items() if secret in text]
    failed = 'role "nobody-of-that-name" does not exist' in stack.log(stack.container("db"))

    assert (1, True, []) == (done.returncode, failed, seen)


def _told(stack: Stack, done: Done) -> dict[str, str]:
    return {"output": done.stdout, "errors": done.stderr, "log of db": stack.log(stack.container("db"))}


def test_two_deployments_cannot_run_at_once(stack: Stack) -> None:
    with (stack.folder / "docker" / "secrets" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = [stack.try_manage(*line.split()) for line in ("deploy", "stack rotate-secrets --yes")]

    assert [1, 1] == [done.returncode for done in refused]
    assert {"manage.py: Another deployment is in progress.\n"} == {done.stderr for done in refused}


def test_exit_codes_are_passed_on(stack: Stack) -> None:
    codes = [
        stack.try_manage("compose", "exec", "-T", "web", "sh", "-c", f"exit {code}").returncode
        for code in (0, 7)
    ]

    assert [0, 7] == codes
    assert 0 != stack.try_manage("compose", "no-such-command").returncode
    assert 3 == stack.try_manage("stack", "show", "no-such-room").returncode


def test_ctrl_c_stops_a_stack_in_the_foreground(stack: Stack) -> None:
    with subprocess.Popen(
        stack.command("compose", "logs", "--follow"),
        cwd=stack.folder,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as logs:
        assert logs.stdout is not None
        logs.stdout.readline()
        os.killpg(logs.pid, signal.SIGINT)  # like Ctrl-C in a terminal
        _, errors = logs.communicate(timeout=60)

    assert logs.returncode in (0, 130)
    assert "Traceback" not in errors


FOLLOWER = """
for process in /proc/[0-9]*; do
    tr '\\0' ' ' <$process/cmdline | grep -q 'follow.sh follo[w]' || continue
    kill -{signal} ${{process#/proc/}}
done
"""


def test_nginx_is_unhealthy_while_follow_is_down_and_recovers(stack: Stack) -> None:
    nginx = stack.container("nginx")
    check = stack.inspect(nginx)["Config"]["Healthcheck"]["Test"][1]

    def is_healthy() -> bool:
        return run(["docker", "exec", nginx, "sh", "-c", check]).returncode == 0

    def signal_follower(name: str) -> None:
        docker("exec", nginx, "sh", "-c", FOLLOWER.format(signal=name))
        docker("exec", nginx, "touch", "-d", "2 minutes ago", "/tmp/nginx/followed")

    before = is_healthy()
    signal_follower("STOP")
    frozen = is_healthy()
    signal_follower("KILL")

    assert (True, False) == (before, frozen)
    until(is_healthy, 30, "another one looks after it")
    stack.wait_until_served()


def test_a_database_whose_first_start_was_interrupted_gets_its_roles_later(stack: Stack) -> None:
    """So does one whose secrets were lost and created again."""
    stack.psql("ALTER ROLE rentomatic PASSWORD 'another'")
    refused = login(stack, stack.secrets()["application-password"], "rentomatic")
    stack.manage("compose", "restart", "db")
    until(lambda: login(stack, stack.secrets()["application-password"], "rentomatic") == 0, 30, "a login")

    assert 1 == refused


def test_doctor_checks_the_stack_from_inside(stack: Stack) -> None:
    stack.tool("backup")
    done = stack.try_manage("stack", "doctor", "--format", "json")
    found = {check["check"]: check for check in json.loads(done.stdout)}

    assert (0, []) == (done.returncode, [name for name, check in found.items() if not check["good"]]), (
        done.stdout
    )
    assert {"storage", "connections", "backup", "password"} <= set(found)


def test_commands_in_the_stack_use_standard_input_and_output(stack: Stack) -> None:
    before = stack.count()
    listing = "code,price,latitude,longitude\noperating-1,60,51.5,-0.12\n"
    report = stack.tool("import", "-", text=listing)
    (shown,) = json.loads(stack.tool("show", "operating-1", "--format", "json"))
    removed = stack.try_manage("stack", "remove", "operating-1", "--yes")
    if removed.returncode != 0:
        stack.psql("DELETE FROM room WHERE code = 'operating-1'")

    assert report.startswith("1 added")
    assert 60 == shown["price"]
    assert before == stack.count()


def test_commands_in_the_stack_leave_no_container_behind(stack: Stack) -> None:
    stack.tool("search", "--limit", "1")
    label = f"label=com.docker.compose.project={stack.name}"
    left = docker(
        "ps", "--all", "--filter", label, "--filter", "label=com.docker.compose.service=tools", "--quiet"
    )

    assert "" == left
