"""From a JSON object, or from texts, to a room or all its errors."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.quoting import visible
from rentomatic.domain.room import Room
from rentomatic.requests.room import MAX_MEMBERS, room_of_json, room_of_texts
from rentomatic.serializers.json import encode
from rentomatic.use_cases.errors import DocumentError, ParametersError
from tests.builders import ROOMS, make_room

A1 = {"code": "a1", "size": 20, "price": 60, "latitude": 51.5, "longitude": -0.12}
ID = "f853578c-fc0f-4e65-81b8-566c5dffa35a"


def content(**members: object) -> bytes:
    """Return a room as JSON with these members changed; members that are ... are left out."""
    return json.dumps({name: value for name, value in {**A1, **members}.items() if value is not ...}).encode()


def faults(text: bytes, code: str | None = None) -> dict[str, str]:
    with pytest.raises(DocumentError) as refused:
        room_of_json(text, code)
    return {fault.path: fault.message for fault in refused.value.faults}


@given(ROOMS)
def test_a_written_room_is_read_back(room: Room) -> None:
    assert room == room_of_json(encode(room))


@pytest.mark.parametrize("size", [None, ...])
def test_a_size_need_not_be_stated(size: object) -> None:
    assert make_room(size=None) == room_of_json(content(size=size))


def test_a_room_without_a_code_gets_a_uuid() -> None:
    first, second = room_of_json(content(code=...)), room_of_json(content(code=...))

    assert first.code == str(UUID(first.code))
    assert first.code != second.code


@pytest.mark.parametrize("code", [ID, ID.upper(), ...])
def test_a_room_with_a_known_code_need_not_repeat_it(code: object) -> None:
    assert make_room(code=ID) == room_of_json(content(code=code), ID)


@pytest.mark.parametrize("price", [b"60.0", b"6e1", b"60"])
def test_a_whole_number_may_have_a_zero_fraction(price: bytes) -> None:
    """In JSON Schema, 60.0 is an integer."""
    text = b'{"code":"a1","price":' + price + b',"latitude":51,"longitude":0}'

    assert 60 == room_of_json(text).price


@pytest.mark.parametrize("code", ["b2", "A1", "", None, 1, "a b"])
def test_a_room_must_not_contradict_its_code(code: object) -> None:
    assert {"$.code": "must be a1, as in the URL, or left out"} == faults(content(code=code), "a1")


@pytest.mark.parametrize(
    ("member", "value", "shown"),
    [
        ("price", 1.5, "1.5"),
        ("price", True, "true"),
        ("price", "60", "'60'"),
        ("price", None, "null"),
        ("price", -1, "-1"),
        ("price", 2147483648, "2147483648"),
        ("price", [60], "an array"),
        ("price", {}, "an object"),
        ("size", 0, "0"),
        ("size", 20.5, "20.5"),
        ("size", False, "false"),
        ("latitude", 90.5, "90.5"),
        ("latitude", "51.5", "'51.5'"),
        ("latitude", True, "true"),
        ("longitude", -181, "-181"),
        ("longitude", None, "null"),
        ("code", "", "''"),
        ("code", "summary", "'summary'"),
        ("code", 5, "5"),
        ("code", None, "null"),
        ("code", "\ud800", "'<U+D800>'"),
        ("code", "\x00" * 50, "'" + "<U+0000>" * 39 + "…'"),
    ],
)
def test_an_invalid_value_is_named_and_shown(member: str, value: object, shown: str) -> None:
    found = faults(content(**{member: value}))

    assert [f"$.{member}"] == list(found)
    assert found[f"$.{member}"].endswith(f", not {shown}")


@pytest.mark.parametrize("member", ["price", "latitude", "longitude"])
def test_a_missing_member_is_named(member: str) -> None:
    assert {f"$.{member}": "is missing"} == faults(content(**{member: ...}))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("colour", "$.colour"),
        ("Price", "$.Price"),
        ("distance", "$.distance"),
        ("", '$[""]'),
        ("a b", '$["a b"]'),
        ("größe", '$["gr\\u00f6\\u00dfe"]'),
        ("\ud800", '$["\\ud800"]'),
        ('"', '$["\\""]'),
        ("x" * 100, "$." + "x" * 60),
    ],
)
def test_an_unknown_member_is_named(name: str, path: str) -> None:
    assert {path: "is not a member of a room"} == faults(content(**{name: 1}))


def test_every_fault_is_named_at_once() -> None:
    found = faults(b'{"code":"a b","price":1.5,"latitude":1e999,"latitud":0,"size":3,"size":3}')

    assert {"$.code", "$.price", "$.latitude", "$.longitude", "$.latitud", "$.size"} == set(found)
    assert "is given more than once" == found["$.size"]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "-" + "9" * 60_000])
@pytest.mark.parametrize("member", ["price", "size", "latitude", "longitude"])
def test_an_invalid_number_is_named(member: str, number: str) -> None:
    text = json.dumps({**A1, member: "?"}).replace('"?"', number)

    assert [f"$.{member}"] == list(faults(text.encode()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "is not JSON: Expecting value in line 1, column 1"),
        (b"nope", "is not JSON: Expecting value in line 1, column 1"),
        (b'{"code":"a1",}', "is not JSON: "),
        (b"{'code':1}", "is not JSON: "),
        (content() + b"x", "is not JSON: Extra data in line 1, column "),
        (content()[:-1], "is not JSON: "),
        (b'{"code":"a\nb"}', "is not JSON: Invalid control character at in line 1, column "),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8"),
        (b'{"code":"\xe9"}', "is not UTF-8"),
        (b'{"code":"\xed\xa0\x80"}', "is not UTF-8"),
        (b"[" * 60_000, "is nested too deep"),
        (b'{"code":' * 8000, "is nested too deep"),
        (b"null", "must be an object, not null"),
        (b"[]", "must be an object, not an array"),
        (b'"a1"', "must be an object, not 'a1'"),
        (b"NaN", "must be an object, not NaN"),
        (
            json.dumps(dict.fromkeys(map(str, range(101)))).encode(),
            f"must have at most {MAX_MEMBERS} members",
        ),
    ],
)
def test_a_document_that_is_not_an_object_is_a_fault(text: bytes, message: str) -> None:
    found = faults(text)

    assert ["$"] == list(found)
    assert found["$"].startswith(message)


def test_a_byte_order_mark_is_skipped() -> None:
    assert make_room() == room_of_json(b"\xef\xbb\xbf" + content())


@given(
    st.binary()
    | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(
        lambda value: json.dumps(value).encode()
    )
    | st.dictionaries(st.sampled_from(list(A1)) | st.text(), st.none() | st.integers() | st.text()).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_any_document_gives_a_room_or_a_fault(text: bytes) -> None:
    try:
        assert isinstance(room_of_json(text), Room)
    except DocumentError as refused:
        assert refused.faults
        assert visible(str(refused)) == str(refused)


def test_texts_are_parsed_into_a_room() -> None:
    texts = {"code": "a1", "size": "20", "price": "60", "latitude": "51.5", "longitude": "-0.12"}

    assert make_room() == room_of_texts(texts)


def test_texts_without_size_and_code_give_a_room_with_a_uuid() -> None:
    room = room_of_texts({"price": "60", "latitude": "51.5", "longitude": "-0.12"})

    assert make_room(code=str(UUID(room.code)), size=None) == room


GROWS = "\u0958"  # two characters in NFC
PLACE = {"price": "60", "latitude": "51.5", "longitude": "-0.12"}


@pytest.mark.parametrize(
    ("title", "expected"),
    [("Cafe\u0301", "Caf\u00e9"), ("e\u0301" * 120, "\u00e9" * 120), (GROWS * 60, "\u0915\u093c" * 60)],
    ids=["decomposed", "long", "growing"],
)
def test_title_is_normalised_before_it_is_checked(title: str, expected: str) -> None:
    assert expected == room_of_texts({**PLACE, "title": title}).title
    assert expected == room_of_json(content(title=title)).title


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        (GROWS * 61, "must have 1 to 120 characters"),
        ("a\tb", "must be one line without control characters"),
        ("a\nb", "must be one line without control characters"),
        ("a\u202eb", "must be one line without control characters"),
        ("a\u00a0b", "must have single plain spaces, and none at its ends"),
        (" a", "must have single plain spaces, and none at its ends"),
        ("\u200b", "must have a visible character"),
    ],
    ids=ascii,
)
def test_title_that_breaks_a_rule_is_refused_by_name(title: str, problem: str) -> None:
    with pytest.raises(ParametersError) as refused:
        room_of_texts({**PLACE, "title": title})

    (told,) = refused.value.problems
    assert ("title", True) == (told.parameter, told.message.startswith(problem))
    assert faults(content(title=title))["$.title"].startswith(problem)


@pytest.mark.parametrize("code", ["\u212a1", "e\u0301"])
def test_code_is_not_normalised(code: str) -> None:
    """The Kelvin sign would become a letter K."""
    assert {"$.code"} == faults(content(code=code)).keys()


def test_every_bad_text_is_named_at_once() -> None:
    with pytest.raises(ParametersError) as refused:
        room_of_texts({"code": "a b", "size": "0", "price": "1.0", "latitude": "x"})

    told = {problem.parameter: problem.message for problem in refused.value.problems}
    assert told == {
        "code": told["code"],
        "size": "must be between 1 and 2,147,483,647, not 0",
        "price": "must be a whole number such as 60, not '1.0'",
        "latitude": "must be a number such as 0.1278, not 'x'",
        "longitude": "is missing",
    }


def test_a_text_of_several_entries_is_quoted_as_typed() -> None:
    with pytest.raises(ParametersError) as refusal:
        room_of_texts({**PLACE, "photos": "x.jpg, mit leer ä.jpg"})

    assert str(refusal.value).startswith("photos: must be ")
    assert str(refusal.value).endswith(" in each entry, not 'x.jpg, mit leer ä.jpg'")
