"""Addresses of pages and photos: http and https only, so that no page that links to them runs anything."""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from rentomatic.domain.quoting import visible

# RFC 3986, in ASCII: a host, maybe a port, and the rest. No user name, which could pass for the host.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
_PORT = "(?::[0-9]{1,5})?"
_ALLOWED = r"!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-"
_REST = rf"{_PORT}(?:[/?#][{_ALLOWED}]*)?"
_FILE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,94}\.(?:jpg|jpeg|png|webp|gif|avif|svg)"

# The scheme, and the host with what may stand around it: a user name and a port.
_PARTS = re.compile(r"\A(https?)://([^/?#]*)", re.IGNORECASE)
_HOST_AND_PORT = re.compile(_HOST + _PORT)
_NOT_ALLOWED = re.compile(f"[^{_ALLOWED}]")

_LONGEST_HOST = 253  # characters, by RFC 1035
_ENCODED_HOST = re.compile("[a-z0-9.-]+")
_AMBIGUOUS = re.compile("[ßς\u200c\u200d]")
"""What browsers encode in another way than Python, which knows only IDNA 2003: it would be another host."""


@dataclass(frozen=True, slots=True, eq=False)  # by identity: a pattern is slow to hash
class Address:
    """An address in ASCII, or what else stands for one.

    pattern: what it matches as a whole. meaning: what it is, with an example, for messages.
    """

    python_type: ClassVar[type[str]] = str

    pattern: re.Pattern[str]
    meaning: str
    longest: int = 500

    def problem(self, value: object) -> str | None:
        if isinstance(value, str) and len(value) <= self.longest and self.pattern.fullmatch(value):
            return None
        wrong = f", {found}" if isinstance(value, str) and (found := self._wrong(value)) else ""
        return f"must be {self.meaning}{wrong}"

    def _wrong(self, text: str) -> str:
        """What is wrong with an address, as far as it is easy to tell."""
        parts = _PARTS.match(text)
        if len(text) > self.longest:
            return f"of at most {self.longest} characters"
        if any(map(str.isspace, text)):
            return "without spaces"
        if parts and "@" in parts[2]:
            return "without a user name"
        if parts and not _HOST_AND_PORT.fullmatch(parts[2]):
            return "with a host of ASCII letters, digits, dots and hyphens"
        if not text.isascii():
            return "in ASCII"
        other = _NOT_ALLOWED.search(text)
        return f"without {visible(other[0])}" if other else ""

    def tidied(self, text: str) -> str:
        """Return the address with the scheme in lower case, its host by IDNA and the rest of it escaped."""
        text = _PARTS.sub(lambda parts: f"{parts[1].lower()}://{_encoded(parts[2])}", text.strip())
        try:
            return quote(text, safe="!#$%&'()*+,./:;=?@_~[]- <>\"\\^`{|}\t\n")
        except UnicodeEncodeError:  # a lone surrogate, which is refused
            return text


def _encoded(authority: str) -> str:
    """Return the host, and maybe its port, in ASCII; unchanged if that is not possible for certain."""
    host, colon, port = authority.lower().partition(":")
    if host.isascii() or len(host) > _LONGEST_HOST or _AMBIGUOUS.search(host):
        return authority
    try:
        encoded = host.encode("idna").decode("ascii")
    except UnicodeError:
        return authority
    return f"{encoded}{colon}{port}" if _ENCODED_HOST.fullmatch(encoded) else authority


PAGE = Address(re.compile(f"https?://{_HOST}{_REST}"), "an address such as https://example.com/room-7")
"""Addresses of pages."""

PHOTO = Address(
    re.compile(rf"(?:https://{_HOST}{_REST}|{_FILE})"),
    "an address that starts with https:// or the name of an image file such as room-7.jpg",
)
"""Photos: their addresses, or the names of their files in the folder for photos."""
