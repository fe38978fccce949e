"""`./manage.py` on a machine with nothing but Python."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import manage as tool
from manage import DEVELOPER_COMMANDS, help_text
from rentomatic.cli.main import cli
from tests.servers import ROOT, free_port, serving
from tests.waiting import LIMIT, until

CONTENT = (
    "manage.py",
    "stack",
    "wsgi.py",
    "pyproject.toml",
    "README.md",
    "LICENSE",
    "config",
    "requirements",
)
"""Variables that `manage.py` itself reads."""


def copy_of_the_project(folder: Path, *more: str) -> Path:
    for name in (*CONTENT, *more):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    return folder


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh copy of the project, without an environment or a database."""
    return copy_of_the_project(tmp_path_factory.mktemp("clone"), "src")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A fresh copy that uses this environment, so that nothing has to be installed."""
    copy_of_the_project(tmp_path)
    program = (
        "import json, manage; "
        "manage.VENV.mkdir(); "
        "(manage.VENV / 'installed.json').write_text("
        "json.dumps({name: manage.fingerprint(name) for name in ('prod', 'test')}))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, timeout=60, check=True)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return tmp_path


def manage(
    folder: Path, *arguments: str, cwd: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    if "DATABASE_URL" not in variables:
        environment.pop("DATABASE_URL")
    return subprocess.run(
        [sys.executable, str(folder / "manage.py"), *arguments],
        cwd=cwd or folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_serve_sets_up_loads_sample_rooms_and_serves_them(clone: Path, tmp_path: Path) -> None:
    interrupted = clone / ".venv" / "installed.json"
    interrupted.parent.mkdir()
    interrupted.write_text('{"prod": ')
    left = interrupted.with_name("left-behind")
    left.touch()
    port = free_port()
    base = getattr(sys, "_base_executable", sys.executable)  # not that of a virtual environment
    command = [base, str(clone / "manage.py"), "serve", "--port", str(port)]
    variables = {
        "DATABASE_URL": "sqlite:///" + str(clone / "rentomatic.db"),
        "PIP_NO_COMPILE": "1",  # most of it is never imported
    }
    with serving(command, port, tmp_path / "log", variables, cwd=tmp_path, patience=300) as server:
        assert b"<h1>3,000 rooms</h1>" in server.get("/").body
        tutorial = server.get("/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a").json
        assert {name: tutorial[name] for name in ("size", "price")} == {"size": 215, "price": 39}
        assert server.stop() == 0

    assert "Setting up .venv (prod)" in (tmp_path / "log").read_text()
    assert (["prod"], False) == ([*json.loads(interrupted.read_text())], left.exists())
    again = manage(clone, "search", "--count", "--limit", "1")
    assert "3,000 rooms match" in again.stdout
    assert again.stderr == ""


@pytest.mark.parametrize(
    ("script", "program"), [("manage.py", "python3 manage.py"), ("./manage.py", "./manage.py")]
)
def test_messages_name_commands_as_manage_py_was_called(prepared: Path, script: str, program: str) -> None:
    done = subprocess.run(
        [sys.executable, script, "search"],
        cwd=prepared,
        env={name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert (4, True) == (done.returncode, f"`{program} import`" in done.stderr), done.stderr


def test_help_works_before_set_up(tmp_path: Path) -> None:
    copy_of_the_project(tmp_path)

    done = manage(tmp_path, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\n  serve " in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_help_lists_every_command_once_by_what_it_acts_on() -> None:
    local, stack, project = (part.splitlines() for part in help_text().split("\n\n")[1:4])

    assert local[0].startswith("This machine's storage: rentomatic.db")
    assert sorted(cli.commands) == sorted([*(line.split()[0] for line in local[1:]), "init-postgres"])
    assert ["compose", "deploy", "init-postgres", "stack"] == [line.split()[0] for line in stack[1:]]
    assert list(DEVELOPER_COMMANDS) == [line.split()[0] for line in project[1:]]


@pytest.mark.parametrize("command", ["test", "lint", "lock", "vendor"])
def test_help_of_a_developer_command_does_nothing(tmp_path: Path, command: str) -> None:
    copy_of_the_project(tmp_path)

    done = manage(tmp_path, command, "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert f"Usage: ./manage.py {command}\n" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_help_of_the_benchmarks_needs_no_more_than_the_program(prepared: Path) -> None:
    (prepared / "requirements" / "test.txt").write_text("no-such-package-as-this==1.0")
    shutil.copytree(ROOT / "benchmarks", prepared / "benchmarks")
    shutil.copytree(ROOT / "tests", prepared / "tests", ignore=shutil.ignore_patterns("data", "__pycache__"))

    done = manage(prepared, "bench", "load", "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert "--quick" in done.stdout


def test_help_of_a_stack_command_works_without_the_stack(prepared: Path) -> None:
    done = manage(prepared, "stack", "backup", "--help", COMPOSE_PROJECT_NAME="rooms")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith("Usage: ./manage.py stack backup [OPTIONS]\n")
    assert "Acts on the production stack rooms." in done.stdout


def test_rentomatic_commands_are_passed_on_with_their_exit_code(prepared: Path) -> None:
    assert manage(prepared, "sample", "--count", "1").returncode == 0
    assert manage(prepared, "show", "nothing", DATABASE_URL="memory:").returncode == 3
    assert manage(prepared, "search", "price__lt=x").returncode == 2


def test_files_are_relative_to_the_current_folder_and_the_database_to_the_project(
    prepared: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "rooms.csv").write_text("code,price,latitude,longitude\na1,60,51.5,-0.12\n")

    done = manage(prepared, "import", "rooms.csv", cwd=elsewhere)

    assert done.stdout.startswith("1 added"), done.stderr
    assert (prepared / "rentomatic.db").exists()
    assert [elsewhere / "rooms.csv"] == list(elsewhere.iterdir())


def test_local_backups_are_separate_from_those_of_the_stack(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    manage(prepared, "migrate")

    made = manage(prepared, "backup", cwd=tmp_path / "elsewhere")
    latest = manage(prepared, "restore", "latest", cwd=tmp_path / "elsewhere")

    assert (0, 0) == (made.returncode, latest.returncode), made.stderr + latest.stderr
    assert 1 == len(list((prepared / "local-backups").iterdir()))
    assert not (prepared / "backups").exists()


def test_the_environment_wins_over_the_configuration_file(prepared: Path) -> None:
    done = manage(prepared, "migrate", DATABASE_URL="memory:")

    assert done.stdout == "This storage needs no schema.\n"


def test_another_configuration_can_be_chosen(prepared: Path) -> None:
    entries = [{"name": "DATABASE_URL", "value": "memory:"}]
    (prepared / "config" / "other.json").write_text(json.dumps(entries))

    assert manage(prepared, "migrate", APPLICATION_CONFIG="other").stdout == "This storage needs no schema.\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "which does not exist"),
        ("{", "is not a list"),
        ('{"a": 1}', "is not a list"),
        ("[1]", "is not a list"),
        ('[{"name": "A", "value": [1]}]', "is not a list"),
    ],
)
def test_a_bad_configuration_file_is_named(prepared: Path, content: str | None, message: str) -> None:
    if content is not None:
        (prepared / "config" / "bad.json").write_text(content)

    done = manage(prepared, "migrate", APPLICATION_CONFIG="bad")

    assert done.returncode == 1
    assert "bad.json" in done.stderr
    assert message in done.stderr


def test_a_number_in_a_configuration_file_is_used_as_written(prepared: Path) -> None:
    entries = [{"name": "DATABASE_URL", "value": "memory:"}, {"name": "RENTOMATIC_PORT", "value": 0}]
    (prepared / "config" / "number.json").write_text(json.dumps(entries))

    assert (
        "RENTOMATIC_PORT: must be between 1" in manage(prepared, "doctor", APPLICATION_CONFIG="number").stdout
    )


def test_set_up_names_missing_tools(prepared: Path) -> None:
    (prepared / "requirements" / "build.txt").write_text(
        "no-such-package-as-this==1.0 --hash=sha256:" + "0" * 64
    )

    done = manage(prepared, "doctor", PIP_NO_INDEX="1", PIP_DRY_RUN="1")

    assert done.returncode == 1
    assert "Setting up .venv (prod)" in done.stderr
    assert "no-such-package-as-this" in done.stderr  # it got as far as installing
    assert "manage.py: `pip install" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_command_waits_while_another_one_sets_up(prepared: Path) -> None:
    (prepared / "requirements" / "build.txt").write_text("changed\n")
    command, told = [sys.executable, str(prepared / "manage.py"), "doctor"], prepared / "told"
    with (prepared / ".venv.lock").open("w") as lock, told.open("w") as errors:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, env={**os.environ, "PIP_NO_INDEX": "1"}, stderr=errors) as second:
            until(lambda: "waiting for it" in told.read_text())
            assert second.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            code = second.wait(LIMIT)

    assert 1 == code
    assert "Setting up .venv (prod)" in told.read_text()


def test_a_python_without_ensurepip_names_the_package_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def create(folder: Path, **options: bool) -> None:
        raise subprocess.CalledProcessError(1, [str(folder), "-m", "ensurepip", "--upgrade", "--default-pip"])

    monkeypatch.setattr(tool, "VENV", tool.ROOT / ".no-venv")
    monkeypatch.setattr("venv.create", create)

    with pytest.raises(tool.SetUpError, match="python3-venv"):
        tool.set_up("prod")


@pytest.mark.parametrize(
    ("arguments", "test"),
    [(("-k", "test"), "test_room"), (("--stack", "-k", "outage"), "test_outage")],
)
def test_tests_of_the_stack_run_only_when_asked_for(
    prepared: Path, arguments: tuple[str, ...], test: str
) -> None:
    for path in ("test_room.py", "deployment/test_outage.py", "deployment/test_restart.py"):
        file = prepared / "tests" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"def {file.stem}() -> None: ...\n")

    done = manage(
        prepared,
        "test",
        *arguments,
        PYTEST_ADDOPTS="-rA -p pytest_timeout",
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",  # starts a second faster
    )

    assert [test] == re.findall(r"^PASSED .*::(\w+)", done.stdout, re.MULTILINE)


def test_requirements_are_pinned_and_name_no_registry() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        lines = path.read_text().splitlines()
        assert "http" not in path.read_text()
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert pins
        assert all("==" in pin for pin in pins)
        assert sum("--hash=sha256:" in line for line in lines) >= len(pins)
