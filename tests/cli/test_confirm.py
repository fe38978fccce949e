"""Nothing is overwritten or removed without confirmation, and every command names its target."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage
from tests.cli.terminal import asked

LISTING = b"code,price,latitude,longitude\nnew,60,51.5,-0.12\nbad\n"
HERE, THERE = make_room(code="here"), make_room(code="there")


@pytest.fixture
def surroundings(storage: Storage, rentomatic: CommandLine) -> None:
    """A storage with a room, a backup, a copy with another room, and files with content."""
    storage.put(HERE)
    rentomatic("backup")
    storage.put(THERE)
    rentomatic("copy", "sqlite:///rooms.db", "sqlite:///copy.db")
    for name in FILES:
        Path(name).write_bytes(b"precious")


FILES = ("out.csv", "out.gz", "refused.csv")
OVERWRITING = {
    "remove there": "This will remove there from rooms.db.",
    "restore latest": "rooms.db has 2 rooms. They will be replaced by 1 room from the backup.",
    "copy sqlite:///rooms.db sqlite:///copy.db": "copy.db has rooms already: rooms with the same code",
    "export -o out.csv": "out.csv exists and will be overwritten.",
    "backup -o out.gz": "out.gz exists and will be overwritten.",
    "import - --report refused.csv": "refused.csv exists and will be overwritten.",
}
"""Command lines that overwrite or remove something, and what they say about it."""


def contents() -> list[bytes]:
    return [Path(name).read_bytes() for name in (*FILES, "copy.db")]


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", OVERWRITING)
def test_without_a_terminal_the_command_asks_for_yes_and_changes_nothing(
    rentomatic: CommandLine, storage: Storage, line: str
) -> None:
    before = contents()

    done = rentomatic(*line.split(), stdin=LISTING)

    assert 2 == done.code
    assert OVERWRITING[line] in done.err
    assert "Without a terminal, add --yes to do it. Nothing was changed.\n" in done.err
    assert ([HERE, THERE], before) == (storage.rooms(), contents())


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize("line", OVERWRITING)
def test_yes_is_enough_without_a_terminal(rentomatic: CommandLine, storage: Storage, line: str) -> None:
    before = storage.rooms(), contents()

    done = rentomatic(*line.split(), "--yes", stdin=LISTING)

    assert done.code == (1 if "--report" in line else 0), done.err  # a line of the listing is refused
    assert "copy" in line or before != (storage.rooms(), contents())


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    ("line", "answer"),
    [*((line, "n") for line in OVERWRITING if "import -" not in line), ("remove there", "")],
)
def test_no_at_the_terminal_changes_nothing(storage: Storage, line: str, answer: str) -> None:
    before = contents()

    with asked(*line.split()) as question:
        code = question.answer(answer)

    assert 1 == code
    assert OVERWRITING[line] in " ".join(question.shown.split())
    assert ([HERE, THERE], before) == (storage.rooms(), contents())


@pytest.mark.usefixtures("surroundings")
def test_yes_at_the_terminal_continues(storage: Storage) -> None:
    with asked("restore", "latest") as question:
        code = question.answer("y")

    assert 0 == code
    assert "Storage: rooms.db" in question.shown
    assert [HERE] == storage.rooms()


@pytest.mark.usefixtures("surroundings")
@pytest.mark.parametrize(
    "line", ["restore latest --force", "copy sqlite:///rooms.db sqlite:///copy.db --replace"]
)
def test_former_options_still_ask(rentomatic: CommandLine, storage: Storage, line: str) -> None:
    before = contents()

    done = rentomatic(*line.split())

    assert 2 == done.code
    assert "add --yes to do it." in done.err
    assert ([HERE, THERE], before) == (storage.rooms(), contents())


@pytest.mark.parametrize("line", ["export -o rooms.db", "backup -o rooms.db", "import - --report rooms.db"])
def test_file_of_the_rooms_is_never_overwritten(rentomatic: CommandLine, storage: Storage, line: str) -> None:
    storage.put(HERE)

    done = rentomatic(*line.split(), "--yes", stdin=LISTING)

    assert 2 == done.code
    assert "rooms.db is the file that stores the rooms" in done.err
    assert [HERE] == storage.rooms()


def test_export_to_standard_output_leaves_a_file_of_that_name_alone(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(HERE)
    Path("-").write_bytes(b"precious")

    done = rentomatic("export", "-o", "-")

    assert (0, b"precious") == (done.code, Path("-").read_bytes())
    assert "here" in done.out


def empty(path: Path) -> None:
    path.touch()


def missing(path: Path) -> None:
    assert not path.exists()


@pytest.mark.parametrize("prepare", [empty, missing])
@pytest.mark.parametrize("line", ["export -o new.gz", "backup -o new.gz", "import - --report new.gz"])
def test_an_empty_file_is_overwritten_without_asking(
    rentomatic: CommandLine, storage: Storage, prepare: Callable[[Path], None], line: str
) -> None:
    storage.put(HERE)
    prepare(Path("new.gz"))

    done = rentomatic(*line.split(), stdin=LISTING)

    assert "--yes" not in done.err
    assert Path("new.gz").stat().st_size


def test_import_replaces_rooms_without_asking(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room(code="new", price=1), HERE)

    done = rentomatic("import", "-", stdin=LISTING.removesuffix(b"bad\n"))

    assert (0, "0 added, 1 replaced, 0 unchanged, 0 skipped, 0 refused.\n") == (done.code, done.out)
    assert HERE in storage.rooms()


@pytest.mark.parametrize(
    "line",
    [
        "add --code new --price 1 --latitude 1 --longitude 1",
        "remove here --yes",
        "import -",
        "backup",
        "restore latest --yes",
        "migrate",
    ],
)
def test_commands_that_change_a_storage_name_it_first(
    rentomatic: CommandLine, storage: Storage, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(HERE)
    rentomatic("backup")
    outside = rentomatic(*line.split(), stdin=LISTING).storage
    storage.put(HERE)
    monkeypatch.setenv("RENTOMATIC_STACK", "rooms")
    inside = rentomatic(*line.split(), stdin=LISTING).storage

    assert ("rooms.db", "the production stack rooms") == (outside, inside)


@pytest.mark.parametrize(
    "line", ["search", "show here", "summary", "export", "doctor", "migrate --sql", "backup --list"]
)
def test_commands_that_only_read_do_not_name_the_storage_first(
    rentomatic: CommandLine, storage: Storage, line: str
) -> None:
    storage.put(HERE)

    assert "" == rentomatic(*line.split()).storage


def test_messages_in_the_stack_name_its_own_commands(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(HERE)
    monkeypatch.setenv("RENTOMATIC_STACK", "rooms")
    no_backup = rentomatic("doctor", "--format", "json")
    bad_usage = rentomatic("restore")
    storage.path.write_bytes(b"")
    no_schema = rentomatic("search")

    assert "run `./manage.py stack backup`" in no_backup.out
    assert "Usage: ./manage.py stack restore [OPTIONS] FILE" in bad_usage.err
    assert "Restore a backup with `./manage.py stack restore`" in no_schema.err


def test_messages_and_help_name_commands_as_the_program_was_called(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_PROGRAM", "../manage.py")
    helps = [rentomatic(*line.split(), "--help").out for line in ("", "backup", "serve", "copy")]
    bad_usage = rentomatic("restore")
    storage.path.unlink()
    missing = rentomatic("search")
    monkeypatch.delenv("RENTOMATIC_PROGRAM")
    usual = rentomatic("serve", "--help").out

    assert [True] * 4 == ["Usage: ../manage.py" in text for text in helps]
    assert [] == [line for text in helps for line in text.splitlines() if " rentomatic " in line]
    assert "Usage: ../manage.py restore [OPTIONS] FILE" in bad_usage.err
    assert "make it with `../manage.py import` or `../manage.py migrate`" in missing.err
    assert "\n    rentomatic serve\n" in usual


def test_help_says_which_storage_a_command_acts_on(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = rentomatic("backup", "--help")
    monkeypatch.setenv("RENTOMATIC_STACK", "rooms")
    inside = rentomatic("backup", "--help")

    told = " ".join(outside.out.split())
    assert "Acts on the storage that DATABASE_URL names (default: sqlite:///rentomatic.db)." in told
    assert told.endswith("On the production stack: ./manage.py stack backup")
    assert "Acts on the production stack rooms." in inside.out
    assert "    ./manage.py stack backup --verify --keep 30\n" in inside.out
    assert "rentomatic backup" not in inside.out


def test_the_question_names_the_production_stack(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(HERE)
    rentomatic("backup")
    monkeypatch.setenv("RENTOMATIC_STACK", "rooms")

    done = rentomatic("restore", "latest")

    assert 2 == done.code
    assert "the production stack rooms has 1 room." in done.err
