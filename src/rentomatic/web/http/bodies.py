"""The body of a request: its type and length are checked before any of it is read."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from falcon import (
    HTTP_408,
    HTTPBadRequest,
    HTTPContentTooLarge,
    HTTPError,
    HTTPLengthRequired,
    HTTPUnsupportedMediaType,
    Request,
    parse_header,
)

from rentomatic.web.limits.lanes import Lane
from rentomatic.web.limits.turns import Turns

_BLOCK = 1 << 16
_SWIFT = 0.1
"""If a block arrives within this many seconds, the next one may be larger."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a body may be.

    charsets: accepted for its text, if stated. codings: accepted in `Content-Encoding` besides `identity`.
    told_in: the response header that lists the media types when another one is refused.
    limit: in bytes. patience: seconds that it may take to arrive.
    """

    media_types: tuple[str, ...]
    charsets: re.Pattern[str]
    limit: int
    patience: float
    codings: tuple[str, ...] = ()
    told_in: str = "Accept"


@dataclass(frozen=True, slots=True)
class Announced:
    """What the headers say about the body.

    charset: empty if unstated. length: in bytes, None for a chunked body.
    """

    media_type: str
    charset: str
    compressed: bool
    length: int | None


class SmallBodies:
    """Reads bodies into memory for requests that have a place in the lane while the body arrives."""

    def __init__(self, accepted: Accepted, turns: Turns, lane: Lane) -> None:
        self._accepted = accepted
        self._turns = turns
        self._lane = lane

    def read(self, req: Request) -> bytes:
        """Return the whole body. Raises HTTPError if it is not accepted, and Overloaded.

        A truncated chunked body may go unnoticed: granian ends it as if it were complete.
        """
        body = announced(req, self._accepted)
        self._turns.move(self._lane)
        whole = b"".join(blocks(req, body, self._accepted))
        self._turns.arrived()
        return whole


def announced(req: Request, accepted: Accepted) -> Announced:
    """Return the announced body. Raises HTTPError if it is not accepted, before any of it is read."""
    media_type, options = parse_header(req.content_type or "")
    media_type, charset = media_type.lower(), options.get("charset", "").lower()
    if media_type not in accepted.media_types or (charset and not _is_known(charset, accepted)):
        raise HTTPUnsupportedMediaType(
            description=f"The body must be {' or '.join(accepted.media_types)}, in UTF-8 or another "
            "supported charset, as stated in Content-Type.",
            headers={accepted.told_in: ", ".join(accepted.media_types)},
        )
    coding = (req.get_header("Content-Encoding") or "identity").strip().lower()
    if coding not in ("identity", *accepted.codings):
        codings = accepted.codings or ("identity",)
        raise HTTPUnsupportedMediaType(
            description=f"Content-Encoding must be absent or {' or '.join(codings)}.",
            headers={"Accept-Encoding": codings[0]},  # RFC 7694: so it is not the media type
        )
    chunked = req.content_length is None and req.get_header("Transfer-Encoding") is not None
    length = None if chunked else req.content_length or 0
    if length is not None and length > accepted.limit:
        raise _too_large(accepted)
    return Announced(media_type, charset, coding != "identity", length)


def with_length(req: Request, accepted: Accepted) -> Announced:
    """Return the announced body, which must state its length. Raises HTTPError like `announced`."""
    body = announced(req, accepted)
    # Granian ends a truncated chunked body as if it were complete: half a listing would be loaded.
    if req.content_length is None:
        raise HTTPLengthRequired(
            description="The body must state its length in Content-Length, or nobody could tell whether all "
            "of it arrived. A body of unknown length can go to a file first."
        )
    return body


def blocks(req: Request, body: Announced, accepted: Accepted) -> Iterator[bytes]:
    """Yield the body in blocks as it arrives.

    Raises HTTPError if it is too long, too late or truncated. The servers return a block only when all of it
    has arrived. So little is requested from a slow client: one byte, which gunicorn turns into up to a
    kilobyte. A silent client occupies only the place of its body.
    """
    left = accepted.limit + 1 if body.length is None else body.length
    size, end = 1, time.monotonic() + accepted.patience
    while left:
        began = time.monotonic()
        block = _read(req, min(size, left))
        now = time.monotonic()
        if not block:
            break
        if now > end:
            raise HTTPError(
                HTTP_408, description=f"The body took longer than {accepted.patience:.0f} seconds."
            )
        size = min(2 * size, _BLOCK) if now - began < _SWIFT else 1
        left -= len(block)
        yield block
    if body.length is None and not left:
        raise _too_large(accepted)
    if body.length is not None and left:
        raise HTTPBadRequest(description=f"The body ended {left} bytes before its Content-Length.")


def _read(req: Request, size: int) -> bytes:
    try:
        return req.stream.read(size)
    except Exception as error:  # each server has its own errors for this
        raise HTTPBadRequest(description="The body was cut off or is malformed.") from error


def _is_known(charset: str, accepted: Accepted) -> bool:
    try:
        "".encode(charset)
    except LookupError:
        return False
    return accepted.charsets.fullmatch(charset) is not None


def _too_large(accepted: Accepted) -> HTTPContentTooLarge:
    return HTTPContentTooLarge(description=f"The body must not be longer than {accepted.limit} bytes.")
