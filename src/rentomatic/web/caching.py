"""How browsers and proxies keep the files under /static; each has an ETag to ask again by."""

from falcon import Request, Response

STATIC = "/static/"
RARELY_CHANGED = ("/static/basemap/", "/static/vendor/")
FOR_A_DAY = "public, max-age=86400"
"""`Cache-Control` of what is written by `./manage.py vendor`: it goes with any version of the page."""

ASK_AGAIN = "public, no-cache"
"""`Cache-Control` of the other files: after a roll-out no script meets an old one of another age."""


class StaticCaching:
    """Says it with the files that are there; the answers about others say for themselves."""

    def process_response(self, req: Request, resp: Response, resource: object, req_succeeded: bool) -> None:
        if req_succeeded and req.path.startswith(STATIC) and resp.status_code in (200, 206, 304):
            of_data = req.path.startswith(RARELY_CHANGED)
            resp.set_header("Cache-Control", FOR_A_DAY if of_data else ASK_AGAIN)
