"""doctor."""

from pathlib import Path

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage


def test_a_healthy_machine_is_told_so(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())

    done = rentomatic("doctor")

    findings = {line.split()[0]: line.split()[1] for line in done.out.splitlines() if "good" in line}
    assert (done.code, done.err) == (0, "")
    assert dict.fromkeys(["Python", "SQLite", "variables", "storage", "disk"], "good") == findings
    assert "schema 0001, 1 rooms" in done.out


def flattened(table: str) -> str:
    """The text of a table whose cells go over several lines."""
    return " ".join(table.split())


def test_a_storage_that_is_not_there_yet_is_found_and_not_made(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "storage wrong There is no new.db yet: run `rentomatic migrate`." in flattened(done.out)
    assert not Path("new.db").exists()


def test_a_variable_that_nobody_reads_is_found(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_PROT", "8000")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "variables wrong unknown: RENTOMATIC_PROT" in flattened(done.out)


def test_a_configuration_that_cannot_be_used_is_found(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_PORT", "http")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "variables wrong RENTOMATIC_PORT: must be a whole number such as 60" in flattened(done.out)


@pytest.mark.usefixtures("storage")
def test_what_is_looked_at_depends_on_the_storage(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory:")
    memory = rentomatic("doctor")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@127.0.0.1:1/rooms")
    server = rentomatic("doctor")

    assert (0, 1) == (memory.code, server.code)
    assert "storage good memory:, 0 rooms" in flattened(memory.out)
    assert "storage wrong The storage cannot be reached." in flattened(server.out)
    assert "(postgresql://127.0.0.1:1/rooms)" in flattened(server.out)
    for out in (memory.out, server.out):
        assert not {"SQLite", "disk", "hunter2"} & set(out.split())
