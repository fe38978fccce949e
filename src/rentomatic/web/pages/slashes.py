"""Addresses with a trailing slash: of a page as people type them, of the API by mistake."""

from typing import Any
from urllib.parse import quote

from falcon import App, HTTPNotFound, HTTPRouteNotFound, Request, Response

from rentomatic.domain.quoting import shortened

_FOR_PROGRAMS = ("/rooms", "/health", "/metrics", "/openapi.json")


def add_page(app: App[Request, Response], template: str, page: object) -> None:
    """Add a route for a page, with and without a trailing slash."""
    app.add_route(template, page)
    if not template.endswith("/"):
        app.add_route(f"{template}/", _WithSlash())


def is_for_programs(path: str) -> bool:
    """Whether the path belongs to the API rather than to the pages."""
    return any(path == known or path.startswith(f"{known}/") for known in _FOR_PROGRAMS)


class StrictApi:
    """Refuses addresses of the API with a trailing slash: they would mean a room without a code."""

    def process_request(self, req: Request, resp: Response) -> None:
        if req.path.endswith("/") and is_for_programs(req.path):
            meant = shortened(quote(req.path.rstrip("/")), 60)
            raise HTTPNotFound(description=f"No address of the API ends in a slash; did you mean {meant}?")


class _WithSlash:
    """Redirects to the address without the trailing slash. Forms are not redirected."""

    def on_get(self, req: Request, resp: Response, **params: Any) -> None:
        if "//" in req.path:  # a browser would take it for the name of another host
            raise HTTPRouteNotFound
        resp.status = 301
        resp.location = quote(req.path.rstrip("/")) + (f"?{req.query_string}" if req.query_string else "")

    on_head = on_get
