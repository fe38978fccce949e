"""`./manage.py` and the production stack, with a fake `docker` that records its calls."""

import gzip
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import manage
from rentomatic.settings.keys import api_keys
from stack.commands import INSIDE, UPKEEP
from tests.servers import ROOT

DOCKER = f"""#!{sys.executable}
import json, os, sys
with open(os.environ["CALLS"], "a") as calls:
    call = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "input": ""}}
    if "exec" in sys.argv:
        call["input"] = sys.stdin.read()
    calls.write(json.dumps(call) + "\\n")
asked_for_workers = any("/children" in argument for argument in sys.argv)  # they are new ones every time
print(os.getpid() if asked_for_workers else os.environ.get("ANSWER", ""))
sys.exit(int(os.environ.get("EXIT_CODE", "0")))
"""

Manage = Callable[..., subprocess.CompletedProcess[str]]


class Calls:
    """The recorded calls of docker."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @property
    def all(self) -> list[dict[str, Any]]:
        return (
            [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []
        )

    @property
    def last(self) -> dict[str, Any]:
        return self.all[-1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files of the stack, without a virtual environment, which it does not need."""
    folder = tmp_path / "copy"
    folder.mkdir()
    shutil.copy(ROOT / "manage.py", folder)
    shutil.copytree(ROOT / "stack", folder / "stack", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "config", folder / "config")
    shutil.copytree(ROOT / "docker", folder / "docker", ignore=shutil.ignore_patterns("secrets", "tls"))
    return folder


@pytest.fixture
def calls(tmp_path: Path) -> Calls:
    return Calls(tmp_path / "calls")


