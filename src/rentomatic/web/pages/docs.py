"""The page that shows the contract to people, complete without JavaScript.

Built from the same document as `/openapi.json`. Reads can be tried by links, writes by shell commands.
"""

import json
import re
import shlex
from collections.abc import Iterator
from functools import cache
from typing import Any

from falcon import Request, Response
from markupsafe import Markup, escape

from rentomatic.money import Money
from rentomatic.web.api.openapi import document
from rentomatic.web.api.openapi.answers import OF_ALL_ANSWERS
from rentomatic.web.http.preconditions import answer_with_document
from rentomatic.web.pages.layout import Layout, template

TRIES = {
    "searchRooms": (
        "/rooms?filter_price__lt=60&near=51.512,-0.123&radius=3000&limit=3",
        "/rooms?bbox=-0.2,51.4,0.1,51.6&sort=-price&limit=5&format=geojson",
        "/rooms?filter_size__gte=20&sort=price&limit=5&count=exact",
    ),
    "summariseRooms": ("/rooms/summary", "/rooms/summary?filter_size__gte=20&near=51.512,-0.123&radius=3000"),
    "clusterRooms": (
        "/rooms/clusters?bbox=-0.6,51.3,0.4,51.7&zoom=10",
        "/rooms/clusters?bbox=-0.2,51.48,0,51.54&zoom=14&filter_price__lt=60",
    ),
    "getRoom": ("/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a",),
    "getContract": ("/openapi.json",),
    "isLive": ("/health/live",),
}
"""Requests that work on any server with the sample rooms."""

_SERVER = "https://this-server.invalid"
"""Stands for the address of this server in the page, which is rendered once."""


class DocsPage:
    """`/docs`: the contract as a page."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def on_get(self, req: Request, resp: Response) -> None:
        self._layout.set_headers(resp)
        server = str(escape(shlex.quote(req.forwarded_prefix)))
        page = _page(self._layout.money)
        answer_with_document(req, resp, page.replace(_SERVER, server).encode())

    on_head = on_get


@cache
def _page(money: Money) -> str:
    """Return the page, with `_SERVER` for the name of the server."""
    return template("docs.html").render(
        view=View(money), marked=marked, words=words, site=_SERVER, path="/docs", staff=None
    )


class View:
    """What the template shows: the document with resolved references, and its schemas in words.

    of_all: the headers that any response may have.
    """

    def __init__(self, money: Money) -> None:
        self.document = document(money)
        self.of_all = OF_ALL_ANSWERS

    def operations(self, tag: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yield method, path and operation for those with the tag."""
        for path, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters" and tag in operation["tags"]:
                    shared = item.get("parameters", [])
                    yield method, path, {**operation, "parameters": [*shared, *operation["parameters"]]}

    def follow(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return the target of a reference; anything else unchanged."""
        found: Any = self.document
        if "$ref" not in node:
            return node
        for step in node["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        return dict(found)

    def types(self, answer: dict[str, Any]) -> list[str]:
        """Return the types of problems in a response."""
        schemas = (content["schema"] for content in answer.get("content", {}).values())
        return [kind for found in schemas if "allOf" in found for kind in found["properties"]["type"]["enum"]]

    def tries(self, operation: dict[str, Any]) -> tuple[str, ...]:
        """Return links to try an operation."""
        return TRIES.get(operation["operationId"], ())

    def curl(self, method: str, path: str, operation: dict[str, Any]) -> str:
        """Return a shell command that works if `KEY` holds a key."""
        given = [self.follow(parameter) for parameter in operation["parameters"]]
        in_path = {found["name"]: found["example"] for found in given if found["in"] == "path"}
        target = path.format_map(in_path)
        parts = [f"curl -X {method.upper()} {_SERVER}{target}", '-H "Authorization: Bearer $KEY"']
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            example = content["example"]
            body = example if isinstance(example, str) else json.dumps(example)
            parts += [f"-H 'Content-Type: {media_type}'", f"--data-binary {shlex.quote(body)}"]
            break
        return " \\\n  ".join(parts)


def words(schema: dict[str, Any]) -> str:
    """Describe the allowed values."""
    match schema:
        case {"oneOf": choices}:
            return " or ".join(map(words, choices))
        case {"type": [*kinds]}:
            return " or ".join(words({**schema, "type": kind}) for kind in kinds)
        case {"type": "array", "prefixItems": items}:
            return ", ".join(map(words, items))
        case {"type": "array", "items": items}:
            return f"list of {words(items)}"
    return _simple(schema)


def _simple(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": reference}:
            return str(reference).rpartition("/")[2]
        case {"enum": values}:
            return "one of " + ", ".join(map(str, values))
        case {"const": value}:
            return str(value)
        case {"type": ("integer" | "number") as kind, "minimum": low, "maximum": high}:
            return f"{kind}, {low:,} to {high:,}"
    return str(schema["type"])


def marked(text: str) -> Markup:
    """Return text with `code` in it as HTML."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped
