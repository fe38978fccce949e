"""Every command has help with examples that run."""

import gzip
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import click
import pytest

from rentomatic.cli.errors import STORAGE_AWAY
from rentomatic.cli.main import cli, run
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv, ndjson
from tests.cli.conftest import CommandLine, Storage

COMMANDS: dict[str, click.Command] = {"": cli, **cli.commands}
LIMIT = 60
"""Seconds after which a process is given up."""


def examples(command: click.Command) -> list[str]:
    """Return the command lines below `Example:` or `Examples:` in a help text."""
    lines = iter((command.help or "").splitlines())
    for line in lines:
        if line.strip() in ("Example:", "Examples:"):
            break
    found = []
    for line in lines:
        if not line.strip():
            break
        found.append(line.strip())
    return found


ALL_EXAMPLES = sorted({line for command in COMMANDS.values() for line in examples(command)})
SERVING = [line for line in ALL_EXAMPLES if " serve" in line]
FOR_A_SHELL = [line for line in ALL_EXAMPLES if line not in SERVING and set(line) & set("|>")]
WITH_POSTGRES = [line for line in ALL_EXAMPLES if "postgresql://" in line]
PLAIN = [line for line in ALL_EXAMPLES if line not in (*SERVING, *FOR_A_SHELL, *WITH_POSTGRES)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example_of_itself(rentomatic: CommandLine, name: str) -> None:
    done = rentomatic(*name.split(), "--help")

    assert (done.code, done.err) == (0, "")
    assert examples(COMMANDS[name])
    assert all(f"rentomatic {name}" in line for line in examples(COMMANDS[name]))
    for line in examples(COMMANDS[name]):
        assert f"\n    {line}\n" in done.out  # not wrapped, so that it can be copied


@pytest.mark.parametrize("name", COMMANDS)
def test_short_help_is_the_same(rentomatic: CommandLine, name: str) -> None:
    assert rentomatic(*name.split(), "--help") == rentomatic(*name.split(), "-h")


@pytest.mark.parametrize("name", cli.commands)
def test_every_option_says_what_it_is_for(name: str) -> None:
    options = [p for p in cli.commands[name].params if isinstance(p, click.Option)]

    unexplained = [o.opts for o in options if not o.help and not isinstance(o.type, click.Choice)]
    assert unexplained == []


@pytest.mark.parametrize("name", cli.commands)
def test_choices_are_shown_as_typed(rentomatic: CommandLine, name: str) -> None:
    done = rentomatic(name, "--help")

    for option in cli.commands[name].params:
        if isinstance(option.type, click.Choice):
            assert f"[{'|'.join(option.type.choices)}]" in done.out


def test_every_command_is_listed(rentomatic: CommandLine) -> None:
    listed = rentomatic("--help").out.partition("Commands:\n")[2]

    assert sorted(cli.commands) == [line.split()[0] for line in listed.splitlines()]


@pytest.fixture
def surroundings(storage: Storage) -> None:
    """What the examples assume: sample rooms, and the files that they name."""
    storage.put_all(sample_rooms(200))
    rooms = list(sample_rooms(50))
    Path("rooms.csv").write_bytes(b"".join(csv.write(rooms)))
    Path("rooms.ndjson.gz").write_bytes(gzip.compress(b"".join(ndjson.write(rooms))))
    german = b"".join(csv.write(rooms)).replace(b"code", b"Nummer", 1).replace(b"price", b"Preis", 1)
    Path("liste.csv").write_bytes(german.replace(b"size", "Fläche".encode("windows-1252"), 1))
    run(["backup", "-o", "rooms.backup"])
    for name in {word for line in ALL_EXAMPLES for word in line.split() if word.startswith("backups/rooms-")}:
        Path("backups").mkdir(exist_ok=True)
        shutil.copy("rooms.backup", name)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", PLAIN)
def test_every_example_runs(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    words = shlex.split(line)
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    assert words.pop(0) == "rentomatic"

    done = rentomatic(*words)

    assert done.code == 0
    assert (words[0] == "import") == bool(done.err)  # it names the columns there
    assert done.out or {"-o", "--output"} & set(words)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", WITH_POSTGRES)
def test_every_example_of_serve_is_valid(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    words = shlex.split(line.replace("@localhost/", "@127.0.0.1:1/"))  # where nothing listens
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    assert words.pop(0) == "rentomatic"

    assert rentomatic(*words).code == STORAGE_AWAY


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", FOR_A_SHELL)
def test_every_example_with_a_pipe_runs(line: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["sh", "-c", line.replace("1000000", "1000")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )

    assert done.returncode == 0
    told = [line for line in done.stderr.splitlines() if line != b"Storage: rooms.db"]
    # An import names columns there, and the key itself goes to standard error.
    assert ("make-key" in line or " import " in line) == bool(told)


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", SERVING)
def test_every_example_of_serve_listens_and_stops(tmp_path: Path, line: str) -> None:
    words = shlex.split(line.replace("/var/lib/rentomatic", str(tmp_path)))
    port = free_port()
    environment = {**os.environ, "RENTOMATIC_PORT": str(port)}
    while "=" in words[0]:
        name, value = words.pop(0).split("=", 1)
        environment[name] = value
    assert words.pop(0) == "rentomatic"
    workers = int(words[words.index("--workers") + 1]) if "--workers" in words else 1

    command = [sys.executable, "-m", "rentomatic", *words]
    with (
        Path("log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            wait_for(lambda: Path("log").read_bytes().count(b"Started worker-") == workers, server)
            with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=LIMIT) as answer:
                status = answer.status
            time.sleep(0.3)  # a worker that has just started would have to be killed, which takes long
            server.send_signal(signal.SIGTERM)
            code = server.wait(LIMIT)
        finally:
            server.kill()

    assert (status, code) == (200, 0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(happened: Callable[[], bool], server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + LIMIT
    while not happened():
        assert server.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)


def test_the_examples_were_found() -> None:
    assert len(COMMANDS) <= len(ALL_EXAMPLES)
    assert all((PLAIN, FOR_A_SHELL, WITH_POSTGRES, SERVING))
    assert shutil.which("sh")
