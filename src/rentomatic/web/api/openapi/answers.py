"""Responses: their headers, and the problems with their types."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS
from rentomatic.web.api.openapi.schemas import REPORT_MEMBERS, Schema, array, ref
from rentomatic.web.http import errors, problems
from rentomatic.web.http.problems import ProblemType, of_http

METHODS = ("get", "put", "post", "delete")

_LISTED = {
    problems.PARAMETERS: "ParameterFault",
    problems.URL_TOO_LONG: "ParameterFault",
    problems.DOCUMENT: "BodyFault",
}
"""The problems that list errors, and the schema of the list."""

_HEADERS: dict[str, tuple[str, Schema, object]] = {
    "X-Request-ID": (
        "The id of the request: the one that was sent, or a new one.",
        {"type": "string", "pattern": "^[A-Za-z0-9._~-]{1,64}$"},
        "4b5f3a5e6c1d4a0f9d2b7c8e1f0a3b5c",
    ),
    "X-Content-Type-Options": ("Browsers must not guess the media type.", {"const": "nosniff"}, "nosniff"),
    "Access-Control-Allow-Origin": (
        "The site whose scripts may read the response. All of them, unless configured otherwise.",
        {"type": "string"},
        "*",
    ),
    "Access-Control-Expose-Headers": (
        "The headers that these scripts may read.",
        {"type": "string"},
        "ETag, Link",
    ),
    "Server-Timing": (
        "Milliseconds that the storage took, if it was used.",
        {"type": "string", "pattern": r"^storage;dur=[0-9]+\.[0-9]+$"},
        "storage;dur=1.204",
    ),
    "Vary": (
        "The request headers that the response depends on.",
        {"type": "string"},
        "Accept",
    ),
    "Cache-Control": ("How long the response may be cached.", {"type": "string"}, "no-cache"),
    "ETag": (
        "The version of the response, for If-None-Match and If-Match.",
        {"type": "string", "pattern": '^(W/)?"[^"]+"$'},
        '"9b1c0d5e8f7a6b5c4d3e2f1a"',
    ),
    "Link": (
        'The next page, `<…>; rel="next"` (RFC 8288), while there is one.',
        {"type": "string", "pattern": '^<[^>]+>; rel="next"$'},
        '</rooms?limit=20&cursor=0j6Q3m>; rel="next"',
    ),
    "X-Total-Count": (
        (
            "How many rooms match in all, never fewer than the page shows. Left out where `count=exact` was "
            "asked for and not even an estimate came in time."
        ),
        {"type": "integer", "minimum": 0},
        3000,
    ),
    "Content-Disposition": (
        "The file name of an export.",
        {"type": "string"},
        'attachment; filename="rooms.csv"',
    ),
    "X-Total-Count-Exact": (
        (
            "Whether X-Total-Count is exact; if not, it is an estimate: counting would take too long or "
            "rooms were removed meanwhile."
        ),
        {"enum": ["true", "false"]},
        "true",
    ),
    "Content-Location": (
        "Where a GET returns the body of this response.",
        {"type": "string", "format": "uri-reference"},
        "/rooms/r1",
    ),
    "Location": ("Where the room is.", {"type": "string", "format": "uri-reference"}, "/rooms/r1"),
    "Accept": ("The accepted media types.", {"type": "string"}, "application/json"),
    "Accept-Post": ("The accepted media types.", {"type": "string"}, "text/csv, application/x-ndjson"),
    "Accept-Encoding": ("The accepted content codings (RFC 7694).", {"type": "string"}, "gzip"),
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

_OF_PROBLEMS: dict[int, Sequence[str]] = {401: ["WWW-Authenticate"], 503: ["Retry-After"]}
_OF_SOME_PROBLEMS: dict[int, Sequence[str]] = {
    403: ["WWW-Authenticate"],
    415: ["Accept", "Accept-Post", "Accept-Encoding"],
}
"""The headers of every response with a status, and those of only some."""


def headers(required: Iterable[str] = (), optional: Iterable[str] = ()) -> Schema:
    """Return the headers of a response, including those of all responses."""
    shared = {name: ref(name, "headers") for name in (*_ALWAYS, *required, *_OFTEN)}
    return shared | {name: _header(name) for name in optional}


def headers_of_all() -> dict[str, Schema]:
    """Return the headers that operations refer to."""
    return {name: {**_header(name), "required": name not in _OFTEN} for name in _HEADERS}


def _header(name: str) -> Schema:
    description, schema, example = _HEADERS[name]
    return {"description": description, "schema": schema, "example": example}


def media_type(schema: Schema) -> Schema:
    """Return the content of a body in one format."""
    return {"schema": schema}


def answer(
    description: str,
    content: Schema | None = None,
    required: Iterable[str] = (),
    optional: Iterable[str] = (),
) -> Schema:
    """Return a response, with headers that it always or sometimes has besides those of all responses."""
    found: Schema = {"description": description, "headers": headers(required, optional)}
    return found | ({"content": content} if content else {})


@dataclass(frozen=True, slots=True)
class Refusals:
    """Return the response of one status, which may be any of these problems."""

    status: HTTPStatus
    kinds: tuple[ProblemType, ...]

    @property
    def name(self) -> str:
        """The name of the component that operations refer to."""
        return ".".join(kind.name for kind in self.kinds)

    def schema(self) -> Schema:
        told: Schema = {
            "type": {"enum": [kind.uri for kind in self.kinds]},
            "status": {"const": int(self.status)},
        }
        if faults := {_LISTED[kind]: ref(_LISTED[kind]) for kind in self.kinds if kind in _LISTED}:
            told["errors"] = array({"oneOf": list(faults.values())}, minItems=1)
        if problems.IMPORT_REFUSED in self.kinds:
            told |= REPORT_MEMBERS
        return answer(
            ". Or: ".join(kind.title for kind in self.kinds) + ".",
            {errors.MEDIA_TYPE: media_type({"allOf": [ref("Problem")], "properties": told})},
            *self._headers(),
        )

    def _headers(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return headers that a response always has, and headers that it may have."""
        always, sometimes = _OF_PROBLEMS.get(self.status, ()), _OF_SOME_PROBLEMS.get(self.status, ())
        return ((), (*always, *sometimes)) if problems.TOO_COSTLY in self.kinds else (always, sometimes)


def refusals(kinds: Iterable[ProblemType | int]) -> dict[str, Refusals]:
    """Return responses that are problems, by status; a number stands for a problem of HTTP itself."""
    by_status: dict[HTTPStatus, list[ProblemType]] = {}
    for kind in kinds:
        found = kind if isinstance(kind, ProblemType) else of_http(kind)
        by_status.setdefault(found.status, []).append(found)
    return {str(int(status)): Refusals(status, tuple(found)) for status, found in sorted(by_status.items())}


def share_refusals(paths: Schema) -> dict[str, Schema]:
    """Replace each response that is a problem by a reference; return the referenced responses."""
    shared: dict[str, Schema] = {}
    operations = (operation for item in paths.values() for name, operation in item.items() if name in METHODS)
    for operation in operations:
        for status, found in operation["responses"].items():
            if isinstance(found, Refusals):
                shared[found.name] = found.schema()
                operation["responses"][status] = ref(found.name, "responses")
    return dict(sorted(shared.items()))


def in_formats(schemas: dict[Format, Schema]) -> Schema:
    """Return the formats of rooms, by media type."""
    return {WRITERS[name].media_type: media_type(schema) for name, schema in schemas.items()}
