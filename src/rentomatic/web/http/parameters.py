"""The query string of a request as names and values."""

from typing import Literal
from urllib.parse import parse_qsl

from falcon import Request

from rentomatic.use_cases.errors import ParametersError, Problem


def parameters(req: Request, errors: Literal["strict", "replace"] = "strict") -> list[tuple[str, str]]:
    """Return names and values, percent-decoded, in order.

    errors: how to handle bytes that are not UTF-8, as for `bytes.decode`. Raises ParametersError for them
        unless they are replaced.
    """
    try:
        return parse_qsl(req.query_string, keep_blank_values=True, errors=errors)
    except UnicodeDecodeError as error:
        raise ParametersError([Problem("(query)", "is not UTF-8 when percent-decoded")]) from error
