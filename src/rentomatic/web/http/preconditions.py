"""Entity tags, and the preconditions of requests: If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1)."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import blake2b

from falcon import HTTPInvalidHeader, HTTPPreconditionFailed, Request, Response

from rentomatic.web.http.negotiation import REVALIDATE

Tags = frozenset[str]
"""Tags as written in a header, including `W/` and the quotes, or `*` alone."""

UNTAGGED = ("",)
"""The tags of something without a tag: only `*` matches it."""

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Possessive: a mismatch is found in one pass, however long the text.
_LIST = re.compile(rf"(?:[ \t,]*+{_TAG}[ \t]*+(?:,|\Z))++[ \t,]*+")


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The tags of which one must match, and those of which none may; None if the header is absent."""

    match: Tags | None
    none_match: Tags | None

    def allow(self, current: Collection[str]) -> bool:
        """Whether something with these tags may be changed; something missing has none."""
        return self.matched_by(current) and not self.known(current)

    def matched_by(self, current: Collection[str]) -> bool:
        """Whether If-Match holds, by the strong comparison: a weak tag never matches."""
        if self.match is None:
            return True
        return _any({tag for tag in self.match if not tag.startswith("W/")}, current)

    def known(self, current: Collection[str]) -> bool:
        """Whether If-None-Match matches, by the weak comparison."""
        if self.none_match is None:
            return False
        return _any({_weak(tag) for tag in self.none_match}, map(_weak, current))

    def require_match(self, current: Collection[str]) -> None:
        """Raise HTTPPreconditionFailed unless If-Match holds."""
        if not self.matched_by(current):
            raise HTTPPreconditionFailed(description="This does not match If-Match.")


def preconditions(req: Request) -> Preconditions:
    """Return the preconditions of a request. Raises HTTPInvalidHeader."""
    return Preconditions(_tags(req, "If-Match"), _tags(req, "If-None-Match"))


def strong_tag(representation: bytes) -> str:
    """Return the tag of exactly these bytes."""
    return f'"{blake2b(representation, digest_size=12).hexdigest()}"'


def answer_with_document(req: Request, resp: Response, body: bytes) -> None:
    """Respond with a body that rarely changes, with its strong tag; 304 if the client has it."""
    expected, tag = preconditions(req), strong_tag(body)
    expected.require_match([tag])
    resp.set_header("Cache-Control", REVALIDATE)
    answer_unless_known(expected, resp, body, tag)


def answer_unless_known(expected: Preconditions, resp: Response, body: bytes, tag: str) -> None:
    """Respond with the body and its tag, or 304 if the client has it."""
    resp.set_header("ETag", tag)
    if expected.known([tag]):
        resp.status = 304
        resp.content_type = None
    else:
        resp.data = body


def _tags(req: Request, header: str) -> Tags | None:
    text = req.get_header(header)
    if text is None or text.strip() == "*":
        return None if text is None else frozenset("*")
    if not _LIST.fullmatch(text):
        raise HTTPInvalidHeader('It must be * or entity tags such as "3f9c", separated by commas.', header)
    return frozenset(re.findall(_TAG, text))


def _any(wanted: Collection[str], current: Iterable[str]) -> bool:
    return any(tag in wanted or "*" in wanted for tag in current)


def _weak(tag: str) -> str:
    return tag.removeprefix("W/")


def answer_weakly(expected: Preconditions, resp: Response, body: bytes, more: bytes = b"") -> None:
    """Respond with the body and a weak tag of it and of `more`, or 304 if the client has it."""
    tag = f"W/{strong_tag(body + more)}"
    expected.require_match([tag])
    answer_unless_known(expected, resp, body, tag)
