"""What an answer may be: its headers, and the problems with their types."""

from collections.abc import Iterable
from http import HTTPStatus

from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS
from rentomatic.web import errors
from rentomatic.web.keys import ScopeMissing, Unauthorized, WritesOff
from rentomatic.web.openapi.schemas import REPORT_MEMBERS, Schema, array, ref

METHODS = ("get", "put", "post", "delete")

PREFIX = "urn:rentomatic:problem:"

TYPES: dict[str, tuple[int, str]] = {
    **{name: (int(status), title) for status, name, title in errors.PROBLEMS.values()},
    **{
        refusal.slug: (int(refusal.status), refusal.title)
        for refusal in (Unauthorized, ScopeMissing, WritesOff)
    },
    "url-too-long": (414, "URI Too Long"),
    "overloaded": (503, "Too much to do"),
}
"""The status and the title of each type of problem: `urn:rentomatic:problem:<name>`."""

_LISTED = {"parameters": "ParameterFault", "url-too-long": "ParameterFault", "document": "BodyFault"}
"""The problems that list what is wrong, and how."""

_HEADERS: dict[str, tuple[str, Schema, object]] = {
    "X-Request-ID": (
        "The id of the request, as it was sent or new.",
        {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"},
        "4b5f3a5e6c1d4a0f9d2b7c8e1f0a3b5c",
    ),
    "X-Content-Type-Options": ("The media type is as it is told.", {"const": "nosniff"}, "nosniff"),
    "Access-Control-Allow-Origin": (
        "The site whose scripts may read the answer, where one may: all of them unless configured otherwise.",
        {"type": "string"},
        "*",
    ),
    "Access-Control-Expose-Headers": (
        "The headers that such a script may read.",
        {"type": "string"},
        "ETag, Link",
    ),
    "Server-Timing": (
        "How many milliseconds the storage took, where it was asked.",
        {"type": "string", "pattern": r"^storage;dur=[0-9]+\.[0-9]+$"},
        "storage;dur=1.204",
    ),
    "Vary": (
        "The headers of the request that the answer depends on.",
        {"type": "string"},
        "Accept",
    ),
    "Cache-Control": ("For how long the answer may be kept.", {"type": "string"}, "no-cache"),
    "ETag": (
        "The version of what was answered, for If-None-Match and If-Match.",
        {"type": "string", "pattern": '^(W/)?"[^"]+"$'},
        '"9b1c0d5e8f7a6b5c4d3e2f1a"',
    ),
    "Link": (
        'The next page, `<…>; rel="next"` (RFC 8288), while there is one.',
        {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
        '</rooms?limit=20&cursor=0j6Q3m>; rel="next"',
    ),
    "X-Total-Count": ("How many rooms match in all.", {"type": "integer", "minimum": 0}, 3000),
    "Content-Disposition": (
        "The name of the file, where the answer is an export.",
        {"type": "string"},
        'attachment; filename="rooms.csv"',
    ),
    "X-Total-Count-Exact": (
        "Whether X-Total-Count is exact; if not, counting would take too long, and it is an estimate.",
        {"enum": ["true", "false"]},
        "true",
    ),
    "Content-Location": (
        "Where a GET gives the body of this answer.",
        {"type": "string", "format": "uri-reference"},
        "/rooms/r1",
    ),
    "Location": ("Where the room is.", {"type": "string", "format": "uri-reference"}, "/rooms/r1"),
    "Accept": ("The types that are taken.", {"type": "string"}, "application/json"),
    "Accept-Post": ("The types that are taken.", {"type": "string"}, "text/csv, application/x-ndjson"),
    "Accept-Encoding": ("The codings that are taken (RFC 7694).", {"type": "string"}, "gzip"),
    "Retry-After": ("Seconds after which to try again.", {"type": "integer", "minimum": 0}, 1),
    "WWW-Authenticate": ("How to send a key (RFC 6750).", {"type": "string"}, 'Bearer realm="rentomatic"'),
}

_ALWAYS = ("X-Request-ID", "X-Content-Type-Options")
_OFTEN = (
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Cache-Control",
    "Server-Timing",
    "Vary",
)
OF_ALL_ANSWERS = (*_ALWAYS, *_OFTEN)

_OF_PROBLEMS = {401: ["WWW-Authenticate"], 503: ["Retry-After"]}
_OF_SOME_PROBLEMS = {403: ["WWW-Authenticate"], 415: ["Accept", "Accept-Post", "Accept-Encoding"]}
"""The headers that each answer of a status has, and those that only some have."""


def _status(name: str) -> int:
    return int(name) if name.isdigit() else TYPES[name][0]


def headers(required: Iterable[str] = (), optional: Iterable[str] = ()) -> Schema:
    """The headers of an answer, those of all answers among them."""
    shared = {name: ref(name, "headers") for name in (*_ALWAYS, *required, *_OFTEN)}
    return shared | {name: _header(name) for name in optional}


def headers_of_all() -> dict[str, Schema]:
    """The headers that operations refer to."""
    return {name: {**_header(name), "required": name not in _OFTEN} for name in _HEADERS}


def _header(name: str) -> Schema:
    description, schema, example = _HEADERS[name]
    return {"description": description, "schema": schema, "example": example}


def media_type(schema: Schema) -> Schema:
    """The content of a body in one notation."""
    return {"schema": schema}


def answer(
    description: str,
    content: Schema | None = None,
    required: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> Schema:
    """An answer, and the headers that it always or sometimes has besides those of all answers."""
    found: Schema = {"description": description, "headers": headers(required, optional)}
    return found | ({"content": content} if content else {})


def problems(*names: str) -> Schema:
    """References to the answers of these problems; a number stands for a problem of HTTP itself."""
    by_status: dict[int, list[str]] = {}
    for name in names:
        by_status.setdefault(_status(name), []).append(name)
    return {str(status): ref(".".join(kinds), "responses") for status, kinds in sorted(by_status.items())}


def responses_of(paths: Schema) -> Schema:
    """The answers that operations refer to."""
    operations = (operation for item in paths.values() for name, operation in item.items() if name in METHODS)
    answers = (found for operation in operations for found in operation["responses"].values())
    names = {found["$ref"].rpartition("/")[2] for found in answers if "$ref" in found}
    return {name: _problem(name.split(".")) for name in sorted(names)}


def _problem(names: list[str]) -> Schema:
    status = _status(names[0])
    kinds = [("about:blank" if name.isdigit() else f"{PREFIX}{name}") for name in names]
    titles = [HTTPStatus(status).phrase if name.isdigit() else TYPES[name][1] for name in names]
    told: Schema = {"type": {"enum": kinds}, "status": {"const": status}}
    if faults := {_LISTED[name]: ref(_LISTED[name]) for name in names if name in _LISTED}:
        told["errors"] = array({"oneOf": list(faults.values())}, minItems=1)
    if "import-refused" in names:
        told |= REPORT_MEMBERS
    return answer(
        ". Or: ".join(titles) + ".",
        {errors.MEDIA_TYPE: media_type({"allOf": [ref("Problem")], "properties": told})},
        _OF_PROBLEMS.get(status, ()),
        _OF_SOME_PROBLEMS.get(status, ()),
    )


def notations(schemas: dict[Format, Schema]) -> Schema:
    """The notations of rooms, by their media type."""
    return {WRITERS[name].media_type: media_type(schema) for name, schema in schemas.items()}
