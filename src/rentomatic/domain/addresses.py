"""Addresses of pages and photos: http and https only, so that no page that links to them runs anything."""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

LONGEST = 500

# RFC 3986, in ASCII: a host, maybe a port, and the rest. No user name, which could pass for the host.
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\])"
_REST = r"(?::[0-9]{1,5})?(?:[/?#][!#$%&'()*+,./0-9:;=?@A-Z_a-z~\[\]-]*)?"

ADDRESS_PATTERN = f"https?://{_HOST}{_REST}"
"""What every address of a page matches as a whole."""

PHOTO_PATTERN = (
    rf"https://{_HOST}{_REST}|[A-Za-z0-9][A-Za-z0-9._-]{{0,94}}\.(?:jpg|jpeg|png|webp|gif|avif|svg)"
)
"""What every photo matches as a whole: an address, or the name of a file in the folder for photos."""

_ADDRESS = re.compile(ADDRESS_PATTERN)
_PHOTO = re.compile(PHOTO_PATTERN)


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a page, in ASCII."""

    python_type: ClassVar[type[str]] = str

    longest: int = LONGEST

    def problem(self, value: object) -> str | None:
        if isinstance(value, str) and len(value) <= self.longest and _ADDRESS.fullmatch(value):
            return None
        return (
            f"must be an address such as https://example.com/room-7, of at most {self.longest} characters, "
            "without spaces and user names"
        )

    def tidied(self, text: str) -> str:
        """Return the address with what is not in ASCII escaped."""
        return _escaped(text)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo: its address, or the name of its file in the folder for photos."""

    python_type: ClassVar[type[str]] = str

    longest: int = LONGEST

    def problem(self, value: object) -> str | None:
        if isinstance(value, str) and len(value) <= self.longest and _PHOTO.fullmatch(value):
            return None
        return (
            "must be an address that starts with https:// or the name of an image file such as room-7.jpg, "
            f"of at most {self.longest} characters, without spaces and user names"
        )

    def tidied(self, text: str) -> str:
        """Return the address with what is not in ASCII escaped."""
        return _escaped(text)


def _escaped(text: str) -> str:
    return quote(text.strip(), safe="!#$%&'()*+,./:;=?@_~[]- <>\"\\^`{|}\t\n")
