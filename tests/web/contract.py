"""Checks responses against the contract in `/openapi.json`."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from falcon import testing
from jsonschema_rs import Draft202012Validator

from rentomatic.web.api.openapi import document
from rentomatic.web.api.openapi.answers import METHODS

DOCUMENT = document()
_PATHS = {
    re.compile(re.sub(r"\{\w+\}", "[^/]+", template)): item for template, item in DOCUMENT["paths"].items()
}
_OF_THE_BODY = {"content-type", "content-length"}

Kind = tuple[str, int, str]
"""An operation, a status, and the type of the problem, empty without one."""


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and operation of everything that is documented."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def documented() -> set[Kind]:
    """Every allowed response."""
    return {
        (operation["operationId"], int(status), kind)
        for _, _, operation in operations()
        for status, answer in operation["responses"].items()
        for kind in _types(follow(answer)) or [""]
    }


def follow(node: dict[str, Any]) -> dict[str, Any]:
    found: Any = DOCUMENT
    if "$ref" not in node:
        return node
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def operation_of(method: str, path: str) -> dict[str, Any] | None:
    """Return the operation of a request; a HEAD is a GET without a body."""
    wanted = "get" if method == "HEAD" else method.lower()
    for template, item in _PATHS.items():
        if template.fullmatch(path):
            found: dict[str, Any] | None = item.get(wanted)
            return found
    return None


def check(method: str, path: str, answer: testing.Result) -> Kind | None:
    """Return the documented kind of a response; None if there is no such operation."""
    operation = operation_of(method, path)
    if operation is None:
        return None
    status = str(answer.status_code)
    assert status in operation["responses"], (
        f"{method} {path}: {status} is not documented: {answer.text[:500]}"
    )
    expected = follow(operation["responses"][status])
    _check_headers(f"{method} {path}: {status}", expected["headers"], answer)
    kind = ""
    if method != "HEAD" and answer.content:
        kind = _check_body(f"{method} {path}: {status}", expected.get("content", {}), answer)
    return operation["operationId"], answer.status_code, kind


def _check_headers(what: str, expected: dict[str, Any], answer: testing.Result) -> None:
    known = {name.lower(): follow(header) for name, header in expected.items()}
    given = {name.lower(): text for name, text in answer.headers.items()}
    assert given.keys() - known.keys() - _OF_THE_BODY == set(), what
    assert {name for name, header in known.items() if header.get("required")} - given.keys() == set(), what
    for name, text in given.items():
        if name in known:
            value = int(text) if known[name]["schema"].get("type") == "integer" else text
            validate(known[name]["schema"], value)


def _check_body(what: str, expected: dict[str, Any], answer: testing.Result) -> str:
    media_type = answer.headers["content-type"].partition(";")[0]
    assert media_type in expected, what
    if media_type not in ("application/json", "application/geo+json", "application/problem+json"):
        return ""
    validate(expected[media_type]["schema"], answer.json)
    return str(answer.json["type"]) if media_type == "application/problem+json" else ""


def validate(schema: dict[str, Any], value: object) -> None:
    """Hold a value against a schema of the document. Raises jsonschema_rs.ValidationError."""
    if id(schema) not in _VALIDATORS:
        _VALIDATORS[id(schema)] = (
            schema,
            Draft202012Validator({**schema, "components": DOCUMENT["components"]}),
        )
    _VALIDATORS[id(schema)][1].validate(value)


_VALIDATORS: dict[int, tuple[dict[str, Any], Draft202012Validator]] = {}
"""Each schema that was used, which is kept so that its id stays its own, and what it was compiled to."""


def _types(answer: dict[str, Any]) -> list[str]:
    schema = answer.get("content", {}).get("application/problem+json", {}).get("schema", {})
    found: list[str] = schema.get("properties", {}).get("type", {}).get("enum", [])
    return found


class ContractClient(testing.TestClient):
    """A client that accepts only documented responses; `seen` has the kinds of all that it got."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.seen: set[Kind] = set()

    def simulate_request(self, method: str = "GET", path: str = "/", **options: Any) -> testing.Result:
        answer = super().simulate_request(method, path, **options)
        kind = check(method, unquote(path.partition("?")[0]), answer)
        if kind:
            self.seen.add(kind)
        return answer
