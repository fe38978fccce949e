"""The parameters and headers of requests, built from the tables of the parser."""

from rentomatic.domain.clusters import MAX_ZOOM
from rentomatic.domain.fields import FIELD, FIELDS, MEMBERS, NAMES, SEARCHED, Description, Field, Operator
from rentomatic.domain.geography import MAX_RADIUS
from rentomatic.domain.kinds import MAX_INTEGER, RESERVED_CODES, Whole
from rentomatic.domain.search import DEFAULT_LIMIT, MAX_LIMIT, SORTS, TAKES_SEVERAL
from rentomatic.domain.several import Several
from rentomatic.requests.clusters import MAP_PARAMETERS
from rentomatic.requests.cursor import MAX_CURSOR
from rentomatic.requests.listing import IMPORT_PARAMETERS, MAPPING
from rentomatic.requests.search import (
    FILTERS,
    MATCH_PARAMETERS,
    MAX_CONDITIONS,
    MAX_VALUES,
    MAX_WORDS,
    MAX_WORDS_TEXT,
    PAGE_PARAMETERS,
    WORDS,
    Format,
)
from rentomatic.web.api.openapi.schemas import (
    CODE_TEXT,
    LATITUDE,
    LONGITUDE,
    Schema,
    array,
    of_kind,
    ref,
)

OPERATORS = {
    Operator.EQ: "is the value",
    Operator.NE: "is stated and is not the value",
    Operator.LT: "is less than the value",
    Operator.LTE: "is the value or less",
    Operator.GT: "is more than the value",
    Operator.GTE: "is the value or more",
    Operator.ALL: f"have all of the values, separated by commas, at most {MAX_VALUES:,}",
    Operator.IN: f"is one of the values, separated by commas, at most {MAX_VALUES:,} (spaces beside a "
    "comma do not count)",
}
"""Describe when the condition holds."""

_INTEGER: Schema = {"type": "integer", "minimum": -MAX_INTEGER - 1, "maximum": MAX_INTEGER}


def _compared(field: Description) -> Schema:
    """Return the values with which a condition compares the field."""
    schema = of_kind(field)
    if isinstance(field.kind, Several):
        return dict(schema["items"])
    return _INTEGER if isinstance(field.kind, Whole) else schema


_TAG_LIST = r"^(\*|{tag}([ \t]*,[ \t]*{tag})*)$"


def query(name: str, schema: Schema, description: str, example: object) -> Schema:
    """Return a parameter of the query; several values are separated by commas."""
    listed = {"style": "form", "explode": False} if schema.get("type") == "array" else {}
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": schema,
        **listed,
        "example": example,
    }


def header(name: str, description: str, example: str, pattern: str = "") -> Schema:
    """Return a header of the request."""
    return {
        "name": name,
        "in": "header",
        "description": description,
        "schema": {"type": "string"} | ({"pattern": pattern} if pattern else {}),
        "example": example,
    }


def filters() -> list[Schema]:
    """Return a condition for every field and operator."""
    return [_filter(name, field, operator) for name, (field, operator) in FILTERS.items()]


def _filter(name: str, field: Field, operator: Operator) -> Schema:
    value, example = _compared(FIELD[field]), FIELD[field].example
    text = f"Rooms whose {field} {OPERATORS[operator]}. May be given several times: all must hold."
    if operator in TAKES_SEVERAL:
        examples = [*example] if isinstance(example, tuple) else [example]
        return query(name, array(value, minItems=1, maxItems=MAX_VALUES), text, examples)
    return query(name, value, text, example)


def _tuple(*items: Schema) -> Schema:
    size = len(items)
    return {
        "type": "array",
        "prefixItems": list(items),
        "items": False,
        "minItems": size,
        "maxItems": size,
    }


def matching() -> list[Schema]:
    """Return the parameters for the words and the place."""
    found = {
        WORDS: query(
            WORDS,
            {"type": "string", "minLength": 1, "maxLength": MAX_WORDS_TEXT},
            f"Words, at most {MAX_WORDS}: rooms where each of them begins a word of the "
            f"{', '.join(SEARCHED[:-1])} or {SEARCHED[-1]}, whatever its case and accents. What is neither a "
            "letter nor a digit parts words.",
            "quiet desk",
        ),
        "bbox": query(
            "bbox",
            _tuple(LONGITUDE, LATITUDE, LONGITUDE, LATITUDE),
            "west,south,east,north: rooms in the box, its edges included. South is not greater than north; "
            "where west is greater than east, the box crosses the antimeridian. Spaces beside a comma do not "
            "count.",
            [-0.2, 51.4, 0.1, 51.6],
        ),
        "near": query(
            "near",
            _tuple(LATITUDE, LONGITUDE),
            "latitude,longitude: each room carries its distance from the point, and the nearest comes "
            "first unless `sort` says otherwise. Spaces next to a comma are ignored.",
            [51.512, -0.123],
        ),
        "radius": query(
            "radius",
            {"type": "number", "minimum": 0, "maximum": MAX_RADIUS},
            "Rooms within this many metres of the point of `near`, which is required.",
            2000,
        ),
    }
    return [found[name] for name in MATCH_PARAMETERS]


