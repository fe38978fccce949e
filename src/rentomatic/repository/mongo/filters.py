"""Queries as MongoDB documents: closed tables of paths and operators, and values as they are.

Conditions and boxes compare numbers as Python does. The server measures circles by its own formula, which
agrees to much less than a metre. So there are two versions of a filter: one that surely excludes every room
outside the circle, and one that surely includes every room inside.
"""

from collections.abc import Callable, Iterable
from typing import Any

from rentomatic.domain.fields import FIELD, FIELDS, Description, Field
from rentomatic.domain.geography import EARTH_RADIUS, MAX_RADIUS, BoundingBox, Circle, Point
from rentomatic.domain.kinds import Degrees, Kind, Whole
from rentomatic.domain.room import Room, searched_values
from rentomatic.domain.search import Condition, Operator, RoomQuery
from rentomatic.domain.words import words_in
from rentomatic.repository.areas import WHOLE_EARTH, boxes_around
from rentomatic.repository.by_hand import Values, room_of_row
from rentomatic.repository.keyset import Segment
from rentomatic.repository.mongo.words import words_filters, words_members
from rentomatic.repository.nearest import MARGIN

Document = dict[str, Any]

_LONGITUDE, _LATITUDE = "place.coordinates.0", "place.coordinates.1"

_PLACE = {Field.LATITUDE: _LATITUDE, Field.LONGITUDE: _LONGITUDE}

PATHS = {field.name: _PLACE.get(field.name, str(field.name)) for field in FIELDS}

MEMBERS = tuple(field for field in FIELDS if field.name not in _PLACE)
"""Fields stored as a member of the document, under their own name."""

_OPERATORS: dict[Operator, Callable[[Any], Document]] = {
    Operator.EQ: lambda value: {"$eq": value},
    Operator.NE: lambda value: {"$nin": [value, None]},  # no condition holds for an unstated value
    Operator.LT: lambda value: {"$lt": value},
    Operator.LTE: lambda value: {"$lte": value},
    Operator.GT: lambda value: {"$gt": value},
    Operator.GTE: lambda value: {"$gte": value},
    Operator.IN: lambda values: {"$in": list(values)},
    Operator.ALL: lambda values: {"$all": list(values)},
}

_LARGEST_PLACE = 2_000_000.0
"""Metres. Beyond this radius a circle covers too much of the Earth for the index on places to pay."""


def document_of(room: Room) -> Document:
    """Return the document of a room; GeoJSON puts the longitude first (RFC 7946)."""
    members = {str(field.name): getattr(room, field.name) for field in MEMBERS}
    texts = searched_values(room)
    place = {"type": "Point", "coordinates": [room.longitude, room.latitude]}
    return {**members, "place": place, **words_members(words_in(texts), texts)}


def room_of(document: Document) -> Room:
    """Return the room of a document; written by hand, it may lack nulls and have other numeric types."""
    return room_of_row(row_of(document))


def row_of(document: Document) -> Values:
    """Return the values of a document, in the types that they have in a room."""
    longitude, latitude = document["place"]["coordinates"]
    found = {**document, Field.LATITUDE: latitude, Field.LONGITUDE: longitude}
    return [value_of(field, found) for field in FIELDS]


def value_of(field: Description, found: Document) -> object:
    """Return the field's value, converted to the type that it has in a room."""
    value = found.get(field.name)
    return None if value is None else field.kind.python_type(value)


def all_of(filters: Iterable[Document]) -> Document:
    """Combine filters that must all hold; without filters, everything matches.

    The tests stand side by side in one document, not in an `$and`, because some servers do not look for
    indexes within an `$and`.
    """
    whole: Document = {}
    rest: list[Document] = []
    for filter_ in filters:
        if any(isinstance(test, list) for test in filter_.values()):  # $or, $nor
            rest.append(filter_)
        else:
            for path, test in filter_.items():
                side_by_side = whole.setdefault(path, {})
                if side_by_side.keys() & test.keys():
                    rest.append({path: test})
                else:
                    side_by_side.update(test)
    return {**whole, "$and": rest} if rest else whole


def condition_filter(condition: Condition) -> Document:
    """Return the filter for a condition."""
    return {PATHS[condition.field]: _OPERATORS[condition.operator](condition.value)}


