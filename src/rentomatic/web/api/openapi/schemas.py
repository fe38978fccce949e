"""Requests and responses as JSON Schema (2020-12), from the rules of the domain."""

from typing import Any

import msgspec

from rentomatic.domain.addresses import Address
from rentomatic.domain.clusters import MAX_CLUSTERS
from rentomatic.domain.facets import MOST_VALUES
from rentomatic.domain.fields import (
    ALWAYS_WRITTEN,
    FACETS,
    FIELDS,
    RANGED,
    STATED,
    WRITTEN_IF_STATED,
    Description,
    Field,
    Unstated,
)
from rentomatic.domain.kinds import CODE_PATTERN, RESERVED_CODES, Code, Degrees, Kind, Whole
from rentomatic.domain.prices import Per
from rentomatic.domain.several import Several
from rentomatic.domain.summary import MAX_BUCKETS
from rentomatic.domain.texts import LINE_PATTERN, Line, Lines
from rentomatic.listings.header import MAX_COLUMNS
from rentomatic.money import Money
from rentomatic.requests.listing import MAPPED
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.serializers import geojson, json
from rentomatic.use_cases.import_rooms import MAX_CAUSES, MAX_REFUSALS_KEPT

Schema = dict[str, Any]

CODE_TEXT: Schema = {"type": "string", "pattern": f"^{CODE_PATTERN}$"}
CODE: Schema = {**CODE_TEXT, "not": {"enum": sorted(RESERVED_CODES)}}
LATITUDE: Schema = {"type": "number", "minimum": -90, "maximum": 90}
LONGITUDE: Schema = {"type": "number", "minimum": -180, "maximum": 180}
COUNT: Schema = {"type": "integer", "minimum": 0}


def schema_of(field: Description, money: Money) -> Schema:
    """Return the schema of a field's values, with null if documents have it for unstated ones."""
    about = money.about if field.name is Field.PRICE else field.about
    schema = {**of_kind(field), "description": about}
    return _or_null(schema) if field.unstated is Unstated.NULL else schema


def nullable_of(field: Description) -> Schema:
    """Return the schema of an optional field in requests: null means unstated."""
    return _or_null({**of_kind(field), "description": field.about})


def of_kind(field: Description) -> Schema:
    """Return the schema of the values that a room may have."""
    return _of_kind(field.kind)


def _of_kind(kind: Kind) -> Schema:
    found: Schema
    match kind:
        case Code():
            found = CODE
        case Whole(lowest, highest):
            found = {"type": "integer", "minimum": lowest, "maximum": highest}
        case Degrees(limit):
            found = {"type": "number", "minimum": -limit, "maximum": limit}
        case Line(longest, without):
            pattern = LINE_PATTERN.replace("[^ ", f"[^ {without}")
            found = _text(longest, pattern)
        case Lines(longest):
            found = _text(longest, f"{LINE_PATTERN}(\\n+{LINE_PATTERN})*")
        case Address(pattern, _, longest):
            found = {**_text(longest, pattern.pattern), "format": "uri-reference"}
        case Several(each, most):
            found = {
                "type": "array",
                "items": _of_kind(each),
                "minItems": 1,
                "maxItems": most,
                "uniqueItems": True,
            }
    return found


def _text(longest: int, pattern: str) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": longest, "pattern": f"^{pattern}$"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


_DISTANCE: Schema = {
    "type": "number",
    "minimum": 0,
    "description": "Metres from the point of `near`, to the centimetre.",
}


def ref(name: str, kind: str = "schemas") -> Schema:
    """Return a reference to a component of the document."""
    return {"$ref": f"#/components/{kind}/{name}"}


def nullable(schema: Schema) -> Schema:
    """Return the schema that also allows null."""
    return {"oneOf": [schema, {"type": "null"}]}


def array(items: Schema, **more: Any) -> Schema:
    """Return the schema of a list, by default of any length."""
    return {"type": "array", "items": items, **more}


