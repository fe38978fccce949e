"""The body of a request: its type and its length are looked at before a byte of it is read."""

from falcon import HTTPBadRequest, HTTPContentTooLarge, HTTPUnsupportedMediaType, Request, parse_header

_CHARSETS = ("utf-8", "us-ascii")


def read_body(req: Request, media_type: str, limit: int) -> bytes:
    """All of a body of that type and of at most so many bytes, in UTF-8.

    Raises HTTPUnsupportedMediaType, HTTPContentTooLarge, and HTTPBadRequest for one that was cut off. One
    without a length may be cut off unnoticed: granian ends it as if it were whole.
    """
    _require_type(req, media_type)
    announced = req.content_length
    if announced is not None and announced > limit:
        raise _too_large(limit)
    chunked = announced is None and req.get_header("Transfer-Encoding") is not None
    stream = req.stream if chunked else req.bounded_stream
    body = b""
    try:
        while len(body) <= limit and (block := stream.read(limit + 1 - len(body))):
            body += block
    except Exception as error:  # each server has errors of its own for it
        raise HTTPBadRequest(description="The body was cut off, or is not framed as it should be.") from error
    if len(body) > limit:
        raise _too_large(limit)
    if announced is not None and len(body) < announced:
        raise HTTPBadRequest(description=f"The body was cut off: {len(body)} bytes of {announced} came.")
    return body


def _require_type(req: Request, media_type: str) -> None:
    given, parameters = parse_header(req.content_type or "")
    if given.lower() != media_type or parameters.get("charset", "utf-8").lower() not in _CHARSETS:
        raise HTTPUnsupportedMediaType(
            description=f"The body must be {media_type} in UTF-8, and Content-Type say so.",
            headers={"Accept": media_type},
        )
    if (req.get_header("Content-Encoding") or "identity").lower() != "identity":
        raise HTTPUnsupportedMediaType(
            description="The body must not be compressed.", headers={"Accept-Encoding": "identity"}
        )


def _too_large(limit: int) -> HTTPContentTooLarge:
    return HTTPContentTooLarge(description=f"The body must not be longer than {limit} bytes.")
