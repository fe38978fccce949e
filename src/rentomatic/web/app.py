"""The WSGI application."""

from importlib.resources import files

import falcon
from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.health import LiveResource, ReadyResource
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.pages import SearchPage
from rentomatic.web.rooms import RoomResource, RoomsResource, SummaryResource

App = falcon.App[Request, Response]


def create_app(repository: RoomRepository) -> App:
    """The application over a repository."""
    app = falcon.App(middleware=[RequestMiddleware()])
    errors.install(app)
    app.add_route("/", SearchPage(repository))
    app.add_route("/rooms", RoomsResource(repository))
    app.add_route("/rooms/summary", SummaryResource(repository))
    app.add_route("/rooms/{code}", RoomResource(repository))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(repository))
    app.add_static_route("/static", str(files("rentomatic.web") / "static"))
    return app
