"""A tile server for the map, instead of the bundled map."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where a browser finds map tiles.

    url: a template such as `https://tiles.example/{z}/{x}/{y}.png`; empty for the bundled map.
    attribution: the credit on the map, as plain text.
    """

    url: str = ""
    attribution: str = ""

    @property
    def origin(self) -> str:
        """What a Content-Security-Policy must allow for them; empty for the bundled map."""
        if not self.url:
            return ""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


NO_TILES = Tiles()
