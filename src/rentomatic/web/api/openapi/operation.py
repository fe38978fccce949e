"""What all operations have in common."""

from collections.abc import Iterable
from typing import Any

from rentomatic.web.api.openapi.answers import refusals
from rentomatic.web.api.openapi.schemas import Schema, ref
from rentomatic.web.http import problems
from rentomatic.web.http.problems import ProblemType

REQUEST_ID, IF_MATCH, IF_NONE_MATCH = (
    ref(name, "parameters") for name in ("X-Request-ID", "If-Match", "If-None-Match")
)

OF_ALL = (problems.URL_TOO_LONG,)
OF_THE_STORAGE = (*OF_ALL, problems.OVERLOADED, 429, 500, problems.STORAGE_UNAVAILABLE)
OF_A_SEARCH = (*OF_THE_STORAGE, problems.TOO_COSTLY, problems.WORDS_NOT_STORED)
"""The problems of every operation, of those that use the storage, and of those that search its rooms."""


def operation(
    name: str,
    tag: str,
    summary: str,
    description: str,
    parameters: Iterable[Schema],
    answers: dict[str, Schema],
    may_be: Iterable[ProblemType | int],
    **more: Any,
) -> Schema:
    """Return an operation. may_be: the problems that it may respond with, see `refusals`."""
    return {
        "operationId": name,
        "tags": [tag],
        "summary": summary,
        "description": description,
        "parameters": [*parameters, REQUEST_ID],
        "responses": {**answers, **refusals(may_be)},
        **more,
    }
