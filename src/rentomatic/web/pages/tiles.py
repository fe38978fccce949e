"""A tile server for the map, in the place of the map that is bundled."""

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Tiles:
    """Where a browser finds pictures of the Earth.

    url: a template such as `https://tiles.example/{z}/{x}/{y}.png`; empty for the bundled map.
    attribution: what the map says of their maker, as plain text.
    """

    url: str = ""
    attribution: str = ""

    @property
    def origin(self) -> str:
        """What a Content-Security-Policy allows for them; empty for the bundled map."""
        if not self.url:
            return ""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"


NO_TILES = Tiles()
