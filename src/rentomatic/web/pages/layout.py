"""What all pages share: their templates, their headers, and how they write numbers and places."""

from functools import cache

from falcon import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from rentomatic.domain.quoting import counted, visible
from rentomatic.money import NO_CURRENCY, Money
from rentomatic.web.access.keys import Keys
from rentomatic.web.access.sessions import Sessions
from rentomatic.web.http.negotiation import REVALIDATE
from rentomatic.web.http.static_files import prefix
from rentomatic.web.pages.tiles import NO_TILES, Tiles

MEDIA_TYPE = "text/html"


class Layout:
    """Answers requests with pages that load nothing from elsewhere, but for the tiles of the map."""

    def __init__(
        self, tiles: Tiles = NO_TILES, sessions: Sessions | None = None, money: Money = NO_CURRENCY
    ) -> None:
        """sessions: of staff, whose name and pages stand in the bar; of nobody unless given."""
        self.money = money
        self._tiles = tiles
        self._sessions = sessions or Sessions(Keys())
        images = " ".join(filter(None, ("'self'", "data:", tiles.origin)))
        self._policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )

    def answer(self, req: Request, resp: Response, name: str, **values: object) -> None:
        """Fill the template of that name and answer with it.

        values: of the template; `path`, the address to share, is the one that was asked for unless given.
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
            "staff": staff,
            **values,
        }
        resp.text = template(name).render(given)

    def set_headers(self, resp: Response) -> None:
        """Say that the answer is a page, and what it may load."""
        resp.content_type = f"{MEDIA_TYPE}; charset=utf-8"
        resp.set_header("Content-Security-Policy", self._policy)
        resp.set_header("Referrer-Policy", "same-origin")


def template(name: str) -> Template:
    """A page, or a part of one, to be filled."""
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
    """A value of a template as pages show it: what a stranger typed must not reorder or hide the rest."""
    return visible(value, keep="\n") if type(value) is str else value


def number(value: int) -> str:
    """The number as people read it: 1,234."""
    return f"{value:,}"


def distance(metres: float) -> str:
    """The distance as people say it: 350 m, 1.2 km, 3 km, 1,240 km."""
    if round(metres) < 1000:
        return f"{round(metres)} m"
    kilometres = metres / 1000
    return f"{kilometres:,.1f}".removesuffix(".0") + " km" if kilometres < 100 else f"{kilometres:,.0f} km"


def degrees(value: float) -> str:
    """Good to about ten metres."""
    return f"{value:.4f}"