def maps() -> list[Schema]:
    """Return the parameters of a map, of the words and of the place."""
    zoom = query(
        "zoom",
        {"type": "integer", "minimum": 0, "maximum": MAX_ZOOM},
        "The zoom of the map: the Earth is 256 * 2 ** zoom pixels wide.",
        11,
    )
    found = {parameter["name"]: parameter for parameter in (*matching(), zoom)}
    return [{**found.pop(name), "required": True} for name in MAP_PARAMETERS] + _refs([*found.values()])


def pages() -> list[Schema]:
    """Return the parameters for order, number of rooms and format."""
    found = {
        "sort": query(
            "sort",
            {"enum": list(SORTS)},
            "The order: `-` in front for the greatest first; `distance` needs `near`. Rooms that do not "
            "state their size come last, and what is alike goes by code. Without it: by distance near a "
            "point, else by code.",
            "price",
        ),
        "limit": query(
            "limit",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT},
            f"Rooms per page; the default is {DEFAULT_LIMIT}. CSV and NDJSON without it hold every match.",
            20,
        ),
        "cursor": query(
            "cursor",
            {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "maxLength": MAX_CURSOR},
            "Where the page starts: take it from the Link header, and do not make one yourself.",
            "0j6Q3m",
        ),
        "count": query(
            "count",
            {"enum": ["exact", "none"]},
            "`exact` returns the number of all matches in X-Total-Count, if they can be counted in time.",
            "exact",
        ),
        "fields": query(
            "fields",
            array({"enum": list(MEMBERS)}, minItems=1),
            "The members of each room, in every format. Without it, all that the room states, but for the "
            "description, which a list in JSON or GeoJSON leaves out.",
            [Field.CODE, Field.PRICE, Field.TITLE],
        ),
        "format": format_choice(*Format),
    }
    return [found[name] for name in PAGE_PARAMETERS]


def format_choice(*formats: Format) -> Schema:
    """Return the parameter for the format."""
    names = [str(format_) for format_ in formats]
    return query("format", {"enum": names}, "The format; takes precedence over the Accept header.", names[-1])


def _refs(parameters: list[Schema]) -> list[Schema]:
    return [ref(parameter["name"], "parameters") for parameter in parameters]


CODE_IN_PATH: Schema = {
    "name": "code",
    "in": "path",
    "required": True,
    "description": "The code of a room, a UUID in upper or lower case; never "
    f"{', '.join(sorted(RESERVED_CODES))}.",
    "schema": CODE_TEXT,
    "example": FIELD[Field.CODE].example,
}

REQUEST_ID = header(
    "X-Request-ID",
    "An id for the request, which the answer carries and the server's log: 1 to 64 letters, digits or "
    ". _ ~ -; any other is replaced.",
    "search-1",
)
_TAGS = _TAG_LIST.format(tag=r'(W/)?"[!#-~]*"')

IF_MATCH = header(
    "If-Match",
    "The ETag of the room as it was read, or `*` for any: otherwise a 412.",
    '"3c6f"',
    _TAGS,
)
IF_NONE_MATCH = header(
    "If-None-Match",
    "The ETags of answers that are there already: 304 for a GET where one is still right, 412 for a change; "
    "`*` stands for any room.",
    '"3c6f"',
    _TAGS,
)


def imports() -> list[Schema]:
    """Return the parameters of an import."""
    texts = {
        "on_conflict": "What to do if a room with the same code exists and differs; `fail` loads nothing.",
        "atomic": "Whether one refused line refuses the whole listing.",
        "dry_run": "Whether to only report what would change.",
        "decimal": "The decimal separator, for ambiguous amounts.",
        "round": "Whether to round prices and sizes that have a fraction; otherwise they are refused.",
        "price_per": "The period of the prices in the listing, if it differs from that of rooms: they are "
        "converted and rounded. A month counts 30 days.",
    }
    given = [
        query(name, {"enum": list(values)}, texts[name], next(iter(values)))
        for name, values in IMPORT_PARAMETERS.items()
    ]
    optional = "|".join(field.name for field in FIELDS if field.optional)
    pattern = f"^(({'|'.join(NAMES)})=.|({optional})=)"
    columns = array({"type": "string", "pattern": pattern}, maxItems=len(NAMES))
    text = "The column of a field without a common name; empty: no column has it. May be repeated."
    mapped = query(MAPPING, columns, text, [])
    return [*given, {**mapped, "explode": True, "example": ["price=price"]}]


MATCHING = [*_refs(filters()), *_refs(matching())]
MAP_SEARCH = [*maps(), *_refs(filters())]
SEARCH = [*MATCHING, *pages()]


def shared() -> dict[str, Schema]:
    """Return the parameters that operations refer to."""
    return {
        parameter["name"]: parameter
        for parameter in (*filters(), *matching(), REQUEST_ID, IF_MATCH, IF_NONE_MATCH)
    }


LIMITS = (
    f"A search takes at most {MAX_CONDITIONS} conditions, {MAX_VALUES:,} values in an `in`, {MAX_WORDS} "
    "words, and 8 KiB of URL."
)