def record(required: Schema, optional: Schema | None = None, **more: Any) -> Schema:
    """Return the schema of an object with exactly these members."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def schemas(money: Money) -> dict[str, Schema]:
    """Return every schema by name. money: what prices are."""
    of_fields = {str(field.name): schema_of(field, money) for field in FIELDS}
    return {
        **_of_rooms(of_fields),
        **_of_geojson(of_fields),
        **_of_summaries(),
        **_of_clusters(of_fields[Field.PRICE]),
        **_of_imports(),
        **_of_problems(),
        "Health": _HEALTH,
    }


def _of_rooms(of_fields: dict[str, Schema]) -> dict[str, Schema]:
    always = {name: of_fields[name] for name in ALWAYS_WRITTEN}
    if_stated = {name: of_fields[name] for name in WRITTEN_IF_STATED}
    needed = {str(f.name): of_fields[f.name] for f in FIELDS if not f.optional and f.name is not Field.CODE}
    open_ = {str(f.name): nullable_of(f) for f in FIELDS if f.optional}
    code = of_fields[Field.CODE]
    example = plain(FIRST_ROOMS[0])
    return {
        "Room": record(always, if_stated, examples=[example]),
        "NewRoom": record(needed, {"code": code, **open_}, examples=[example]),
        "RoomToSave": record(
            needed,
            {"code": {**code, "description": "If given, the same as in the path."}, **open_},
            examples=[example],
        ),
        "FoundRoom": record(
            {},
            {**always, **if_stated, "distance": _DISTANCE},
            description=f"A room of a list. Without `fields` it has {', '.join(always)}.",
            examples=[{**example, "distance": 245.48}],
        ),
        "Rooms": array(ref("FoundRoom")),
    }


def _of_geojson(of_fields: dict[str, Schema]) -> dict[str, Schema]:
    fields = {name: of_fields[name] for name in geojson.PROPERTIES}
    if_stated = {name: of_fields[name] for name in WRITTEN_IF_STATED}
    position = array(LONGITUDE, minItems=2, maxItems=2, description="Longitude, latitude (RFC 7946).")
    point = record({"type": {"const": "Point"}, "coordinates": position})
    feature = record(
        {
            "type": {"const": "Feature"},
            "id": CODE,
            "geometry": point,
            "properties": record({}, {**fields, **if_stated, "distance": _DISTANCE}),
        },
        examples=[plain(geojson.feature(FIRST_ROOMS[0]))],
    )
    collection = record({"type": {"const": "FeatureCollection"}, "features": array(ref("RoomFeature"))})
    return {"RoomFeature": feature, "RoomFeatures": collection}


def _of_summaries() -> dict[str, Schema]:
    found = {"lowest": COUNT, "highest": COUNT}
    bucket = record({"from": COUNT, "to": nullable(COUNT), "count": COUNT})
    return {
        "Range": record(found),
        "Summary": record(
            {
                "count": COUNT,
                "exact": {"type": "boolean", "description": "false if the numbers are estimates."},
                "price": nullable(ref("Range")),
                "size": nullable(ref("Range")),
                "histogram": array(
                    bucket,
                    maxItems=MAX_BUCKETS,
                    description="Rooms that cost at least `from` and less than `to`; the last is open-ended.",
                ),
                "facets": {**nullable(_facets()), "description": "null if they were not ready in time."},
            },
            {
                "currency": {
                    "type": "string",
                    "pattern": "^[A-Z]{3}$",
                    "description": "The currency of all prices (ISO 4217), if it is configured.",
                },
                "per": {
                    "enum": [str(per) for per in Per],
                    "description": "The period of a price, if it or the currency is configured; else a day.",
                },
            },
        ),
    }


def _facets() -> Schema:
    """What a filter can still choose."""
    free = "As if the search had no condition on this field."
    counts = array(
        record({"value": {"type": "string", "minLength": 1}, "count": COUNT}),
        maxItems=MOST_VALUES,
        description=f"The most frequent values and how many rooms state them. {free}",
    )
    exact = {"type": "boolean", "description": "false if the numbers are estimates from a sample."}
    return record(
        {
            "exact": exact,
            **{str(field): counts for field in FACETS},
            **{str(field): {**nullable(ref("Range")), "description": free} for field in RANGED},
            "unstated": array(
                {"enum": [str(field) for field in STATED]},
                uniqueItems=True,
                description="The fields that no room at all states, whether it matches or not.",
            ),
        }
    )


def _of_clusters(price: Schema) -> dict[str, Schema]:
    bounds = array({"type": "number"}, minItems=4, maxItems=4)
    told = "west, south, east, north of its rooms; west is greater than east across the antimeridian."
    cluster = record(
        {
            "latitude": {**LATITUDE, "description": "The mean of its rooms."},
            "longitude": {**LONGITUDE, "description": "The mean of its rooms."},
            "count": {"type": "integer", "minimum": 1, "description": "How many rooms it has."},
            "lowest_price": price,
            "bounds": {**bounds, "description": told},
            "room": {
                **nullable(ref("Room")),
                "description": "The room, if the cluster certainly has only one.",
            },
        }
    )
    exact = (
        "false if only a sample of the rooms was read: counts are estimates, and a lone room may be missing."
    )
    return {
        "Cluster": cluster,
        "Clusters": record(
            {
                "exact": {"type": "boolean", "description": exact},
                "clusters": array(ref("Cluster"), maxItems=MAX_CLUSTERS),
            }
        ),
    }


REPORT_MEMBERS: Schema = {
    **dict.fromkeys(("added", "replaced", "unchanged", "skipped", "refused"), COUNT),
    "columns": {
        "type": "object",
        "maxProperties": MAX_COLUMNS,
        "additionalProperties": {"anyOf": [{"enum": list(MAPPED)}, {"type": "null"}]},
        "description": "Every column of the listing, or member of its objects, by its name: the field that "
        "it is taken as (or `currency`, that of the prices), null if it is left out.",
    },
    "causes": array(
        ref("RefusalCause"),
        maxItems=MAX_CAUSES + 1,
        description="Why lines were refused, the most frequent cause first; the last one may stand for all "
        "others.",
    ),
    "refusals": array(
        ref("Refusal"),
        maxItems=MAX_REFUSALS_KEPT * len(MAPPED),
        description=f"Every reason of the first {MAX_REFUSALS_KEPT} lines that were refused.",
    ),
}


def _of_imports() -> dict[str, Schema]:
    text = {"type": "string"}
    line = {
        "type": "integer",
        "minimum": 1,
        "description": "Its line number in the listing, counting the header.",
    }
    refusal = {"line": line, "column": text, "value": text, "reason": text}
    return {
        "Refusal": record(
            refusal, description="Why a line is not a valid room; a line may have several reasons."
        ),
        "RefusalCause": record(
            {"cause": text, "lines": {"type": "integer", "minimum": 1}},
            description="A cause of refusals in words, and the number of lines.",
        ),
        "ImportReport": record(
            {
                "dry_run": {
                    "type": "boolean",
                    "description": "Whether this was only a preview and nothing was changed.",
                },
                **REPORT_MEMBERS,
                "notes": {
                    "type": "array",
                    "items": text,
                    "description": "Notes for people in addition to the counts, one sentence each.",
                },
            }
        ),
    }


def _of_problems() -> dict[str, Schema]:
    text = {"type": "string"}
    return {
        "Problem": {
            "type": "object",
            "description": "What went wrong (RFC 9457).",
            "properties": {
                "type": {"type": "string", "format": "uri-reference"},
                "title": text,
                "status": {"type": "integer"},
                "detail": text,
                "request_id": {**text, "description": "The id of the request in the server's log."},
            },
            "required": ["type", "title", "status", "detail", "request_id"],
        },
        "ParameterFault": record({"parameter": text, "message": text}),
        "BodyFault": record(
            {"path": {**text, "description": "JSONPath of the member."}, "message": text},
            examples=[{"path": "$.price", "message": "must be a whole number"}],
        ),
    }


_HEALTH: Schema = record({"status": {"enum": ["live", "ready"]}})


def plain(value: object) -> Any:
    """Return the JSON type of a value."""
    return msgspec.json.decode(json.encode(value))
