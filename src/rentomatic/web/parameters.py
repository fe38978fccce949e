"""The query string of a request as names and values."""

from urllib.parse import parse_qsl

from falcon import Request

from rentomatic.use_cases.errors import ParametersError, Problem


def parameters(req: Request) -> list[tuple[str, str]]:
    """Names and values, percent-decoded, in order. Raises ParametersError for what is no UTF-8."""
    try:
        return parse_qsl(req.query_string, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise ParametersError([Problem("(query)", "is not UTF-8 when percent-decoded")]) from error
