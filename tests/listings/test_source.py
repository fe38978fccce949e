"""Listing files as bytes: encodings, byte order marks, gzip, damage."""

import gzip
import io
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from rentomatic.listings import csv, ndjson
from rentomatic.listings.columns import Columns
from rentomatic.listings.source import MAX_LINE, ListingError, ListingTooLong, listing_in, open_listing
from rentomatic.serializers import json
from rentomatic.use_cases.import_rooms import Remedy
from tests.builders import make_room
from tests.listings.listings import HEADER, read_file

GERMAN = "code,size,price,latitude,longitude,street\na1,20,60,51.5,-0.12,Schöneberg\n"
MANY = HEADER + "\n" + "".join(f"r{number},20,60,51.5,-0.12\n" for number in range(5000))


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    """The path of the test's listing."""
    return tmp_path / "rooms.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_encoding_is_detected_by_the_byte_order_mark(listing: Path, encoding: str) -> None:
    listing.write_bytes(GERMAN.encode(encoding))

    assert [make_room()] == read_file(listing)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")])
def test_utf_16_is_read_in_both_byte_orders(listing: Path, encoding: str, mark: bytes) -> None:
    listing.write_bytes(mark + GERMAN.encode(encoding))

    assert [make_room()] == read_file(listing)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252", "mac-roman"]
)
def test_a_stated_encoding_is_used(listing: Path, encoding: str) -> None:
    listing.write_bytes(GERMAN.encode(encoding))

    with open_listing(str(listing), encoding) as source:
        assert "".join(source.lines) == GERMAN


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("before", [0, 1, 5000])
def test_bytes_in_another_encoding_are_refused_with_line_and_advice(
    listing: Path, before: int, end: str
) -> None:
    lines = [HEADER, *["a1,20,60,51.5,-0.12"] * before, "à1,20,60,51.5,-0.12", "a1,20,60,51.5,-0.12"]
    listing.write_bytes((end.join(lines) + end).encode("windows-1252"))

    with pytest.raises(ListingError) as refusal:
        read_file(listing)

    expected = (
        f"line {before + 2} is not UTF-8: it has the byte 0xe0. "
        "Files from Windows often have another encoding"
    )
    assert expected == str(refusal.value)
    assert Remedy("encoding", ("windows-1252",)) == refusal.value.remedy


def test_the_line_of_a_wrong_byte_is_right_inside_a_long_line(listing: Path) -> None:
    lines = [HEADER, "a1,20,60,51.5,-0.12", "x" * 50_000 + "\u00e9"]
    listing.write_bytes("\n".join(lines).encode("windows-1252"))

    with pytest.raises(ListingError, match=r"^line 3 is not UTF-8"):
        read_file(listing)


def test_bytes_invalid_in_the_stated_encoding_are_refused_with_its_name(listing: Path) -> None:
    listing.write_bytes(b"code\xe0,price\n")

    with pytest.raises(ListingError, match=r"^line 1 is not ASCII: it has the byte 0xe0$"):
        read_file(listing, "ascii")


def test_an_unfinished_character_at_the_end_is_refused(listing: Path) -> None:
    listing.write_bytes(b"\xff\xfe" + f"{HEADER}\n".encode("utf-16-le") + b"a")

    with pytest.raises(ListingError, match=r"^line 2 is not UTF-16"):
        read_file(listing)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_half_a_character_of_utf_16_is_refused_with_its_line(listing: Path, end: str) -> None:
    text = end.join([HEADER, "a1,20,60,51.5,-0.12", "\ud800,20,60,51.5,-0.12"])
    listing.write_bytes(b"\xff\xfe" + text.encode("utf-16-le", "surrogatepass"))

    with pytest.raises(ListingError, match=r"^line 3 is not UTF-16"):
        read_file(listing)


@pytest.mark.parametrize("name", ["rooms.csv.gz", "rooms.csv", "rooms"])
def test_gzip_is_detected_by_its_content_whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(GERMAN.encode()))

    assert [make_room()] == read_file(path)


def test_a_plain_file_may_be_called_gz(tmp_path: Path) -> None:
    path = tmp_path / "rooms.csv.gz"
    path.write_text(GERMAN, encoding="utf-8")

    assert [make_room()] == read_file(path)


def test_a_gzip_file_of_several_parts_is_one_listing(listing: Path) -> None:
    first, second = GERMAN.split("\n", 1)
    listing.write_bytes(gzip.compress(f"{first}\n".encode()) + gzip.compress(second.encode()))

    assert [make_room()] == read_file(listing)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_found_inside_gzip(listing: Path, encoding: str) -> None:
    listing.write_bytes(gzip.compress(GERMAN.encode(encoding)))

    assert [make_room()] == read_file(listing)


