"""Backups: compressed NDJSON of all rooms, followed by a trailer that proves that none is missing.

A backup is a gzip file (RFC 1952) of two members: the rooms, each code once and in order, one per line as in
an export to NDJSON; then one line with an object `{"backup": …}` that has the fields of `Trailer`. `zcat`
shows both. Because the trailer is a separate member, it can be read without the rooms before it.
"""

import gzip
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import IO, Any

import msgspec

from rentomatic.domain.fields import ALWAYS_WRITTEN, NAMES
from rentomatic.domain.quoting import counted, shortened, visible
from rentomatic.domain.room import NOTHING_STATED, Room, rest_of
from rentomatic.serializers import ndjson
from rentomatic.use_cases.checksum import Checksum
from rentomatic.use_cases.errors import RentomaticError

FORMAT = 2
"""To be raised by any change that an older program would restore wrongly.

1: rooms have the members that every room has. 2: some have more. A backup has the lowest format that fits its
rooms. Since format 2, a program refuses a backup with an unknown member: another such field needs no new
format.
"""

_FORMAT_OF_BARE_ROOMS = 1

TRAILER_BYTES = 4096
"""The trailer is within this many bytes of the end of the file."""

# Of a million rooms, 112 MB: level 1 takes 0.9 s and leaves 41 MB, 3 takes 1.3 s and leaves 39 MB,
# 6 takes 2.8 s and leaves 36 MB.
_LEVEL = 3

_LONGEST_LINE = 1 << 19
"""Bytes of a line, so that a damaged file does not fill the memory.

A later program may write rooms with some 30,000 characters: a description, addresses of photos, features.
Each takes up to 4 bytes in UTF-8, and 12 where JSON escapes it. This program must read such a line to its
end, to tell what it does not know.
"""

_MAGIC = b"\x1f\x8b\x08"
_MARK = b'{"backup":'

_KNOWN, _NEEDED = frozenset(NAMES), frozenset(ALWAYS_WRITTEN)


_IF_LISTING = "if it is a listing, such as an export, load it with `rentomatic import`"


class BackupDamaged(RentomaticError):
    """A file that is not a complete backup; nothing was changed."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name} is damaged or not a backup: {reason}.")


class BackupTooNew(RentomaticError):
    """A backup in a format that this program does not know; nothing was changed."""

    def __init__(self, name: str, format_: int, version: str) -> None:
        super().__init__(
            f"{name} is a backup in format {format_}, written by version {version}; this program knows "
            f"format {FORMAT}: use a newer one."
        )


class Trailer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The trailer of a backup.

    count, checksum: of the rooms, see `Checksum`.
    taken: UTC, `2026-11-22T17:20:13Z`; everything written before is included.
    storage: where the rooms come from, without a secret. schema: its revision, None without one.
    version: of the program.
    fewer_rooms: whether rooms were removed on purpose: older backups do not tell how many there should be.
    """

    format: int
    count: int
    checksum: str
    taken: str
    storage: str
    schema: str | None
    version: str
    fewer_rooms: bool = False


class _LastLine(msgspec.Struct):
    backup: Trailer


class _Format(msgspec.Struct):
    format: int
    version: str = "unknown"


class _LastLineOfAny(msgspec.Struct):
    backup: _Format


_members = msgspec.json.Decoder(dict[str, Any]).decode
_last_line = msgspec.json.Decoder(_LastLine).decode
_last_line_of_any = msgspec.json.Decoder(_LastLineOfAny).decode


def write(
    file: IO[bytes],
    rooms: Iterable[Room],
    *,
    taken: str,
    storage: str,
    schema: str | None,
    version: str,
    fewer_rooms: bool = False,
) -> Trailer:
    """Write a backup of the rooms, which are in the order of their codes; the rest is for `Trailer`."""
    found, formats = Checksum(), {_FORMAT_OF_BARE_ROOMS}

    def watched() -> Iterator[Room]:
        for room in found.added(rooms):
            if rest_of(room) != NOTHING_STATED:
                formats.add(FORMAT)
            yield room

    with _member(file) as member:
        member.writelines(ndjson.write(watched()))
    trailer = Trailer(
        format=max(formats),
        count=found.count,
        checksum=str(found),
        taken=taken,
        storage=storage,
        schema=schema,
        version=version,
        fewer_rooms=fewer_rooms,
    )
    with _member(file) as member:
        member.write(msgspec.json.encode(_LastLine(trailer)) + b"\n")
    return trailer


