"""Backups between this program and the one from before titles, whose reader is preserved here."""

import gzip
import io
from dataclasses import dataclass, fields

import msgspec
import pytest

from rentomatic.serializers.backup import BackupDamaged, read, write
from rentomatic.use_cases.checksum import Checksum
from tests.builders import make_room

ORIGIN = {"taken": "2026-11-22T17:20:13Z", "storage": "sqlite", "schema": "0003", "version": "0.1.0"}
BARE = [make_room(code="a"), make_room(code="b", size=None)]
TITLED = [make_room(code="a", title="Quiet"), make_room(code="b")]


@dataclass(frozen=True, kw_only=True)
class OldRoom:
    """A room of that program, which dropped other members."""

    code: str
    size: int | None
    price: int
    latitude: float
    longitude: float


class TooNew(Exception):
    """The refusal of that program."""


def read_by_the_older_program(content: bytes) -> list[OldRoom]:
    *lines, trailer = gzip.decompress(content).splitlines()
    if msgspec.json.decode(trailer)["backup"]["format"] > 1:
        raise TooNew
    return [msgspec.json.decode(line, type=OldRoom) for line in lines]


def backup_of(rooms: list) -> bytes:  # type: ignore[type-arg]
    file = io.BytesIO()
    write(file, rooms, **ORIGIN)  # type: ignore[arg-type]
    return file.getvalue()


def test_older_program_reads_a_backup_without_titles() -> None:
    found = read_by_the_older_program(backup_of(BARE))

    names = [field.name for field in fields(OldRoom)]
    assert [[getattr(room, name) for name in names] for room in BARE] == [
        [getattr(room, name) for name in names] for room in found
    ]


def test_older_program_refuses_a_backup_whose_rooms_have_titles() -> None:
    with pytest.raises(TooNew):
        read_by_the_older_program(backup_of(TITLED))


def test_this_program_reads_titles_and_backups_of_the_older_one() -> None:
    old = (
        b'{"code":"a","size":20,"price":60,"latitude":51.5,"longitude":-0.12}\n'
        b'{"backup":{"format":1,"count":1,"checksum":"%s","taken":"2026-11-22T17:20:13Z",'
        b'"storage":"sqlite","schema":"0002","version":"0.1.0"}}\n'
    ) % CHECKSUM_OF_A.encode()

    assert [make_room(code="a")] == list(read(io.BytesIO(gzip.compress(old)), "old.gz"))
    assert TITLED == list(read(io.BytesIO(backup_of(TITLED)), "new.gz"))


def test_an_unknown_member_is_refused_rather_than_dropped() -> None:
    whole = gzip.decompress(backup_of(TITLED)).replace(b'"title":', b'"colour":')

    with pytest.raises(BackupDamaged, match="this program does not know colour: use a newer one"):
        list(read(io.BytesIO(gzip.compress(whole)), "newer.gz"))


CHECKSUM_OF_A = "a15248fbedf8c91e689827ede0163ea2"
CHECKSUM_OF_BARE = "bd28556e749d1ba9d664708c00e4a37b"
"""As the older program computed them."""


def checksum_of(*rooms: object) -> str:
    checksum = Checksum()
    for _ in checksum.added(rooms):  # type: ignore[arg-type]
        pass
    return str(checksum)


def test_checksum_without_titles_equals_that_of_the_older_program() -> None:
    assert CHECKSUM_OF_A == checksum_of(make_room(code="a"))
    assert CHECKSUM_OF_BARE == checksum_of(*BARE)


def test_checksum_includes_titles() -> None:
    titles = [None, "a", "A", '"', "\\", "ä", "\U0001f6cf", "a\\", 'a"']

    assert len(titles) == len({checksum_of(make_room(title=title)) for title in titles})
