"""The contract of the API: OpenAPI 3.1, built from the tables of the parser and the errors."""

from functools import cache
from typing import Any

from falcon import Request, Response

from rentomatic import __version__
from rentomatic.money import NO_CURRENCY, Money
from rentomatic.serializers import json
from rentomatic.web.api.openapi import reading, writing
from rentomatic.web.api.openapi.answers import headers_of_all, share_refusals
from rentomatic.web.api.openapi.parameters import CODE_IN_PATH, shared
from rentomatic.web.api.openapi.schemas import schemas
from rentomatic.web.api.openapi.writing import SECURITY_SCHEMES
from rentomatic.web.http.preconditions import answer_with_document

_INTRODUCTION = """\
Rooms for rent: search them by price, size and place; add, change and remove them with a key.

Every resource answers `HEAD` like `GET` without a body, and lists its methods in `Allow` for `OPTIONS` and in
a 405. Every error is `application/problem+json` (RFC 9457): `type` is for programs, `detail` for people, and
`request_id` helps the operator to find it. A 503 can be repeated after `Retry-After` seconds; so can a 429,
which a proxy sends to clients with too many requests. The 503 `too-costly` has no `Retry-After`, because the
same search would take as long again; `detail` says how to narrow it.

Scripts of other sites may use the API (CORS), unless the server is configured otherwise.
"""

_TAGS = {
    "Search": "Open to everyone.",
    "Import": "Many rooms at once. Needs a key with the scope `import`.",
    "Rooms": "One room at a time. Reading is open; writing needs a key with the scope `write`.",
    "Contract": "What this server promises.",
    "Operation": "For the operator of the server.",
}


@cache
def document(money: Money = NO_CURRENCY) -> dict[str, Any]:
    """Return the whole contract, built once and not to be changed. money: what prices are."""
    paths = _paths()
    responses = share_refusals(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rent-o-matic",
            "version": __version__,
            "summary": "Search engine of a room-renting company",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": {
            "responses": responses,
            "schemas": schemas(money),
            "headers": headers_of_all(),
            "parameters": shared(),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _paths() -> dict[str, Any]:
    return {
        "/rooms": {"get": reading.search(), "post": writing.add()},
        "/rooms/summary": {"get": reading.summarise()},
        "/rooms/clusters": {"get": reading.cluster()},
        "/rooms/import": {"post": writing.import_()},
        "/rooms/{code}": {
            "parameters": [CODE_IN_PATH],
            "get": reading.show(),
            "put": writing.put(),
            "delete": writing.delete(),
        },
        "/openapi.json": {"get": reading.contract()},
        "/health/live": {"get": reading.live()},
        "/health/ready": {"get": reading.ready()},
        "/metrics": {"get": reading.metrics()},
    }


class OpenApiResource:
    """`/openapi.json`: the contract for programs."""

    def __init__(self, money: Money) -> None:
        self._money = money

    def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = json.MEDIA_TYPE
        answer_with_document(req, resp, _encoded(self._money))

    on_head = on_get


@cache
def _encoded(money: Money) -> bytes:
    return json.encode(document(money))