@pytest.fixture
def run(copy: Path, tmp_path: Path, calls: Calls) -> Manage:
    """Runs `./manage.py …` of the copy, with the fake `docker` and no other variables."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker").write_text(DOCKER)
    (programs / "docker").chmod(0o755)

    def manage_py(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(programs), "CALLS": str(tmp_path / "calls"), **variables}
        command = [sys.executable, str(copy / "manage.py"), *arguments]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return manage_py


# --- what is handed on


def test_compose_gets_the_configuration_and_the_arguments_unchanged(
    run: Manage, calls: Calls, copy: Path
) -> None:
    done = run("compose", "up", "-d", "--scale", "web=3")
    environment = calls.last["environment"]
    user = f"{os.getuid()}:{os.getgid()}" if os.getuid() else "10001:10001"

    assert 0 == done.returncode
    assert ["compose", "up", "-d", "--scale", "web=3"] == calls.last["arguments"]
    assert str(copy / "docker" / "production.yml") == environment["COMPOSE_FILE"]
    assert user == environment["STACK_USER"]
    assert ("8080", "postgres", "db") == tuple(
        environment[name] for name in ("HTTP_PORT", "COMPOSE_PROFILES", "POSTGRES_HOSTNAME")
    )


def test_the_environment_wins_over_the_configuration(run: Manage, calls: Calls) -> None:
    run("compose", "ps", HTTP_PORT="9090", WEB_REPLICAS="5")

    assert ("9090", "5", "8443") == tuple(
        calls.last["environment"][name] for name in ("HTTP_PORT", "WEB_REPLICAS", "HTTPS_PORT")
    )


def test_the_mongodb_profile_replaces_postgresql(run: Manage, calls: Calls) -> None:
    run("compose", "ps", COMPOSE_PROFILES="mongo")
    environment = calls.last["environment"]

    assert ("mongo", "migrate") == (environment["MONGODB_HOSTNAME"], environment["MIGRATION"])
    assert not environment.get("POSTGRES_HOSTNAME")


@pytest.mark.parametrize(("profile", "own"), [("postgres", "db"), ("mongo", "mongo")])
def test_stack_uses_its_own_storage_whatever_server_the_environment_names(
    run: Manage, calls: Calls, profile: str, own: str
) -> None:
    elsewhere = dict.fromkeys(("POSTGRES_HOSTNAME", "MONGODB_HOSTNAME"), "elsewhere")

    run("stack", "search", ANSWER="a container that runs", COMPOSE_PROFILES=profile, **elsewhere)

    assert {own, ""} == {calls.last["environment"][name] for name in elsewhere}


@pytest.mark.parametrize("code", [0, 1, 17, 130])
def test_the_exit_code_of_compose_is_passed_on(run: Manage, code: int) -> None:
    assert code == run("compose", "up", EXIT_CODE=str(code)).returncode


def test_a_certificate_is_passed_to_compose(run: Manage, calls: Calls, copy: Path) -> None:
    run("compose", "ps")
    without = calls.last["environment"].get("STACK_CERTIFICATE")
    (copy / "docker" / "tls" / "tls.crt").write_text("a certificate")
    run("compose", "ps")

    assert (None, "/tls/tls.crt") == (without, calls.last["environment"]["STACK_CERTIFICATE"])


@pytest.mark.parametrize("command", ["search --limit 1", "backup --verify", "restore latest --yes", "doctor"])
def test_stack_command_runs_inside_the_stack_whatever_the_environment_names(
    run: Manage, calls: Calls, command: str
) -> None:
    run("stack", *command.split(), ANSWER="a container that runs", DATABASE_URL="sqlite:///a.db")

    inside = ["compose", "run", "--rm", "--no-deps", "--no-TTY", "tools", *command.split()]
    assert inside == calls.last["arguments"]


def test_init_postgres_of_the_tutorial_runs_inside_the_stack(run: Manage, calls: Calls) -> None:
    run("init-postgres", ANSWER="a container that runs")

    assert ["tools", "init-postgres"] == calls.last["arguments"][-2:]


def test_a_stopped_stack_is_not_started_for_a_command(run: Manage, calls: Calls) -> None:
    done = run("stack", "backup", ANSWER="")

    assert 1 == done.returncode
    assert "The production stack is not running, so backup did nothing." in done.stderr
    assert "DATABASE_URL" not in done.stderr  # which a command of the stack ignores
    assert [["compose", "ps", "--quiet"]] == [call["arguments"] for call in calls.all]


# --- old spellings


@pytest.mark.parametrize("command", ["backup --verify", "restore latest --force"])
def test_former_stack_command_is_refused_if_there_is_a_stack(
    run: Manage, calls: Calls, copy: Path, command: str
) -> None:
    (copy / "docker" / "secrets").mkdir()

    done = run(*command.split())

    assert (2, []) == (done.returncode, calls.all)
    assert f"For the stack: ./manage.py stack {command}." in done.stderr
    local = f"For sqlite:///{copy}/rentomatic.db: APPLICATION_CONFIG=development ./manage.py {command}."
    assert local in done.stderr
    assert not (copy / "rentomatic.db").exists()


def test_former_stack_command_with_an_incomplete_storage_is_refused_plainly(run: Manage, copy: Path) -> None:
    (copy / "docker" / "secrets").mkdir()

    done = run("backup", POSTGRES_USER="rooms")

    assert 2 == done.returncode
    assert "For this machine: APPLICATION_CONFIG=development ./manage.py backup." in done.stderr


@pytest.mark.parametrize("command", ["search --limit 1", "doctor", "backup", "make-key me --scope write"])
def test_configuration_of_the_stack_no_longer_directs_local_commands_to_it(
    run: Manage, calls: Calls, command: str
) -> None:
    done = run(*command.split(), APPLICATION_CONFIG="production")

    assert (2, []) == (done.returncode, calls.all)
    assert f"For the production stack: ./manage.py stack {command}. Nothing was done." in done.stderr


def test_renamed_command_names_its_new_name(run: Manage, calls: Calls) -> None:
    done = run("rotate-secrets")

    assert (2, []) == (done.returncode, calls.all)
    assert (
        "manage.py: rotate-secrets is now ./manage.py stack rotate-secrets. Nothing was done.\n"
        == done.stderr
    )


# --- secrets


def test_secrets_are_created_once_and_only_their_owner_can_read_them(run: Manage, copy: Path) -> None:
    folder = copy / "docker" / "secrets"
    first, second = run("compose", "ps"), {}
    secrets = {file.name: file.read_text() for file in folder.iterdir()}
    again = run("compose", "ps")
    second = {file.name: file.read_text() for file in folder.iterdir()}

    assert {"postgres-password", "application-password", "api-keys"} == set(secrets)
    assert () == api_keys(secrets.pop("api-keys"))
    assert secrets.items() < second.items()
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert 0o700 == stat.S_IMODE(folder.stat().st_mode)
    assert 2 == len({secret for secret in secrets.values() if len(secret.strip()) >= 40})
    assert "Made docker/secrets/postgres-password." in first.stderr
    assert "" == again.stderr


def test_help_of_compose_creates_no_files(run: Manage, copy: Path) -> None:
    done = run("compose", "up", "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert not (copy / "docker" / "secrets").exists()


def test_folders_that_containers_write_to_are_private(run: Manage, copy: Path) -> None:
    run("compose", "ps")

    modes = {name: stat.S_IMODE((copy / name).stat().st_mode) for name in ("backups", "logs", "photos")}
    assert {"backups": 0o700, "logs": 0o700, "photos": 0o700} == modes


def test_no_secret_is_printed_or_passed_to_compose(run: Manage, calls: Calls, copy: Path) -> None:
    done = run("compose", "config")
    told = done.stdout + done.stderr + json.dumps(calls.all)
    folder = copy / "docker" / "secrets"

    assert [] == [file.name for file in folder.iterdir() if file.read_text().strip() in told]


def test_a_new_password_is_passed_only_on_standard_input(run: Manage, calls: Calls, copy: Path) -> None:
    before = {
        name: (copy / "docker" / "secrets" / name) for name in ("postgres-password", "application-password")
    }
    run("compose", "ps")
    old = {name: file.read_text() for name, file in before.items()}
    done = run("stack", "rotate-secrets", "--yes")
    new = {name: file.read_text() for name, file in before.items()}
    executed = [call for call in calls.all if "exec" in call["arguments"]]
    elsewhere = done.stdout + done.stderr + json.dumps([{**call, "input": ""} for call in calls.all])

    assert 0 == done.returncode, done.stderr
    assert not set(old.values()) & set(new.values())
    assert [True, True] == [new[name].strip() in executed[number]["input"] for number, name in enumerate(new)]
    assert all("SET log_min_error_statement = panic;" in call["input"] for call in executed)
    assert [] == [name for name, secret in new.items() if secret.strip() in elsewhere]


def test_a_failed_rotation_continues_with_the_same_password(run: Manage, calls: Calls, copy: Path) -> None:
    run("compose", "ps")
    secrets = copy / "docker" / "secrets"
    old = (secrets / "postgres-password").read_text()
    failed = run("stack", "rotate-secrets", "--yes", EXIT_CODE="1")
    pending = (secrets / "postgres-password.new").read_text()
    kept = (secrets / "postgres-password").read_text()
    done = run("stack", "rotate-secrets", "--yes")

    assert (1, old) == (failed.returncode, kept)
    assert (0, pending) == (done.returncode, (secrets / "postgres-password").read_text())
    assert not (secrets / "postgres-password.new").exists()


def test_containers_run_as_the_owner_of_the_secrets(run: Manage, calls: Calls, copy: Path) -> None:
    """Even if root runs, from cron, what a user has started."""
    user, group = (1234, 2345) if os.getuid() == 0 else (os.getuid(), os.getgid())
    (copy / "docker" / "secrets").mkdir()
    os.chown(copy / "docker" / "secrets", user, group)
    run("compose", "ps")
    owners = {file.stat().st_uid for file in (copy / "docker" / "secrets").iterdir()}

    assert (f"{user}:{group}", {user}) == (calls.last["environment"]["STACK_USER"], owners)


# --- what is refused


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STACK_USER", "root"),
        ("STACK_USER", "1000"),
        ("HTTP_PORT", "http"),
        ("HTTPS_PORT", "127.0.0.1:"),
        ("WEB_REPLICAS", "0"),
        ("CLIENT_RATE", "50"),
        ("CLIENT_BURST", "many"),
        ("SEARCH_CACHE", "maybe"),
        ("LOG_MAX_SIZE", "10MB"),
        ("LOG_MAX_FILES", "0"),
        ("RENTOMATIC_START_TIMEOUT", "soon"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,balancer"),
    ],
)
def test_a_wrong_value_is_named_and_starts_nothing(run: Manage, calls: Calls, name: str, value: str) -> None:
    done = run("compose", "up", "-d", **{name: value})

    assert (1, []) == (done.returncode, calls.all)
    assert f"manage.py: {name} must " in done.stderr
    assert value.rpartition(",")[2] in done.stderr


def test_new_passwords_need_confirmation(run: Manage, calls: Calls, copy: Path) -> None:
    done = run("stack", "rotate-secrets", COMPOSE_PROJECT_NAME="rooms")

    assert (2, []) == (done.returncode, calls.all)
    assert "the passwords of the production stack rooms. Without a terminal, add --yes" in done.stderr
    assert not (copy / "docker" / "secrets").exists()


@pytest.mark.parametrize("command", ["deploy", "stack rotate-secrets", "stack reload"])
def test_help_for_commands_that_change_the_stack_changes_nothing(
    run: Manage, calls: Calls, command: str
) -> None:
    done = run(*command.split(), "--help")

    assert (0, []) == (done.returncode, calls.all)
    assert f"./manage.py {command}" in done.stdout


def test_help_of_the_stack_lists_its_commands(run: Manage, calls: Calls) -> None:
    told = [run("stack", *words) for words in ([], ["--help"], ["-h"], ["help"])]
    listed = [line.split()[0] for line in told[0].stdout.splitlines() if line.startswith("  ")]

    assert {(0, told[0].stdout)} == {(done.returncode, done.stdout) for done in told}
    assert [*INSIDE, *UPKEEP] == listed
    assert [] == calls.all


def test_a_missing_docker_is_reported(run: Manage, tmp_path: Path, copy: Path) -> None:
    done = run("compose", "up", PATH=str(tmp_path / "nowhere"))

    assert 1 == done.returncode
    assert (
        "manage.py: docker is not in PATH. The stack needs Docker with the compose plugin.\n" == done.stderr
    )
    assert not (copy / "docker" / "secrets").exists()


def test_a_configuration_without_a_stack_is_refused(run: Manage) -> None:
    done = run("compose", "up", APPLICATION_CONFIG="development")

    assert 1 == done.returncode
    assert "names no COMPOSE_FILE" in done.stderr


@pytest.mark.parametrize("command", ["deploy", "stack rotate-secrets", "stack reload"])
def test_unknown_arguments_are_refused(run: Manage, calls: Calls, command: str) -> None:
    done = run(*command.split(), "--now")

    assert (2, []) == (done.returncode, calls.all)
    assert f"./manage.py {command}: error: unrecognized arguments: --now\n" in done.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stack relaod", "stack reload"),
        ("stack bakcup", "stack backup"),
        ("stack deploy", "deploy"),
        ("reload", "stack reload"),
        ("deplyo", "deploy"),
        ("serach", "search"),
        ("lnit", "lint"),
    ],
)
def test_unknown_command_is_refused_with_the_nearest_one(
    run: Manage, calls: Calls, typed: str, meant: str
) -> None:
    done = run(*typed.split())

    assert (2, []) == (done.returncode, calls.all)
    said = f"Unknown command: {typed}. Did you mean ./manage.py {meant}? See ./manage.py --help."
    assert f"manage.py: {said}\n" == done.stderr


def test_signals_are_sent_from_inside_containers(run: Manage, calls: Calls, copy: Path) -> None:
    """A signal sent by Docker would disable the restart of a container that crashes."""
    run("compose", "ps")
    name = "web-1"  # everything the fake docker says: a running container, and the keys in it
    (copy / "docker" / "secrets" / "api-keys").write_text(name)
    done = run("stack", "reload", ANSWER=name)
    arguments = [call["arguments"] for call in calls.all]

    assert 0 == done.returncode, done.stderr
    assert ["tools", "migrate", "--sql"] == arguments[2][-3:]  # which reads all settings first
    assert ["exec", name, "sh", "-c", "kill -HUP 1"] in arguments
    assert ["exec", "-s", "reload"] == [arguments[-1][1], *arguments[-1][-2:]]
    assert not [each for each in arguments if "kill" in each]


def test_nothing_is_reloaded_with_invalid_settings(run: Manage, tmp_path: Path) -> None:
    (tmp_path / "bin" / "docker").write_text(
        '#!/bin/sh\ncase "$*" in *tools*) echo "RENTOMATIC_API_KEYS: entry 2 is not …" >&2; exit 2;;\n'
        '*exec*) echo "reloaded after all" >&2; exit 1;; *) echo r-web-1; esac\n'
    )
    done = run("stack", "reload")

    assert 1 == done.returncode
    assert "RENTOMATIC_API_KEYS: entry 2" in done.stderr
    assert "reloaded after all" not in done.stderr


def test_every_container_that_could_not_be_reloaded_is_named(run: Manage, tmp_path: Path) -> None:
    (tmp_path / "bin" / "docker").write_text(
        '#!/bin/sh\ncase "$*" in *exec*) echo "no $*" >&2; exit 1;; *) echo r-web-1; echo r-web-2; esac\n'
    )
    done = run("stack", "reload")
    named = [name for name in ("exec r-web-1", "exec r-web-2", "exec --no-TTY nginx") if name in done.stderr]

    assert (1, 3) == (done.returncode, len(named)), done.stderr
    assert "Not everything was reloaded." in done.stderr


def test_a_build_that_fails_deploys_nothing(run: Manage, calls: Calls) -> None:
    done = run("deploy", EXIT_CODE="1")

    assert 1 == done.returncode
    assert "failed" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [call for call in calls.all if {"up", "stop", "rm"} & set(call["arguments"])]


# --- a deployment of a version that does not start


DOCKER_OF_A_BROKEN_VERSION = f"""#!{sys.executable}
import json, os, pathlib, sys
arguments, calls = sys.argv[1:], pathlib.Path(os.environ["CALLS"])
with calls.open("a") as file:
    file.write(json.dumps({{"arguments": arguments}}) + "\\n")
