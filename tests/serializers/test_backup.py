"""A backup returns the rooms that were written, or is reported as damaged."""

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.room import Room
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import ndjson
from rentomatic.serializers.backup import BackupDamaged, BackupTooNew, Trailer, check, read, trailer_of, write
from rentomatic.use_cases.checksum import Checksum
from tests.builders import make_room, room_sets

ORIGIN: dict[str, Any] = {
    "taken": "2026-11-22T17:20:13Z",
    "storage": "postgresql://db:5432/application",
    "schema": "0001",
    "version": "0.1.0",
}
FEW = [make_room(code=f"r{number}", size=None if number else 20) for number in range(3)]
NAME = "rooms.gz"
MEMBER = b"\x1f\x8b\x08"
"""The first bytes of a member of a gzip file."""


def backup_of(rooms: Iterable[Room]) -> bytes:
    file = io.BytesIO()
    write(file, sorted(rooms, key=lambda room: room.code), **ORIGIN)
    return file.getvalue()


def rooms_of(content: bytes) -> list[Room]:
    return list(read(io.BytesIO(content), NAME))


def reason(content: bytes) -> str:
    """Return why the content is refused."""
    with pytest.raises(BackupDamaged) as caught:
        rooms_of(content)
    text = str(caught.value)
    assert text.startswith(f"{NAME} is damaged or not a backup: ")
    return text.partition(": ")[2]


def text_of(rooms: Iterable[Room] = FEW, **changes: Any) -> bytes:
    """Return an uncompressed backup with a different trailer."""
    lines = gzip.decompress(backup_of(rooms)).splitlines()
    trailer = json.loads(lines[-1])["backup"] | changes
    kept = {name: value for name, value in trailer.items() if value is not ...}
    return b"".join(line + b"\n" for line in (*lines[:-1], json.dumps({"backup": kept}).encode()))


SOUND = backup_of(FEW)
LINES = gzip.decompress(SOUND).splitlines(keepends=True)
LARGER = backup_of(sample_rooms(200))


LONG_MEMBER = b',"history":"' + b"\\ud83d\\ude42" * 10_000 + b'"}\n'
"""What a newer program may say of a room, written as long as JSON can."""


@given(room_sets())
def test_a_backup_is_read_back_unchanged(rooms: list[Room]) -> None:
    content = backup_of(rooms)

    expected = sorted(rooms, key=lambda room: room.code)
    assert expected == rooms_of(content)
    assert len(rooms) == check(io.BytesIO(content), NAME).count == trailer_of(content[-4096:], NAME).count


def test_a_backup_is_a_compressed_export_with_one_more_line() -> None:
    first = zlib.decompressobj(wbits=31)

    assert b"".join(ndjson.write(FEW)) == first.decompress(SOUND)
    checksum = Checksum()
    for room in FEW:
        checksum.add(room)
    expected = {"format": 1, "count": 3, "checksum": str(checksum), **ORIGIN}
    assert list({"backup": expected}.items()) == list(json.loads(gzip.decompress(first.unused_data)).items())
    assert Trailer(**expected) == check(io.BytesIO(SOUND), NAME)


def test_equal_rooms_give_equal_files() -> None:
    assert SOUND == backup_of(FEW)


def test_a_check_rewinds_the_file() -> None:
    file = io.BytesIO(SOUND)
    file.seek(7)

    check(file, NAME)

    assert file.tell() == 0


@pytest.mark.parametrize("length", range(len(SOUND)))
def test_a_file_truncated_anywhere_is_refused(length: int) -> None:
    assert reason(SOUND[:length])
    with pytest.raises(BackupDamaged):
        trailer_of(SOUND[:length], NAME)


@given(st.integers(0, len(LARGER) - 1), st.integers(1, 255))
def test_a_changed_byte_is_refused_or_changes_no_room(position: int, change: int) -> None:
    damaged = bytearray(LARGER)
    damaged[position] ^= change

    try:
        found = rooms_of(bytes(damaged))
    except BackupDamaged:
        return
    # Some of the ten bytes at the start of each member have no effect: a time, a system.
    assert any(start <= position < start + 10 for start in (0, LARGER.rindex(MEMBER)))
    assert rooms_of(LARGER) == found