def read(file: IO[bytes], name: str) -> Generator[Room, None, Trailer]:
    """Yield the rooms of a backup, and return its trailer.

    Raises BackupDamaged and BackupTooNew, possibly only after the last room. `name` is for their messages.
    """
    found, trailer, wrong, last = Checksum(), b"", "", ""
    with gzip.GzipFile(fileobj=file, mode="rb") as lines:
        for number, line in enumerate(iter(lambda: _line_of(lines, name), b""), 1):
            if trailer:
                raise BackupDamaged(name, f"line {number} comes after the end")
            if line.startswith(_MARK):
                trailer = line
            elif not wrong:  # otherwise it may be of a newer format, which only the trailer tells
                try:
                    room = _room_of(_members(line))
                except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                    wrong = f"line {number} is not a room: {error}"
                    continue
                if room.code <= last:
                    wrong = f"line {number} is out of order, or a second {room.code}"
                    continue
                last = room.code
                found.add(room)
                yield room
    if not trailer:
        missing = f"its last line is missing after {counted(found.count, 'room')}"
        raise BackupDamaged(name, f"{missing}; {_IF_LISTING}")
    said = _trailer(trailer, name)
    if wrong or (said.count, said.checksum) != (found.count, str(found)):
        rooms = counted(said.count, "room")
        differing = f"it says {rooms}, checksum {said.checksum}, but contains {found.count:,}"
        raise BackupDamaged(name, wrong or f"{differing}, checksum {found}")
    return said


def check(file: IO[bytes], name: str, watched: Callable[[Iterator[Room]], Iterator[Room]] = iter) -> Trailer:
    """Read a backup from start to end, and rewind it. Raises as `read` does.

    watched: wraps the rooms, to show progress.
    """
    ended: list[Trailer] = []

    def rooms() -> Iterator[Room]:
        ended.append((yield from read(file, name)))

    file.seek(0)
    for _ in watched(rooms()):
        pass
    file.seek(0)
    return ended[0]


def trailer_of(end: bytes, name: str) -> Trailer:
    """Return the trailer of a backup, from its last bytes alone. Raises BackupDamaged and BackupTooNew."""
    start = len(end)
    while (start := end.rfind(_MAGIC, 0, start)) >= 0:  # it may also occur within a member by chance
        member = zlib.decompressobj(wbits=31)  # gzip
        try:
            line = member.decompress(end[start:], _LONGEST_LINE)
        except zlib.error:
            continue
        if member.eof and line.startswith(_MARK):
            return _trailer(line, name)
    raise BackupDamaged(name, "its last line is missing")


def _member(file: IO[bytes]) -> gzip.GzipFile:
    # Without name and time, so that equal rooms give equal bytes.
    return gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=file, mtime=0)


def _line_of(lines: gzip.GzipFile, name: str) -> bytes:
    """Return the next line, empty at the end."""
    try:
        return lines.readline(_LONGEST_LINE)
    except EOFError as error:
        raise BackupDamaged(name, "it ends too early") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        gzipped = not str(error).startswith("Not a gzipped file")
        raise BackupDamaged(
            name, "its gzip data is damaged" if gzipped else f"it is no gzip file; {_IF_LISTING}"
        ) from error


def _room_of(members: dict[str, Any]) -> Room:
    """Return the room of a line. Raises ValueError, also for members that this program would drop."""
    if unknown := members.keys() - _KNOWN:
        names = ", ".join(sorted(unknown))
        raise ValueError(f"this program does not know {shortened(visible(names))}: use a newer one")
    if missing := _NEEDED - members.keys():
        raise ValueError(f"without {', '.join(sorted(missing))}")
    return Room(**members)


def _trailer(line: bytes, name: str) -> Trailer:
    try:
        any_ = _last_line_of_any(line).backup
        if any_.format > FORMAT:
            raise BackupTooNew(name, any_.format, any_.version)
        if line.endswith(b"\n"):
            return _last_line(line).backup
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BackupDamaged(name, f"its last line is damaged: {error}") from error
    raise BackupDamaged(name, "its last line is cut off")
