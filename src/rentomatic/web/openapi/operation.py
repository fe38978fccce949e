"""What every operation has."""

from collections.abc import Iterable
from typing import Any

from rentomatic.web.openapi.answers import problems
from rentomatic.web.openapi.schemas import Schema, ref

REQUEST_ID, IF_MATCH, IF_NONE_MATCH = (
    ref(name, "parameters") for name in ("X-Request-ID", "If-Match", "If-None-Match")
)

OF_ALL = ("url-too-long",)
OF_THE_STORAGE = (*OF_ALL, "overloaded", "429", "500", "storage-unavailable")
"""The problems of every operation, and of those that ask the storage."""


def operation(
    name: str,
    tag: str,
    summary: str,
    description: str,
    parameters: Iterable[Schema],
    answers: dict[str, Schema],
    refusals: Iterable[str],
    **more: Any,
) -> Schema:
    """An operation. refusals: the names of its problems, see `problems`."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "description": description,
        "parameters": [*parameters, REQUEST_ID],
        "responses": {**answers, **problems(*refusals)},
        **more,
    }
