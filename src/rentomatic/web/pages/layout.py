"""What all pages share: templates, headers, and how numbers and places are written."""

from functools import cache

from falcon import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rentomatic.domain.quoting import counted, visible
from rentomatic.money import NO_CURRENCY, Money
from rentomatic.web.access.keys import Keys
from rentomatic.web.access.sessions import Sessions
from rentomatic.web.http.negotiation import REVALIDATE
from rentomatic.web.http.static_files import prefix
from rentomatic.web.pages.photos import NO_PHOTOS, Photos
from rentomatic.web.pages.tiles import NO_TILES, Tiles

MEDIA_TYPE = "text/html"


class Layout:
    """Responds to requests with pages that load nothing from other sites, except map tiles and photos."""

    def __init__(
        self,
        tiles: Tiles = NO_TILES,
        sessions: Sessions | None = None,
        money: Money = NO_CURRENCY,
        photos: Photos = NO_PHOTOS,
    ) -> None:
        """sessions: of staff, whose name and links appear in the bar; by default, nobody's."""
        self.money = money
        self.photos = photos
        self._tiles = tiles
        self._sessions = sessions or Sessions(Keys())
        images = " ".join(filter(None, ("'self'", "data:", tiles.origin, *photos.origins)))
        self._policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def answer(self, req: Request, resp: Response, name: str, **values: object) -> None:
        """Respond with the filled template of that name.

        values: for the template; `path`, the address to share, defaults to the requested one.
        """
        self.set_headers(resp)
        resp.set_header("Cache-Control", f"private, {REVALIDATE}")
        resp.append_header("Vary", "Cookie")
        staff = self._sessions.of(req, resp)
        given = {
            "site": req.forwarded_prefix,
            "path": req.relative_uri.partition("?")[0],
            "money": self.money,
            "tiles": self._tiles,
            "photos": self.photos,
            "staff": staff,
            **values,
        }
        resp.text = template(name).render(given)

    def set_headers(self, resp: Response) -> None:
        """Mark the response as a page, and restrict what it may load."""
        resp.content_type = f"{MEDIA_TYPE}; charset=utf-8"
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("Referrer-Policy", "same-origin")


def template(name: str) -> Template:
    """Return a page, or a part of one, as a template."""
    return _templates().get_template(name)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("rentomatic.web"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(number=number, counted=counted, distance=distance, degrees=degrees)
    templates.globals["static"] = prefix()
    return templates


def _shown(value: object) -> object:
    """Return a template value, in which text from strangers cannot reorder or hide other text."""
    return visible(value, keep="\n") if type(value) is str else value


def number(value: int) -> str:
    """Return the number for people: 1,234."""
    return f"{value:,}"


def distance(metres: float) -> str:
    """Return the distance for people: 350 m, 1.2 km, 3 km, 1,240 km."""
    if round(metres) < 1000:
        return f"{round(metres)} m"
    kilometres = metres / 1000
    return f"{kilometres:,.1f}".removesuffix(".0") + " km" if kilometres < 100 else f"{kilometres:,.0f} km"


def degrees(value: float) -> str:
    """Return the place, accurate to about ten metres."""
    return f"{value:.4f}"
