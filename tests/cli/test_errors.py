"""Every failure has an exit code, and every exit code is reached."""

import importlib
import pkgutil
from pathlib import Path

import pytest

import rentomatic as package
from rentomatic.cli.errors import BAD_USAGE, EXIT_CODES, FAILED, NOT_FOUND, STORAGE_AWAY
from rentomatic.use_cases.errors import RentomaticError
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage


def all_errors() -> set[type[RentomaticError]]:
    """Return every error class of the program."""
    for module in pkgutil.walk_packages(package.__path__, "rentomatic."):
        if not module.name.endswith(("__main__", "revisions.env")):  # these two run on import
            importlib.import_module(module.name)
    found: set[type[RentomaticError]] = set()
    waiting = [RentomaticError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found.update(kinds)
        waiting += kinds
    return found


def test_every_error_has_an_exit_code() -> None:
    errors = all_errors()

    assert set(EXIT_CODES) <= errors
    assert [error for error in errors if not set(error.__mro__) & set(EXIT_CODES)] == []
    assert {FAILED, BAD_USAGE, NOT_FOUND, STORAGE_AWAY} == set(EXIT_CODES.values())
    assert [FAILED, BAD_USAGE, NOT_FOUND, STORAGE_AWAY] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("--version", 0),
        ("--help", 0),
        ("search", 0),
        ("import good.csv", 0),
        ("import partly.csv", 1),
        ("import partly.csv --strict", 1),
        ("import taken.csv --on-conflict fail", 1),
        ("export -o nowhere/out.csv", 1),
        ("import nowhere.csv", 2),
        ("import empty.csv", 2),
        ("search prize__lt=60", 2),
        ("search --format xml", 2),
        ("lookup", 2),
        ("", 2),
        ("show other", 3),
        ("remove other", 3),
    ],
)
def test_each_error_has_its_exit_code(
    rentomatic: CommandLine, storage: Storage, line: str, code: int
) -> None:
    storage.put(make_room())
    header = "code,size,price,latitude,longitude\n"
    for name, lines in (
        ("good.csv", "b2,20,60,0,0\n"),
        ("partly.csv", "b2,20,60,0,0\nbad\n"),
        ("taken.csv", "a1,20,1,0,0\n"),
    ):
        Path(name).write_text(header + lines, encoding="utf-8")
    Path("empty.csv").touch()

    done = rentomatic(*line.split())

    assert code == done.code
    assert bool(code) == bool(done.err) or line == "import good.csv"  # which names the columns
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["search"],
        ["show", "a1"],
        ["remove", "a1"],
        ["summary"],
        ["export"],
        ["import", "good.csv"],
        ["migrate"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unreachable_storage_has_its_own_exit_code(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere/rooms.db")
    Path("good.csv").write_text("code,size,price,latitude,longitude\nb2,20,60,0,0\n", encoding="utf-8")

    done = rentomatic(*arguments)

    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Error: There is no directory ")


@pytest.mark.parametrize("text", ["[red]x[/]", "[/]", "a\\[b]", "😀"])
def test_an_error_is_shown_verbatim_whatever_it_quotes(rentomatic: CommandLine, text: str) -> None:
    done = rentomatic("show", text)

    assert (3, f"Error: There is no room {text}.\n") == (done.code, done.err)
