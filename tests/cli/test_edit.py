"""add, and remove on a terminal."""

from uuid import UUID

import pytest

from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage
from tests.cli.terminal import asked

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


def test_every_bad_value_is_named_at_once_as_typed(rentomatic: CommandLine, storage: Storage) -> None:
    done = rentomatic(
        *("add", "--code", "a b", "--size", "0", "--price", "1.5", "--latitude", "91", "--longitude", "-x")
    )

    assert (2, "") == (done.code, done.out)
    named = {line.removeprefix("Error: ").partition(": ")[0] for line in done.err.splitlines()}
    assert {"--code", "--size", "--price", "--latitude", "--longitude"} == named
    assert [] == storage.rooms()


@pytest.mark.parametrize("option", ["--price", "--latitude", "--longitude"])
def test_missing_required_values_are_named(rentomatic: CommandLine, option: str) -> None:
    given = ["--price", "60", *PLACE]
    at = given.index(option)

    done = rentomatic("add", *given[:at], *given[at + 2 :])

    assert (2, "") == (done.code, done.out)
    assert f"Missing option '{option}'" in done.err


@pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, 0), ("n", 1, 1), ("", 1, 1)])
def test_on_a_terminal_a_room_is_removed_after_confirmation(
    storage: Storage, answer: str, code: int, left: int
) -> None:
    storage.put(make_room())
    with asked("remove", "a1") as question:
        assert code == question.answer(answer)

    assert "51.50000" in question.shown  # the room itself
    assert left == len(storage.rooms())


def test_a_room_that_changed_since_it_was_shown_is_not_removed(storage: Storage) -> None:
    storage.put(make_room())
    with asked("remove", "a1") as question:
        storage.put(make_room(price=1))
        assert 1 == question.answer("y")

    assert [make_room(price=1)] == storage.rooms()


def test_a_room_is_added_with_a_title_and_shown_with_it(rentomatic: CommandLine, storage: Storage) -> None:
    rentomatic("add", "--code", "a1", "--size", "20", "--price", "60", *PLACE, "--title", "Quiet [room]")
    shown, untitled = rentomatic("show", "a1"), rentomatic("search", "price__lt=0")

    assert [make_room(title="Quiet [room]")] == storage.rooms()
    assert "Quiet [room]" in shown.out
    assert "title" not in untitled.out


def test_an_invalid_title_is_refused_by_its_option(rentomatic: CommandLine, storage: Storage) -> None:
    done = rentomatic("add", "--price", "60", *PLACE, "--title", "a\nb")

    assert (2, "") == (done.code, done.out)
    assert done.err.startswith("Error: --title: must be one line without control characters")
    assert [] == storage.rooms()
