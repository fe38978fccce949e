"""Features and photos: lists of texts, and how they are written as one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.fields import FIELD, SEVERAL, Field
from rentomatic.domain.room import InvalidRoom
from rentomatic.domain.several import Several
from tests.builders import make_room

FEATURES, PHOTOS = SEVERAL["features"], SEVERAL["photos"]

ADDRESSES = st.from_regex(r"https://a\.example/[a-z,;:!'()*\[\]&=%~-]{0,12}", fullmatch=True)
LINES = (
    st.text("aé ;,\\[]|\"'{", min_size=1, max_size=8)
    .map(" ".join)
    .filter(lambda text: FEATURES.each.problem(text) is None)
)


def test_features_are_a_set_in_order_and_photos_keep_theirs() -> None:
    room = make_room(features=["Wifi", "Desk", "Wifi"], photos=["b.jpg", "a.jpg", "b.jpg"])

    assert (("Desk", "Wifi"), ("b.jpg", "a.jpg")) == (room.features, room.photos)


def test_an_empty_list_is_unstated() -> None:
    assert make_room() == make_room(features=[], photos=())


def test_a_list_that_is_wrong_is_named_with_other_wrong_values() -> None:
    with pytest.raises(InvalidRoom) as refused:
        make_room(price=-1, features=["a", "a;b"], photos=["a.jpg"])

    assert {
        "price": "must be between 0 and 2,147,483,647",
        "features": "must not have any of , ; in each entry",
    } == refused.value.problems


@pytest.mark.parametrize("value", ["Wifi", ["Wifi", 1], [["Wifi"]], {"Wifi": 1}, 1])
def test_other_values_are_no_list_of_texts(value: object) -> None:
    with pytest.raises(InvalidRoom, match="features must be a list of texts"):
        make_room(features=value)


def test_a_list_has_a_limited_number_of_entries() -> None:
    assert len(make_room(features=[str(n) for n in range(60)]).features or ()) == 60
    with pytest.raises(InvalidRoom, match="features must have 1 to 60 entries"):
        make_room(features=[str(n) for n in range(61)])


@given(texts=st.lists(LINES, min_size=1, max_size=5))
def test_features_written_as_one_text_are_read_back(texts: list[str]) -> None:
    assert texts == FEATURES.of_text(FEATURES.as_text(texts))


@given(texts=st.lists(ADDRESSES, min_size=1, max_size=5))
def test_photos_written_as_one_text_are_read_back(texts: list[str]) -> None:
    assert texts == PHOTOS.of_text(PHOTOS.as_text(texts))


@pytest.mark.parametrize(
    ("kind", "text", "texts"),
    [
        (FEATURES, "Wifi, Desk", ["Wifi", "Desk"]),
        (FEATURES, "Wifi;  Big   desk ;", ["Wifi", "Big desk"]),
        (FEATURES, '["Wifi", "Caf\\u00e9 nearby"]', ["Wifi", "Café nearby"]),
        (FEATURES, ' ["Wifi", null, " "]\n', ["Wifi"]),
        (FEATURES, "[]", []),
        (
            FEATURES,
            """['Wifi', "Children's books", None, 'Caf\\xe9',]""",
            ["Wifi", "Children's books", "Café"],
        ),
        (FEATURES, '{TV,"Cable TV",Wifi}', ["TV", "Cable TV", "Wifi"]),
        (
            FEATURES,
            r'{ "a \"big\" desk" , Children\'s books,NULL,"NULL",""}',
            ['a "big" desk', "Children's books", "NULL"],
        ),
        (FEATURES, "{}", []),
        (FEATURES, r"\[new] Wifi, [old] Desk", ["[new] Wifi", "[old] Desk"]),
        (PHOTOS, "{https://a.example/1.jpg,b.png}", ["https://a.example/1.jpg", "b.png"]),
        (PHOTOS, "['b.png', 'https://a.example/1.jpg']", ["b.png", "https://a.example/1.jpg"]),
        (FEATURES, "Wifi\nDesk\\", ["Wifi", "Desk"]),
        (FEATURES, " ; ,", []),
        (
            PHOTOS,
            "https://a.example/1.jpg, https://a.example/2.jpg",
            ["https://a.example/1.jpg", "https://a.example/2.jpg"],
        ),
        (PHOTOS, "https://a.example/1.jpg|b.png", ["https://a.example/1.jpg", "b.png"]),
        (PHOTOS, "https://a.example/größe.jpg", ["https://a.example/gr%C3%B6%C3%9Fe.jpg"]),
    ],
)
def test_lists_as_other_programs_write_them_are_understood(
    kind: Several, text: str, texts: list[str]
) -> None:
    assert texts == kind.of_text(text)


@pytest.mark.parametrize(
    "text",
    [
        "[Wifi, Desk]",
        "[new] Wifi",
        '["a]',
        "['a' 'b']",
        "[__import__('os')]",
        r"['\U00110000']",
        "[" * 100_000,
    ],
)
def test_a_text_that_starts_like_a_list_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(
        ValueError, match=r'^must be a list such as \["Desk", "Wifi"\] if it starts with \[; '
    ):
        FEATURES.of_text(text)


@pytest.mark.parametrize("text", ["{Wifi", '{"a": 1}', "{'Wifi', 'Desk'}", "{{a},{b}}", "{a,,b}", "{a} b"])
def test_a_text_that_starts_like_an_array_of_postgresql_and_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a list such as \{Desk,Wifi\} if it starts with \{; "):
        FEATURES.of_text(text)


def test_a_list_of_other_values_than_texts_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a list of texts"):
        FEATURES.of_text('["Wifi", 5]')


@pytest.mark.parametrize(
    "text", ["['a'" + " " * 99_000, "{a" + " " * 999_000, "['" + "\\n" * 49_000, "[" + "'a'," * 30_000 + "]"]
)
def test_a_long_broken_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a list such as"):
        FEATURES.of_text(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a\r\nb", "must have lines without control characters"),
        ("a\tb", "must have lines without control characters"),
        ("a\u202eb", "must have lines without control characters"),
        ("\na", "must not start or end with an empty line"),
        ("a\n", "must not start or end with an empty line"),
        ("a\n b", "must have single plain spaces, and none at its ends"),
        ("a" * 10_001, "must have 1 to 10,000 characters"),
        ("e\u0301", "must be in Unicode's form NFC"),
    ],
)
def test_a_description_consists_of_lines(text: str, problem: str) -> None:
    kind = FIELD[Field.DESCRIPTION].kind

    assert problem == kind.problem(text)
    assert kind.problem("One line.\n\nAnother one.") is None


def test_a_description_is_tidied_line_by_line() -> None:
    kind = FIELD[Field.DESCRIPTION].kind

    assert kind.tidied("\r\n One  line.\r\n\r\nAnother\tone. \n") == "One line.\n\nAnother one."  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("Nice room\n\u200b\nNear the park", "Nice room\n\nNear the park"),
        ("\u200b\r\n \ufeff \u2060\nNice room\n\u200b", "Nice room"),
        ("\u200b", ""),
        ("Nice\u200b room\n\x00", "Nice\u200b room\n\x00"),
    ],
)
def test_lines_of_invisible_characters_become_empty(text: str, tidied: str) -> None:
    kind = FIELD[Field.DESCRIPTION].kind

    assert tidied == kind.tidied(text)  # type: ignore[union-attr]
