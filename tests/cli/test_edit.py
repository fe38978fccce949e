"""add, and remove on a terminal."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage

LIMIT = 60
"""Seconds after which a process is given up."""

PLACE = ("--latitude", "51.5", "--longitude", "-0.12")


def test_a_room_is_added(rentomatic: CommandLine, storage: Storage) -> None:
    done = rentomatic("add", "--code", "a1", "--size", "20", "--price", "60", *PLACE)

    assert (0, "Added a1.\n", "") == (done.code, done.out, done.err)
    assert [make_room()] == storage.rooms()


def test_a_room_without_a_code_gets_a_uuid_and_without_a_size_none(
    rentomatic: CommandLine, storage: Storage
) -> None:
    done = rentomatic("add", "--price", "60", *PLACE)

    (room,) = storage.rooms()
    assert make_room(code=str(UUID(room.code)), size=None) == room
    assert (0, f"Added {room.code}.\n") == (done.code, done.out)


def test_a_room_whose_code_is_taken_is_not_added(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())

    done = rentomatic("add", "--code", "a1", "--price", "1", *PLACE)

    assert (1, "", "Error: There is a room a1 already.\n") == (done.code, done.out, done.err)
    assert [make_room()] == storage.rooms()


def test_every_bad_value_is_named_at_once_as_it_is_typed(rentomatic: CommandLine, storage: Storage) -> None:
    done = rentomatic(
        *("add", "--code", "a b", "--size", "0", "--price", "1.5", "--latitude", "91", "--longitude", "-x")
    )

    assert (2, "") == (done.code, done.out)
    named = {line.removeprefix("Error: ").partition(": ")[0] for line in done.err.splitlines()}
    assert {"--code", "--size", "--price", "--latitude", "--longitude"} == named
    assert [] == storage.rooms()


@pytest.mark.parametrize("option", ["--price", "--latitude", "--longitude"])
def test_what_every_room_has_is_asked_for(rentomatic: CommandLine, option: str) -> None:
    given = ["--price", "60", *PLACE]
    at = given.index(option)

    done = rentomatic("add", *given[:at], *given[at + 2 :])

    assert (2, "") == (done.code, done.out)
    assert f"Missing option '{option}'" in done.err


@contextmanager
def asked(*arguments: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A command on a terminal, when it has asked its question."""
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "rentomatic", *arguments]
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=subprocess.STDOUT) as running:
        os.close(end)
        try:
            shown = b""
            while b"[y/N]" not in shown:
                shown += os.read(terminal, 65536)
            assert b"51.50000" in shown  # the room itself
            yield terminal, running
        finally:
            running.kill()
            os.close(terminal)


@pytest.mark.parametrize(("answer", "code", "left"), [(b"y\n", 0, 0), (b"n\n", 1, 1), (b"\n", 1, 1)])
def test_on_a_terminal_a_room_is_removed_when_that_is_confirmed(
    storage: Storage, answer: bytes, code: int, left: int
) -> None:
    storage.put(make_room())
    with asked("remove", "a1") as (terminal, running):
        os.write(terminal, answer)
        assert code == running.wait(LIMIT)

    assert left == len(storage.rooms())


def test_a_room_that_was_changed_since_it_was_shown_is_not_removed(storage: Storage) -> None:
    storage.put(make_room())
    with asked("remove", "a1") as (terminal, running):
        storage.put(make_room(price=1))
        os.write(terminal, b"y\n")
        assert running.wait(LIMIT) == 1

    assert [make_room(price=1)] == storage.rooms()


def test_nobody_is_asked_who_said_yes(storage: Storage) -> None:
    storage.put(make_room())
    terminal, end = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "rentomatic", "remove", "a1", "--yes"],
            stdin=end,
            capture_output=True,
            timeout=LIMIT,
            check=False,
        )
    finally:
        os.close(terminal)
        os.close(end)

    assert (0, b"Removed a1.\n") == (done.returncode, done.stdout)
    assert [] == storage.rooms()
