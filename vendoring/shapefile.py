"""Reads shapefiles: the geometry in the .shp, and the attributes in the .dbf beside it.

Formats: ESRI Shapefile Technical Description (July 1998), and dBASE III+ for the table.
"""

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

Point = tuple[float, float]
Line = list[Point]

_NULL = 0


def shapes(path: Path) -> Iterator[list[Line]]:
    """Yield the parts of each shape, lines or rings, in degrees of longitude and latitude."""
    index, content = path.with_suffix(".shx").read_bytes(), path.read_bytes()
    # By the index rather than in file order, because the file may contain abandoned records.
    for (word,) in struct.iter_unpack(">I4x", index[100:]):
        start = 2 * word + 8
        (kind,) = struct.unpack_from("<i", content, start)
        yield [] if kind == _NULL else _parts(content, start)


def records(path: Path) -> Iterator[dict[str, str]]:
    """Yield the attributes of each shape."""
    content = path.with_suffix(".dbf").read_bytes()
    count, header, size = struct.unpack_from("<IHH", content, 4)
    fields = [
        (content[at : at + 11].split(b"\0")[0].decode(), content[at + 16])
        for at in range(32, header - 32, 32)
        if content[at] != 0x0D
    ]
    for number in range(count):
        at = header + number * size + 1
        record = {}
        for name, length in fields:
            record[name] = content[at : at + length].decode("utf-8", "replace").strip(" \0")
            at += length
        yield record


def _parts(content: bytes, start: int) -> list[Line]:
    parts, points = struct.unpack_from("<2i", content, start + 36)
    starts = [*struct.unpack_from(f"<{parts}i", content, start + 44), points]
    flat = struct.unpack_from(f"<{2 * points}d", content, start + 44 + 4 * parts)
    pairs = list(zip(flat[::2], flat[1::2], strict=True))
    return [pairs[first:last] for first, last in pairwise(starts)]
