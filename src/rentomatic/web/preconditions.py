"""Entity tags, and what a request expects of them: If-Match and If-None-Match (RFC 9110, 8.8.3 and 13.1)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b

from falcon import HTTPInvalidHeader, Request, Response

Tags = frozenset[str]
"""Tags as they are written in a header, `W/` and the quotes included, or `*` alone."""

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Possessive: what does not fit is found out in one pass, however long.
_LIST = re.compile(rf"(?:[ \t,]*+{_TAG}[ \t]*+(?:,|\Z))++[ \t,]*+")


@dataclass(frozen=True, slots=True)
class Preconditions:
    """The tags that one of must be there, and those of which none may be; None where nothing is said."""

    match: Tags | None
    none_match: Tags | None

    def allow(self, current: Collection[str]) -> bool:
        """Whether what has these strong tags may be changed. What is not there has none."""
        return self.matched_by(current) and not self.known(current)

    def matched_by(self, current: Collection[str]) -> bool:
        """Whether If-Match holds, by the strong comparison: a weak tag is like no other."""
        return self.match is None or _any(self.match, current)

    def known(self, current: Collection[str]) -> bool:
        """Whether If-None-Match names what is there, by the weak comparison."""
        return self.none_match is not None and _any({_weak(tag) for tag in self.none_match}, current)


def preconditions(req: Request) -> Preconditions:
    """The preconditions of a request. Raises HTTPInvalidHeader."""
    return Preconditions(_tags(req, "If-Match"), _tags(req, "If-None-Match"))


def strong_tag(representation: bytes) -> str:
    """The tag of these bytes, and of no others."""
    return f'"{blake2b(representation, digest_size=12).hexdigest()}"'


def answer_unless_known(expected: Preconditions, resp: Response, body: bytes, tag: str) -> None:
    """The body under its tag, or 304 where the caller has it."""
    resp.set_header("ETag", tag)
    if expected.known([_weak(tag)]):
        resp.status = 304
        resp.content_type = None
    else:
        resp.data = body


def _tags(req: Request, header: str) -> Tags | None:
    text = req.get_header(header)
    if text is None or text.strip() == "*":
        return None if text is None else frozenset("*")
    if not _LIST.fullmatch(text):
        raise HTTPInvalidHeader('It takes * or entity tags such as "3f9c", with commas between.', header)
    return frozenset(re.findall(_TAG, text))


def _any(wanted: Collection[str], current: Collection[str]) -> bool:
    return any(tag in wanted or "*" in wanted for tag in current)


def _weak(tag: str) -> str:
    return tag.removeprefix("W/")
