"""A title is one line of text; a room with any other title is refused."""

import pytest

from rentomatic.domain.room import InvalidRoom
from rentomatic.domain.texts import tidied
from tests.builders import make_room

INVISIBLE = (
    "\u200b",
    "\u200b\u2060 \ufeff",
    "\xad",
    "\u034f",
    "\u115f",
    "\u200d",
    "\u200f",
    "\u2800",
    "\u3164",
    "\ufe0f",
    "\uffa0",
    "\U000e0041",
)


@pytest.mark.parametrize(
    "title",
    [
        None,
        "Quiet",
        "x" * 120,
        "=1+1",
        "Zimmer für 2 – \u201eruhig\u201c",
        "\u05d7\u05d3\u05e8 \u200f!",
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",
        "\u1eb9\u0301",
        "\ufeffQuiet\u200b",
        "\u0e2b\u0e49\u0e2d\u0e07\u200b\u0e1e\u0e31\u0e01",
        "\u2603\ufe0f",
        ".",
    ],
)
def test_a_title_of_one_line_is_unchanged(title: str | None) -> None:
    assert title == make_room(title=title).title


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("", "must have 1 to 120 characters"),
        ("x" * 121, "must have 1 to 120 characters"),
        ("a\x00b", "must be one line without control characters"),
        ("a\nb", "must be one line without control characters"),
        ("a\x85b", "must be one line without control characters"),
        ("a\u2028b", "must be one line without control characters"),
        ("a\u202eb", "must be one line without control characters"),
        ("a\u2066b", "must be one line without control characters"),
        ("a\ud800", "must be text that can be written in UTF-8"),
        (" a", "must have single plain spaces, and none at its ends"),
        ("a ", "must have single plain spaces, and none at its ends"),
        ("a  b", "must have single plain spaces, and none at its ends"),
        ("a\u00a0b", "must have single plain spaces, and none at its ends"),
        ("cafe\u0301", "must be in Unicode's form NFC"),
        *((title, "must have a visible character") for title in INVISIBLE),
        (7, "must be a text"),
        (True, "must be a text"),
        (["a"], "must be a text"),
    ],
)
def test_any_other_title_is_refused_by_name(title: object, problem: str) -> None:
    with pytest.raises(InvalidRoom) as caught:
        make_room(title=title)

    assert {"title": problem} == caught.value.problems


def test_every_problem_of_a_room_is_named_beside_that_of_its_title() -> None:
    with pytest.raises(InvalidRoom) as caught:
        make_room(title="", price=-1)

    assert {"price", "title"} == caught.value.problems.keys()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("  two \t words\n", "two words"), ("a\u00a0\u3000b", "a b"), ("cafe\u0301", "caf\u00e9"), (" \t", "")],
)
def test_only_spacing_and_form_of_a_text_are_tidied(text: str, expected: str) -> None:
    assert expected == tidied(text)
    assert "a\x00b\u202e" == tidied("a\x00b\u202e")
