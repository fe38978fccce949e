"""The number and checksum of many rooms, which prove that all of them arrived."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b

from rentomatic.domain.room import NOTHING_STATED, Room, rest_of, stated

_DIGEST_BYTES = 16

_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Checksum:
    """Tells whether two sets of rooms are the same, in any order.

    It is the sum, modulo 2**128, of the BLAKE2b digests (RFC 7693, 16 bytes, no key, read as a big-endian
    number) of every room's text, shown as 32 hexadecimal digits. The text of a room is its code, size, price,
    latitude and longitude separated by tabs, in ASCII: an unstated size is empty, degrees are the shortest
    decimal that gives the same double, as Python's `repr` writes it (`51.5`, `-0.12`, `1e-07`). Then, for
    each other field that the room states, in the order of their names: a tab, the name, a tab, and the value
    as JSON in ASCII without spaces, which cannot contain a tab. So no two rooms have the same text.

    It detects accidents; it is not a signature.
    """

    count: int = 0
    sum: int = 0

    def add(self, room: Room) -> None:
        size = "" if room.size is None else room.size
        text = f"{room.code}\t{size}\t{room.price}\t{room.latitude!r}\t{room.longitude!r}"
        if rest_of(room) != NOTHING_STATED:
            rest = stated(room)
            text += "".join(f"\t{name}\t{_json(rest[name])}" for name in sorted(rest))
        digest = blake2b(text.encode("ascii"), digest_size=_DIGEST_BYTES).digest()
        self.sum = (self.sum + int.from_bytes(digest, "big")) % (1 << 8 * _DIGEST_BYTES)
        self.count += 1

    def added(self, rooms: Iterable[Room]) -> Iterator[Room]:
        """Yield the rooms unchanged, adding each one."""
        for room in rooms:
            self.add(room)
            yield room

    def __str__(self) -> str:
        return f"{self.sum:0{2 * _DIGEST_BYTES}x}"