@pytest.mark.parametrize("kept", [2, 5, 12, 1000, -1, -9])
def test_a_truncated_gzip_file_is_reported_as_damaged(listing: Path, kept: int) -> None:
    listing.write_bytes(gzip.compress(MANY.encode())[:kept])

    with pytest.raises(ListingError, match="is a damaged gzip file"):
        read_file(listing)


@pytest.mark.parametrize("place", [2, 500, -5], ids=["method", "data", "checksum"])
def test_a_gzip_file_with_a_changed_byte_is_reported_as_damaged(listing: Path, place: int) -> None:
    content = bytearray(gzip.compress(MANY.encode()))
    content[place] ^= 0xFF
    listing.write_bytes(content)

    with pytest.raises(ListingError, match=r"is a damaged gzip file|is not UTF-8"):
        read_file(listing)


def test_an_endless_line_is_refused_before_it_fills_the_memory(listing: Path) -> None:
    listing.write_bytes(gzip.compress(HEADER.encode() + b"\n" + b"a" * 50_000_000))

    with pytest.raises(ListingError, match=f"^line 2 is longer than {MAX_LINE} characters$"):
        read_file(listing)


def test_nul_bytes_do_not_end_the_file(listing: Path) -> None:
    listing.write_bytes(f"{HEADER}\n\x00\x00\na1,20,60,51.5,-0.12\n".encode())

    refusal, room = read_file(listing)

    assert str(refusal) == "line 2: has 1 column, but the header has 5"
    assert make_room() == room


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ListingError, match=r"^nowhere\.csv cannot be read: No such file or directory$"):
        read_file(Path("nowhere.csv"))


def test_a_directory_is_not_a_listing(tmp_path: Path) -> None:
    with pytest.raises(ListingError, match=r"cannot be read: Is a directory$"):
        read_file(tmp_path)


def test_progress_counts_bytes_of_the_file_rather_than_its_text(listing: Path) -> None:
    listing.write_bytes(gzip.compress(MANY.encode()))

    with open_listing(str(listing)) as source:
        before = source.bytes_read()
        lines = sum(1 for _ in source.lines)

    assert lines == 5001
    assert 0 < before <= source.bytes_read() == listing.stat().st_size


def test_a_dash_means_standard_input_which_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(gzip.compress(GERMAN.encode())))
    monkeypatch.setattr(sys, "stdin", stdin)

    with open_listing("-") as source:
        text = "".join(source.lines)

    assert text == GERMAN
    assert not stdin.closed


@pytest.mark.parametrize(
    ("content", "encoding", "message"),
    [
        (b"PK\x03\x04 a workbook", None, "save the listing as CSV first"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "windows-1252", "save the listing as CSV first"),
        (GERMAN.encode("utf-8"), "utf-16", "is not UTF-16"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_advice(
    listing: Path, content: bytes, encoding: str | None, message: str
) -> None:
    listing.write_bytes(content)

    with pytest.raises(ListingError, match=message), open_listing(str(listing), encoding) as source:
        list(source.lines)


@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be"])
def test_utf_16_without_a_byte_order_mark_is_refused_by_name(listing: Path, encoding: str) -> None:
    listing.write_bytes(GERMAN.encode(encoding))

    with pytest.raises(ListingError, match="looks like UTF-16") as refusal:
        read_file(listing)

    assert Remedy("encoding", (encoding,)) == refusal.value.remedy


@pytest.mark.parametrize("mark", ["utf-8", "utf-16le", "utf-16be", "utf-32le", "utf-32be"])
@pytest.mark.parametrize("stated", [None, "utf-8", "UTF8", "utf-16", "utf-16le", "utf-32", "windows-1252"])
@pytest.mark.parametrize("read", [csv.read, ndjson.read])
def test_a_byte_order_mark_is_removed_whatever_encoding_is_stated(
    listing: Path, mark: str, stated: str | None, read: Callable[..., Iterable[object]]
) -> None:
    text = GERMAN if read is csv.read else json.encode(make_room()).decode()
    listing.write_bytes(f"\ufeff{text}".encode(mark))

    with open_listing(str(listing), stated) as source:
        assert [make_room()] == list(read(source.lines, Columns()))


def test_a_listing_that_becomes_too_long_is_refused() -> None:
    packed = io.BytesIO(gzip.compress(MANY.encode()))

    whole = "".join(listing_in(packed, "it", most=len(MANY)).lines)
    packed.seek(0)
    with pytest.raises(ListingTooLong):
        list(listing_in(packed, "it", most=len(MANY) - 1).lines)

    assert MANY == whole
