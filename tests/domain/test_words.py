"""The words of texts, and what a search for words finds."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import LONGEST_WORD, asked_words, words_in, words_of
from tests.builders import make_room


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Quiet room, with a view", ["quiet", "room", "with", "a", "view"]),
        ("it's 5-10 x_y", ["it", "s", "5", "10", "x", "y"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("İstanbul Istanbul", ["istanbul", "istanbul"]),
        ("Ø ø Højbro", ["ø", "ø", "højbro"]),
        ("Ένας ΕΝΑΣ", ["ενασ", "ενασ"]),
        ("Éte\u0301", ["ete"]),
        ("\u1eb9\u0301", ["e"]),
        ("ﬁne ① Ⅳ", ["fine", "1", "iv"]),
        ("غُرفَة", ["غُرفَة"]),
        ("安静的房间", ["安静的房间"]),
        ("ห้องพัก", ["ห้องพัก"]),
        ("\U0001f6cf — …", []),
        ("", []),
    ],
)
def test_words_are_runs_of_letters_marks_and_digits_without_case_and_accents(
    text: str, words: list[str]
) -> None:
    assert words == words_of(text)


@given(st.text())
def test_words_consist_of_letters_marks_and_digits(text: str) -> None:
    assert {"L", "M", "N"} >= {category(character)[0] for word in words_of(text) for character in word}


@given(st.text(), st.sampled_from(" \n!-_\u2014\u20ac\u00ad\u3000"), st.text())
def test_any_other_character_ends_a_word(before: str, other: str, after: str) -> None:
    assert [*words_of(before), *words_of(after)] == words_of(before + other + after)


def test_words_of_a_room_come_from_texts_and_lists_of_texts() -> None:
    assert {"quiet", "room", "wifi"} == words_in(["Quiet room", None, ("Wifi", "room")])


def test_words_of_a_search_are_in_order_without_those_that_follow_from_others() -> None:
    assert ("desk", "quiet", "room5") == asked_words(["room5", "quiet", "qui", "desk", "room", "quiet"])
    assert ("desk", "quiet") == RoomQuery(words=("quiet", "desk", "q")).words


@pytest.mark.parametrize("word", ["", "two words", "it's", "_"])
def test_a_search_for_what_is_no_word_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match="letters, marks and digits"):
        RoomQuery(words=("quiet", word))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("quiet", True),
        ("qui", True),
        ("QUIET priv", True),
        ("camd quiet private", True),
        ("desk", False),
        ("quiet desk", False),
        ("uiet", False),
        ("quietly", False),
        ("cafe", True),
        ("café", True),
        ("60", False),
        ("a1", False),
    ],
)
def test_each_word_begins_a_word_of_the_texts(text: str, found: bool) -> None:
    room = make_room(title="Quiet, above the CAFÉ", kind="Private room", neighbourhood="Camden")

    assert found is RoomQuery(words=tuple(words_of(text))).matches(room)


def test_a_room_without_texts_matches_no_word() -> None:
    assert not RoomQuery(words=("a",)).matches(make_room())


@pytest.mark.parametrize("letter", ["a", "\u0e01"])
def test_only_the_beginning_of_a_very_long_word_counts(letter: str) -> None:
    room = make_room(title=120 * letter)

    assert [LONGEST_WORD * letter, "b"] == words_of(f"{10_000 * letter} b")
    assert RoomQuery(words=tuple(words_of(500 * letter))).matches(room)
    with pytest.raises(ValueError, match="1 to 100 letters"):
        RoomQuery(words=((LONGEST_WORD + 1) * letter,))
