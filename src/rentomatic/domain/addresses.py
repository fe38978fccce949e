"""Addresses of pages and photos: http and https only, so that no page that links to them runs anything."""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

# RFC 3986, in ASCII: a host, maybe a port, and the rest. No user name, which could pass for the host.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
_REST = r"(?::[0-9]{1,5})?(?:[/?#][!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]*)?"
_FILE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,94}\.(?:jpg|jpeg|png|webp|gif|avif|svg)"


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
        return f"must be {self.meaning}, of at most {self.longest} characters, without spaces and user names"

    def tidied(self, text: str) -> str:
        """Return the address with what is not in ASCII escaped."""
        return quote(text.strip(), safe="!#$%&'()*+,./:;=?@_~[]- <>\"\\^`{|}\t\n")


PAGE = Address(re.compile(f"https?://{_HOST}{_REST}"), "an address such as https://example.com/room-7")
"""Addresses of pages."""

PHOTO = Address(
    re.compile(rf"(?:https://{_HOST}{_REST}|{_FILE})"),
    "an address that starts with https:// or the name of an image file such as room-7.jpg",
)
"""Photos: their addresses, or the names of their files in the folder for photos."""
