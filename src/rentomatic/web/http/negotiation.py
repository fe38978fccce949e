"""Which format a request wants, and how long its response may be cached."""

from collections.abc import Iterable, Mapping

from falcon import HTTPNotAcceptable, Request, Response, mediatypes

from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS

FOR_A_SECOND = "public, max-age=0, s-maxage=1, must-revalidate"
"""`Cache-Control` of a search: a proxy may cache it for a second, a browser revalidates by its ETag."""

REVALIDATE = "no-cache"
"""`Cache-Control` of a room: always revalidated, because an edit with an old tag would be refused."""


def by_media_type(formats: Iterable[Format]) -> dict[str, Format]:
    """Return the formats by the names that an Accept header has for them."""
    return {WRITERS[format_].media_type: format_ for format_ in formats}


def choose(req: Request, resp: Response, named: Format | None, offered: Mapping[str, Format]) -> Format:
    """Return the named format, else the offered one that the Accept header prefers.

    Raises HTTPNotAcceptable if no offered format is acceptable.
    """
    resp.append_header("Vary", "Accept")
    if named is not None:
        return named
    preferred = req.client_prefers(offered)
    if preferred is None:
        raise HTTPNotAcceptable(description=f"This is available as {' or '.join(offered)}.")
    return offered[preferred]


def accepts_gzip(req: Request) -> bool:
    """Whether the Accept-Encoding header allows gzip (RFC 9110, section 12.5.3); a malformed one does not."""
    codings = filter(None, map(str.strip, (req.get_header("Accept-Encoding") or "").lower().split(",")))
    try:  # a coding is weighted like the subtype of a media type
        return mediatypes.quality("coding/gzip", ",".join(f"coding/{coding}" for coding in codings)) > 0
    except ValueError:
        return False
