"""Every export can be imported, and exporting it again gives the same bytes."""

import io
from collections.abc import Callable, Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.room import Room
from rentomatic.domain.texts import tidied
from rentomatic.listings import csv as csv_listing
from rentomatic.listings import ndjson as ndjson_listing
from rentomatic.listings.columns import Columns
from rentomatic.serializers import csv, ndjson
from rentomatic.use_cases.import_rooms import Refusal
from tests.builders import make_room, room_sets

Write = Callable[[Iterable[Room]], Iterator[bytes]]
Read = Callable[[Iterable[str], Columns], Iterator[Room | Refusal]]

FORMATS = [
    pytest.param(csv.write, csv_listing.read, id="csv"),
    pytest.param(ndjson.write, ndjson_listing.read, id="ndjson"),
]

# Formulas, texts that look protected or unstated, quotes and separators.
AWKWARD = [
    "=1+1",
    "'=1+1",
    "''=1",
    "+49 30",
    "-",
    "'-'",
    "@home",
    "'tis",
    '"',
    '""',
    "a,b;c",
    "＝1",
    "'",
    "\\",
]
AWKWARD += ["'none", "—", "?", "k.A.", "unknown", "none", "n/a", "null", "-0", "#N/A", "\ufeffx", "%s"]
LETTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))
TITLES = st.sampled_from(AWKWARD) | st.text(LETTERS, min_size=1, max_size=20).map(tidied)
LINE = FIELD[Field.TITLE].kind
ROOMS = st.lists(TITLES.filter(lambda title: LINE.problem(title) is None), max_size=8).map(
    lambda titles: [make_room(code=f"r{number}", title=title) for number, title in enumerate(titles)]
)


def exported(write: Write, rooms: Iterable[Room]) -> bytes:
    return b"".join(write(rooms))


def imported(read: Read, content: bytes) -> list[Room | Refusal]:
    return list(read(io.StringIO(content.decode(), newline=""), Columns()))


@pytest.mark.parametrize(("write", "read"), FORMATS)
@given(rooms=room_sets() | ROOMS)
def test_rooms_survive_a_round_trip_byte_for_byte(write: Write, read: Read, rooms: list[Room]) -> None:
    content = exported(write, rooms)
    found = imported(read, content) if rooms else []

    assert rooms == found
    assert content == exported(write, [room for room in found if isinstance(room, Room)])


@pytest.mark.parametrize("title", AWKWARD)
@pytest.mark.parametrize(("write", "read"), FORMATS)
def test_awkward_titles_survive_a_round_trip(write: Write, read: Read, title: str) -> None:
    room = make_room(title=title)

    assert [room] == imported(read, exported(write, [room]))


def test_titles_from_other_sources_are_tidied_and_invalid_ones_refused_by_line() -> None:
    titles = (" Quiet \u00a0 room", "", "x" * 121, "a\u202eb")
    lines = ["id,price,lat,lng,name", *(f"r{number},1,2,3,{title}" for number, title in enumerate(titles))]

    found = imported(csv_listing.read, "\n".join(lines).encode())

    place = {"size": None, "price": 1, "latitude": 2, "longitude": 3}
    advice = "; correct it or leave it empty"
    assert [
        make_room(**place, code="r0", title="Quiet room"),
        make_room(**place, code="r1"),
        Refusal(4, "name", "x" * 121, f"must have 1 to 120 characters{advice}"),
        Refusal(5, "name", "a\u202eb", f"must be one line without control characters{advice}"),
    ] == found