@given(st.integers(0, len(LARGER)), st.binary(min_size=1, max_size=20).filter(any))
def test_inserted_bytes_are_refused_or_change_no_room(position: int, noise: bytes) -> None:
    try:
        found = rooms_of(LARGER[:position] + noise + LARGER[position:])
    except BackupDamaged:
        return
    assert rooms_of(LARGER) == found


@given(st.binary(max_size=200))
def test_a_file_that_is_not_a_backup_is_refused(content: bytes) -> None:
    assert reason(content)
    assert reason(gzip.compress(content))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"".join(LINES[:-1]), "its last line is missing after 3 rooms"),
        (b"".join(LINES[1:]), "it says 3 rooms, checksum "),
        (b"".join((*LINES[:2], LINES[-1])), "but contains 2"),
        (b"".join((*LINES, LINES[0])), "line 5 comes after the end"),
        (b"".join((*LINES, LINES[-1])), "line 5 comes after the end"),
        (b"".join((LINES[1], LINES[0], *LINES[2:])), "line 2 is out of order, or a second r0"),
        (b"".join((*LINES[:2], *LINES[1:])), "line 3 is out of order, or a second r1"),
        (b"".join((LINES[0], b"\n", *LINES[1:])), "line 2 is not a room"),
        (b"".join((LINES[0], b'{"code":"r0a"}\n', *LINES[1:])), "line 2 is not a room"),
        (b"".join((LINES[0].replace(b":60", b":-1"), *LINES[1:])), "line 1 is not a room"),
        (b"".join((LINES[0].replace(b":60", b':"\xff"'), *LINES[1:])), "line 1 is not a room"),
        (b"".join((b"[" * 100_000, b"\n", *LINES)), "line 1 is not a room"),
        (b"".join((b'{"a":' + b"[" * 100_000, b"\n", *LINES)), "line 1 is not a room"),
        (b"".join((LINES[0][:-2] + LONG_MEMBER, *LINES[1:])), "does not know history: use a newer one"),
        (b"".join((LINES[0].replace(b":60", b":61"), *LINES[1:])), "but contains 3"),
        (b"".join(LINES)[:-1], "its last line is cut off"),
        (text_of(count=4), "it says 4 rooms"),
        (text_of(checksum="0" * 32), f"it says 3 rooms, checksum {'0' * 32}, but contains 3, checksum "),
        (text_of(count=...), "its last line is damaged"),
        (text_of(checksum=...), "its last line is damaged"),
        (text_of(format=...), "its last line is damaged"),
        (text_of(taken=...), "its last line is damaged"),
        (text_of(count="3"), "its last line is damaged"),
        (text_of(format="1"), "its last line is damaged"),
        (b"".join((*LINES[:-1], b'{"backup":{}}\n')), "its last line is damaged"),
        (b"".join((*LINES[:-1], b'{"backup":\xff}\n')), "its last line is damaged"),
    ],
)
def test_a_file_that_contradicts_its_trailer_is_refused(content: bytes, said: str) -> None:
    assert said in reason(gzip.compress(content))


@pytest.mark.parametrize("rooms", [b"", b'{"code":"r0","beds":2}\n', b"".join(LINES[:-1])])
def test_a_newer_format_is_named_whatever_it_contains(rooms: bytes) -> None:
    content = gzip.compress(rooms + b'{"backup":{"format":3,"version":"9.1","what":"else"}}\n')

    with pytest.raises(BackupTooNew, match=r"rooms.gz is a backup in format 3, written by version 9\.1"):
        rooms_of(content)


def test_a_failure_while_writing_leaves_no_backup() -> None:
    def rooms() -> Iterator[Room]:
        yield from FEW
        raise RuntimeError

    file = io.BytesIO()
    with pytest.raises(RuntimeError):
        write(file, rooms(), **ORIGIN)

    assert "its last line is missing" in reason(file.getvalue())


def test_a_missing_trailer_is_refused() -> None:
    with pytest.raises(BackupDamaged):
        trailer_of(gzip.compress(b"".join(LINES)), NAME)
    with pytest.raises(BackupDamaged):
        trailer_of(b"", NAME)


def test_bytes_that_look_like_a_header_do_not_hide_the_trailer() -> None:
    start = SOUND.rindex(MEMBER)
    named = SOUND[start : start + 3] + b"\x08" + SOUND[start + 4 : start + 10] + MEMBER + b"\x00"

    assert trailer_of(SOUND, NAME) == trailer_of(named + SOUND[start + 10 :], NAME)
