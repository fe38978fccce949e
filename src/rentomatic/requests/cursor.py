"""The opaque cursor, in which a page of a search says where the next one starts.

URL-safe base64 of a checksum and a JSON list: the sort, a digest of the filters, and the value and code of
the last room. It holds no secret: the checksum detects damage, and a forged cursor gives only another page of
the same search.
"""

import base64
import json
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeGuard, assert_never

from rentomatic.domain.fields import FIELD, Field
from rentomatic.domain.geography import MAX_RADIUS, Area, BoundingBox, Circle
from rentomatic.domain.kinds import MAX_INTEGER, canonical_code
from rentomatic.domain.search import SORTS, Condition, Position, RoomQuery, Sort, SortKey, Value

MAX_CURSOR = 512
"""Characters, many more than any valid cursor has."""

_CHECKSUM_BYTES = 6
_FOREIGN = "is not a cursor of this service, or is damaged"


def encode(query: RoomQuery, position: Position) -> str:
    """Return the cursor of the query's page that starts after the position."""
    content = json.dumps(
        [str(query.sort), filters_digest(query), position.value, position.code], separators=(",", ":")
    ).encode()
    return _text(_checksum(content) + content)


@dataclass(frozen=True, slots=True)
class Cursor:
    """The content of a cursor. sort: the order that it belongs to; the rest is not checked yet."""

    sort: Sort
    digest: object
    value: object
    code: object

    def position_in(self, query: RoomQuery) -> Position:
        """Return where the page starts. Raises ValueError unless the cursor was made for the same search."""
        if self.sort != query.sort:
            raise ValueError(f"belongs to a search sorted by {self.sort}")
        if self.digest != filters_digest(query):
            raise ValueError("belongs to a search with other filters")
        if not isinstance(self.code, str) or not _fits(self.value, query.sort.key):
            raise ValueError(_FOREIGN)
        try:
            return Position(self.value, canonical_code(self.code))
        except ValueError:
            raise ValueError(_FOREIGN) from None


def decode(text: str) -> Cursor:
    """Decode a cursor. Raises ValueError if it is invalid."""
    name, digest, value, code = _open(text)
    sort = SORTS.get(str(name))
    if sort is None:
        raise ValueError(_FOREIGN)
    return Cursor(sort, digest, value, code)


def filters_digest(query: RoomQuery) -> str:
    """Return a digest of a query's filters, independent of its order and page."""
    return blake2b(filters_text(query).encode(), digest_size=6).hexdigest()


def filters_text(query: RoomQuery) -> str:
    """Return a query's filters as text: sorted lines, the same for the same search.

    During a rollout, each release reads the other's cursors. So existing lines keep their format, and a new
    kind of filter adds a line only if it is used.
    """
    lines = {*map(_condition_text, query.conditions), *map(_area_text, query.areas)}
    if query.near is not None:
        lines.add(f"near={_numbers(query.near.latitude, query.near.longitude)}")
    if query.words:
        lines.add(f"q={' '.join(query.words)}")
    return "\n".join(sorted(lines))


def _condition_text(condition: Condition) -> str:
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    text = ",".join(sorted(set(map(_value_text, values))))
    return f"{condition.field.value}__{condition.operator.value}={text}"


def _area_text(area: Area) -> str:
    match area:
        case BoundingBox(west, south, east, north):
            return f"bbox={_numbers(west, south, east, north)}"
        case Circle(centre, radius):
            return f"circle={_numbers(centre.latitude, centre.longitude, radius)}"
    assert_never(area)


def _value_text(value: Value) -> str:
    return _numbers(value) if isinstance(value, float) else str(value)


def _numbers(*values: float) -> str:
    """Write numbers with enough digits to tell every double from its neighbours; 0 for -0."""
    return ",".join(f"{value + 0.0:.17g}" for value in values)


def _checksum(content: bytes) -> bytes:
    return blake2b(content, digest_size=_CHECKSUM_BYTES).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _open(cursor: str) -> list[object]:
    if len(cursor) > MAX_CURSOR:
        raise ValueError(_FOREIGN)
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        checksum, content = raw[:_CHECKSUM_BYTES], raw[_CHECKSUM_BYTES:]
        whole = checksum == _checksum(content) and cursor == _text(raw)
        parts = json.loads(content) if whole else None
    except (ValueError, RecursionError):  # a forged one may be nested as deeply as it fits
        parts = None
    if not isinstance(parts, list) or len(parts) != 4:
        raise ValueError(_FOREIGN)
    return parts


def _fits(value: object, key: SortKey) -> TypeGuard[Value | None]:
    if key is SortKey.DISTANCE:
        return isinstance(value, float) and 0 <= value <= MAX_RADIUS
    field = FIELD[Field(key)]
    if value is None:
        return field.optional
    return type(value) is field.kind.python_type and (not isinstance(value, int) or abs(value) <= MAX_INTEGER)
