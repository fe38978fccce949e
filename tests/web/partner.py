"""A partner's program, which knows only the OpenAPI document of the server."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from jsonschema_rs import Draft202012Validator

_PATIENCE = 30


class Answer:
    """A status, headers by case-insensitive name, and the body."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None


class Partner:
    """Calls operations by name; accepts only documented responses."""

    def __init__(self, server: str, key: str) -> None:
        self._server = server
        self._key = key
        self._document = self._send(Request(f"{server}/openapi.json")).json

    def call(self, name: str, body: Any = None, media_type: str | None = None, **given: Any) -> Answer:
        """given: the parameters of the operation, with `_` for characters that Python names cannot have."""
        path, method, operation, parameters = self._operation(name)
        query, headers = [], {}
        for parameter in parameters:
            value = given.pop(parameter["name"].replace("-", "_"), None)
            if value is None:
                continue
            match parameter["in"]:
                case "path":
                    path = path.replace(f"{{{parameter['name']}}}", quote(str(value), safe=""))
                case "header":
                    headers[parameter["name"]] = str(value)
                case "query":
                    query += _written(parameter, value)
        assert not given, f"{name} takes no {', '.join(given)}"
        if "security" in operation:
            headers["Authorization"] = f"Bearer {self._key}"
        content = operation.get("requestBody", {}).get("content", {})
        if body is not None:
            headers["Content-Type"] = media_type or next(iter(content))
            body = json.dumps(body).encode() if isinstance(body, dict) else body
        target = f"{self._server}{path}" + (f"?{urlencode(query)}" if query else "")
        answer = self._send(Request(target, body, headers, method=method.upper()))
        self._check(operation, answer)
        return answer

    def pages(self, name: str, **given: Any) -> Iterator[Any]:
        """Yield the content of every page of a search, following the links."""
        answer = self.call(name, **given)
        yield answer.json
        while found := re.match(r'<([^>]+)>; rel="next"', answer.headers.get("Link", "")):
            answer = self._send(Request(self._server + found.group(1)))
            yield answer.json

    def _operation(self, name: str) -> tuple[str, str, dict[str, Any], list[dict[str, Any]]]:
        for path, item in self._document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and operation["operationId"] == name:
                    parameters = [*item.get("parameters", []), *operation["parameters"]]
                    return path, method, operation, [self._follow(found) for found in parameters]
        raise AssertionError(f"there is no operation {name}")

    def _follow(self, node: dict[str, Any]) -> dict[str, Any]:
        found: Any = self._document
        for step in node.get("$ref", "#").split("/")[1:]:
            found = found[step]
        return dict(found) if "$ref" in node else node

    def _check(self, operation: dict[str, Any], answer: Answer) -> None:
        expected = self._follow(operation["responses"][str(answer.status)])
        if answer.body:
            content = expected["content"][answer.headers["Content-Type"].partition(";")[0]]
            schema = {**content["schema"], "components": self._document["components"]}
            Draft202012Validator(schema).validate(answer.json)

    def _send(self, request: Request) -> Answer:
        try:
            with urlopen(request, timeout=_PATIENCE) as found:
                return Answer(found.status, found.headers, found.read())
        except HTTPError as refused:
            with refused:
                return Answer(refused.code, refused.headers, refused.read())


def _written(parameter: dict[str, Any], value: Any) -> list[tuple[str, str]]:
    if not isinstance(value, list):
        return [(parameter["name"], str(value))]
    texts = [str(part) for part in value]
    return (
        [(parameter["name"], text) for text in texts]
        if parameter.get("explode", True)
        else [(parameter["name"], ",".join(texts))]
    )