running = calls.with_name("running")
names = running.read_text().split() if running.exists() else ["r-web-1", "r-web-2"]
new = "r-web-3"
match arguments:
    case ["compose", "ps", "--format", *_]:
        print("\\n".join(names))
    case ["compose", "up", *_, "--scale", "web=3", "web"]:
        running.write_text(" ".join([*names, new]))
    case ["rm", removed]:
        running.write_text(" ".join(set(names) - {{removed}}))
    case ["inspect", "--format", "{{{{.Image}}}}", name]:
        print("sha256:new" if name == new else "sha256:old")
    case ["inspect", "--format", "{{{{.Config.Image}}}}", _]:
        print("r-web")
    case ["image", "inspect", "--format", "{{{{.Id}}}}", "r-web"]:
        print("sha256:new")
    case ["inspect", "--format", form, _] if "RestartCount" in form:
        print("true 1")
    case ["logs", *options, _]:
        lines = [f"line {{number}}" for number in range(80)]
        print("\\n".join(lines[-50:] if options == ["--tail", "50"] else lines))
"""
"""Two `web` containers run; the third exits by itself and is restarted."""


def test_a_version_that_does_not_start_leaves_its_log_and_no_image(
    run: Manage, calls: Calls, copy: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin" / "docker").write_text(DOCKER_OF_A_BROKEN_VERSION)
    done = run("deploy")
    (saved,) = (copy / "logs").iterdir()
    asked = [call["arguments"] for call in calls.all]
    shown = [line for line in done.stderr.splitlines() if line.startswith("line ")]

    assert 1 == done.returncode
    assert "The new r-web-3 ended by itself: see its log above. The previous version" in done.stderr
    assert [f"line {number}" for number in range(30, 80)] == shown
    assert f"The full log of r-web-3 is in logs/{saved.name}." in done.stderr
    assert 80 == len(gzip.decompress(saved.read_bytes()).splitlines())
    assert ["r-web-1", "r-web-2"] == sorted((tmp_path / "running").read_text().split())
    assert asked.index(["tag", "sha256:old", "r-web"]) < asked.index(["rmi", "sha256:new"])


# --- which commands are for the stack


@pytest.mark.parametrize(
    ("line", "environment", "wanted"),
    [
        ("compose", {}, True),
        ("compose", {"DATABASE_URL": "memory:"}, True),
        ("compose --help", {}, True),
        ("deploy", {"APPLICATION_CONFIG": "development"}, True),
        ("stack backup", {}, True),
        ("stack backup", {"DATABASE_URL": "sqlite:///a.db"}, True),
        ("stack backup --help", {}, False),
        ("stack reload --help", {}, True),
        ("init-postgres", {}, True),
        ("init-postgres", {"APPLICATION_CONFIG": "production"}, True),
        ("init-postgres", {"APPLICATION_CONFIG": "development"}, False),
        ("init-postgres", {"POSTGRES_USER": "x", "POSTGRES_IMAGE": "y", "APPLICATION_DB": "z"}, True),
        ("init-postgres", {"POSTGRES_HOSTNAME": "db.example"}, False),
        ("init-postgres", {"POSTGRES_HOSTNAME_FILE": "/run/name"}, False),
        ("init-postgres", {"DATABASE_URL_FILE": "/run/secrets/url"}, False),
        ("init-postgres --help", {}, False),
        *((command, {}, False) for command in [*manage.LOCAL, *manage.DEVELOPER_COMMANDS]),
        *((command, {"APPLICATION_CONFIG": "production"}, False) for command in manage.LOCAL),
    ],
)
def test_only_commands_that_name_the_stack_are_for_the_stack(
    line: str, environment: dict[str, str], wanted: bool
) -> None:
    command, *arguments = line.split()

    assert wanted is manage.is_for_the_stack(command, arguments, environment)