def segment_filters(segment: Segment) -> list[Document]:
    """Return the filters that select the rooms of a segment."""
    path = PATHS[segment.by]
    stated: dict[bool | None, list[Document]] = {
        None: [],
        True: [{path: {"$gte": least(FIELD[segment.by].kind)}}],  # a range, so that an index is used
        False: [{path: {"$eq": None}}],
    }
    return [*map(condition_filter, segment.conditions), *stated[segment.stated]]


def least(kind: Kind) -> Any:
    """Return a lower bound of all values of the kind."""
    match kind:
        case Whole(lowest):
            return lowest
        case Degrees(limit):
            return -limit
        case _:
            return ""


def segment_order(segment: Segment) -> list[tuple[str, int]]:
    """Return the order within a segment, as `sort` takes it."""
    return [(PATHS[field], -1 if down else 1) for field, down in segment.order]


def wide_filters(query: RoomQuery) -> list[Document]:
    """Return filters that every matching room passes, and also some rooms just outside a circle."""
    around = [circle_filter(area, MARGIN) for area in circles_of(query)]
    return [*_exact_filters(query), *around, *_place_filters(query)]


def sure_filters(query: RoomQuery) -> list[Document] | None:
    """Return filters that only matching rooms pass; None if the circles are too small for that."""
    if any(circle.radius <= MARGIN for circle in circles_of(query)):
        return None
    within = [circle_filter(area, -MARGIN) for area in circles_of(query)]
    return [*_exact_filters(query), *within, *_place_filters(query)]


def rim_filters(query: RoomQuery) -> list[Document] | None:
    """Return filters for the matches that `sure_filters` misses, and a few others; None if it misses none."""
    circles = circles_of(query)
    if not circles:
        return None
    if sure_filters(query) is None:
        return wide_filters(query)
    return [*wide_filters(query), {"$nor": [all_of(circle_filter(area, -MARGIN) for area in circles)]}]


def circle_filter(circle: Circle, margin: float = 0.0) -> Document:
    """Select places in the circle, with its radius changed by `margin` metres."""
    angle = (circle.radius + margin) / EARTH_RADIUS
    centre = [circle.centre.longitude, circle.centre.latitude]
    return {"place": {"$geoWithin": {"$centerSphere": [centre, angle]}}}


def circles_around(query: RoomQuery) -> list[Circle]:
    """Return circles that together hold every room of the areas; empty if they cover most of the Earth."""
    circles = [_circle_around(box) for box in boxes_around(query) if box != WHOLE_EARTH]
    return [circle for circle in circles if circle] if all(circles) else []


def _exact_filters(query: RoomQuery) -> list[Document]:
    boxes = (area for area in query.areas if isinstance(area, BoundingBox))
    return [*map(condition_filter, query.conditions), *map(_box_filter, boxes), *words_filters(query)]


def _place_filters(query: RoomQuery) -> list[Document]:
    """Return filters that let boxes use the index on places, unless a circle of the query is smaller."""
    circles = circles_around(query)
    least = min((circle.radius for circle in circles_of(query)), default=_LARGEST_PLACE)
    if not circles or max(circle.radius for circle in circles) >= least:
        return []
    either = [circle_filter(circle, MARGIN) for circle in circles]
    return either if len(either) == 1 else [{"$or": either}]


def circles_of(query: RoomQuery) -> list[Circle]:
    """Return the circles among the areas."""
    return [area for area in query.areas if isinstance(area, Circle)]


def _box_filter(box: BoundingBox) -> Document:
    parts = [
        {
            _LONGITUDE: {"$gte": part.west, "$lte": part.east},
            _LATITUDE: {"$gte": part.south, "$lte": part.north},
        }
        for part in box.parts()
    ]
    return parts[0] if len(parts) == 1 else {"$or": parts}


def _circle_around(box: BoundingBox) -> Circle | None:
    """Return a circle that holds the box, None for a box that spans half the Earth or more.

    In a narrower box a corner is furthest from the centre: along a parallel the distance grows with the
    longitude, and along a meridian it is greatest at one of the ends.
    """
    if box.east - box.west >= 180:
        return None
    middle = Point((box.south + box.north) / 2, (box.west + box.east) / 2)
    furthest = max(middle.distance_to(latitude, box.west) for latitude in (box.south, box.north))
    return Circle(middle, min(furthest, MAX_RADIUS))
