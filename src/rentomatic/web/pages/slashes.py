"""Addresses of pages as people type them: with a slash at the end."""

from typing import Any
from urllib.parse import quote

from falcon import App, HTTPRouteNotFound, Request, Response


def add_page(app: App[Request, Response], template: str, page: object) -> None:
    """Let a page answer at the addresses of a URI template, and be found behind a slash too."""
    app.add_route(template, page)
    if not template.endswith("/"):
        app.add_route(f"{template}/", _WithSlash())


class _WithSlash:
    """Leads to the same address without the slash at its end. A form is never sent here."""

    def on_get(self, req: Request, resp: Response, **params: Any) -> None:
        if "//" in req.path:  # which a browser would take for the name of another host
            raise HTTPRouteNotFound
        resp.status = 301
        resp.location = quote(req.path.rstrip("/")) + (f"?{req.query_string}" if req.query_string else "")

    on_head = on_get
