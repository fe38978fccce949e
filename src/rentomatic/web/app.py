"""The WSGI application."""

from importlib.resources import files

import falcon
from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.gate import Gate
from rentomatic.web.health import LiveResource, ReadyResource
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.pages import SearchPage
from rentomatic.web.rooms import RoomResource, RoomsResource, SummaryResource

App = falcon.App[Request, Response]


def create_app(repository: RoomRepository, threads: int = 4) -> App:
    """The application over a repository.

    threads: how many requests the server hands over at a time. One is left for /health and for
    turning others away, a quarter at most makes exports.
    """
    exports = Gate(max(1, threads // 4), patience=0)
    app = falcon.App(middleware=[RequestMiddleware(Gate(max(1, threads - 1)))])
    errors.install(app)
    app.add_route("/", SearchPage(repository))
    app.add_route("/rooms", RoomsResource(repository, exports))
    app.add_route("/rooms/summary", SummaryResource(repository))
    app.add_route("/rooms/{code}", RoomResource(repository))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(repository))
    app.add_static_route("/static", str(files("rentomatic.web") / "static"))
    return app
