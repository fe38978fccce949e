"""Backups of a running stack, and an empty stack restored from one."""

import gzip
import json
import os
import pty
import subprocess
import time
from pathlib import Path

import pytest

from tests.deployment.conftest import Figures
from tests.deployment.project import Stack, until
from tests.deployment.test_faults import load, without_failure
from tests.deployment.tutorial import Walk

Rows = set[tuple[str, int | None, int, float, float]]


def read(file: Path) -> tuple[Rows, dict[str, object]]:
    """Return the rooms of a backup, and its trailer."""
    *rooms, trailer = [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]
    rows = {(r["code"], r["size"], r["price"], r["longitude"], r["latitude"]) for r in rooms}
    return rows, trailer["backup"]


def stored(stack: Stack) -> Rows:
    """Return the rooms in the database, as SQL reports them."""
    told = stack.psql("SELECT json_build_array(code, size, price, longitude, latitude) FROM room;")
    return {tuple(json.loads(line)) for line in told.splitlines()}


def newest(stack: Stack) -> Path:
    return max((stack.folder / "backups").iterdir(), key=lambda path: path.name)


def test_a_backup_of_a_busy_stack_shows_one_moment_and_can_be_restored(
    stack: Stack, figures: Figures
) -> None:
    with load(stack) as running:
        acknowledged = len(running.acknowledged)
        began = time.monotonic()
        said = stack.tool("backup")
        seconds = time.monotonic() - began
        begun = running.begun
    rows, trailer = read(newest(stack))
    written = sorted(code for code, *_ in rows if code.startswith(running.prefix))
    figures.add(
        "backup", f"{len(rows)} rooms in {seconds:.1f} s, writes {acknowledged} … {len(written)} … {begun}"
    )
    without_failure(stack, running, figures, "backup")

    assert acknowledged <= len(written) <= begun
    assert [f"{running.prefix}-{number:06d}" for number in range(1, len(written) + 1)] == written
    assert (len(rows), str(trailer["checksum"]) in said) == (trailer["count"], True)

    begin_anew(stack)
    began = time.monotonic()
    restored = stack.tool("restore", "latest")
    figures.add("restore into an empty stack", f"{time.monotonic() - began:.1f} s")

    assert rows == stored(stack)
    assert str(trailer["checksum"]) in restored
    until(lambda: stack.get("/rooms?limit=1").json != [], 30, "the rooms are served")


def begin_anew(stack: Stack) -> None:
    """Restart the stack with an empty volume."""
    stack.manage("compose", "down", "--volumes")
    stack.up()
    assert 0 == stack.count()


@pytest.fixture(scope="module")
def good(tutorial: Walk, rooms: int) -> Path:
    tutorial.stack.tool("backup")
    return newest(tutorial.stack)


def test_a_damaged_backup_is_refused_and_changes_nothing(stack: Stack, good: Path) -> None:
    before, intact = stored(stack), good.read_bytes()
    spoiled = bytearray(intact)
    spoiled[len(spoiled) // 2] ^= 0x10
    good.write_bytes(spoiled)
    try:
        named = stack.try_manage("stack", "restore", "--yes", f"backups/{good.name}")
        latest = stack.try_manage("stack", "restore", "--yes", "latest")
    finally:
        good.write_bytes(intact)

    assert 0 not in (named.returncode, latest.returncode)
    assert "damaged or not a backup" in named.stderr
    assert before == stored(stack)


def test_existing_rooms_are_replaced_after_confirmation(stack: Stack, good: Path) -> None:
    stack.psql("INSERT INTO room(code, size, price, longitude, latitude) VALUES ('later', 1, 1, 1, 1)")
    wanted, _ = read(good)

    refused = stack.try_manage("stack", "restore", f"backups/{good.name}")
    unchanged = stored(stack)
    done = stack.try_manage("stack", "restore", "--yes", f"backups/{good.name}")

    assert 2 == refused.returncode
    assert f"the production stack {stack.name} has {len(unchanged):,} rooms." in refused.stderr
    assert "add --yes to do it. Nothing was changed." in refused.stderr
    assert "later" in {code for code, *_ in unchanged}
    assert 0 == done.returncode, done.stderr
    assert wanted == stored(stack)


def test_no_at_the_terminal_leaves_the_rooms_as_they_are(stack: Stack, good: Path) -> None:
    before = stored(stack)
    terminal, end = pty.openpty()
    command = stack.command("stack", "restore", good.name)
    with subprocess.Popen(
        command, cwd=stack.folder, env=stack.environment, stdin=end, stdout=end, stderr=end
    ) as running:
        os.close(end)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 65536)
        os.write(terminal, b"n\n")
        code = running.wait(60)
    os.close(terminal)

    assert 1 == code
    assert f"Storage: the production stack {stack.name}" in shown.decode()
    assert before == stored(stack)


def test_former_command_neither_backs_up_nor_restores_another_storage(stack: Stack, good: Path) -> None:
    before, backups = stored(stack), set((stack.folder / "backups").iterdir())
    done = [stack.try_manage(*line.split()) for line in ("backup --verify", "restore latest --force")]

    assert [2, 2] == [each.returncode for each in done]
    assert "For the stack: ./manage.py stack backup --verify." in done[0].stderr
    assert (before, backups) == (stored(stack), set((stack.folder / "backups").iterdir()))
    assert not (stack.folder / "rentomatic.db").exists()


def test_a_backup_is_verified_in_a_scratch_database(stack: Stack) -> None:
    before = stack.psql("SELECT datname FROM pg_database ORDER BY 1")
    stack.tool("backup", "--verify")

    assert before == stack.psql("SELECT datname FROM pg_database ORDER BY 1")


def test_only_its_owner_can_read_a_backup(stack: Stack, good: Path) -> None:
    assert 0o600 == good.stat().st_mode & 0o777
    assert 0o700 == good.parent.stat().st_mode & 0o777
