"""Which notation a request wants, and for how long its answer may be kept."""

from collections.abc import Iterable

from falcon import HTTPNotAcceptable, Request, Response

from rentomatic.requests.search import Format
from rentomatic.serializers.formats import WRITERS

FOR_A_SECOND = "public, max-age=0, s-maxage=1, must-revalidate"
"""`Cache-Control` of a search: a proxy may keep it for a second, a browser asks again by its ETag."""

REVALIDATE = "no-cache"
"""`Cache-Control` of a room: whoever edits it needs its tag as it is now, or the edit would be refused."""


def choose(req: Request, resp: Response, named: Format | None, offered: Iterable[Format]) -> Format:
    """The notation that was named, else the one that the Accept header prefers.

    Raises HTTPNotAcceptable where it wants no other than what is not offered.
    """
    resp.append_header("Vary", "Accept")
    if named is not None:
        return named
    by_media_type = {WRITERS[format_].media_type: format_ for format_ in offered}
    preferred = req.client_prefers(by_media_type)
    if preferred is None:
        raise HTTPNotAcceptable(description=f"This is written as {' or '.join(by_media_type)}.")
    return by_media_type[preferred]
