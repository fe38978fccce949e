"""The WSGI application."""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import falcon
from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.bodies import SmallBodies
from rentomatic.web.cors import CorsMiddleware
from rentomatic.web.docs import DocsPage
from rentomatic.web.gate import Gates
from rentomatic.web.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.imports import ImportResource
from rentomatic.web.keys import Keys
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.openapi import OpenApiResource
from rentomatic.web.pages import SearchPage
from rentomatic.web.room import ROOM_BODY, RoomResource
from rentomatic.web.rooms import RoomsResource, SummaryResource

if TYPE_CHECKING:
    from rentomatic.web.metrics import Metrics

App = falcon.App[Request, Response]


def create_app(
    repository: RoomRepository,
    threads: int = 4,
    metrics: "Metrics | None" = None,
    keys: Keys | None = None,
    origins: Sequence[str] = ("*",),
) -> App:
    """The application over a repository.

    threads: how many requests the server hands over at a time; `Gates` says how they are shared.
    metrics: where requests are counted, those of this application alone unless given.
    keys: of those who may write; nobody may unless given.
    origins: of the sites whose scripts may ask, see `CorsMiddleware`.
    """
    from rentomatic.web.metrics import Metrics, Sources
    from rentomatic.web.observed import ObservedRepository, StorageTime

    metrics = metrics or Metrics(Sources(repository=repository))
    keys = keys or Keys()
    spent = StorageTime()
    observed = ObservedRepository(repository, metrics, spent)
    gates = Gates(threads)
    bodies = SmallBodies(ROOM_BODY, gates.bodies)
    app = falcon.App(middleware=RequestMiddleware(gates.requests, metrics, spent))
    app.add_middleware(CorsMiddleware(origins))
    errors.install(app, metrics)
    app.add_route("/", SearchPage(observed))
    app.add_route("/rooms", RoomsResource(observed, keys, bodies, gates))
    app.add_route("/rooms/import", ImportResource(observed, keys, gates.imports))
    app.add_route("/rooms/summary", SummaryResource(observed))
    app.add_route("/rooms/{code}", RoomResource(observed, keys, bodies, gates.writes))
    app.add_route("/openapi.json", OpenApiResource())
    app.add_route("/docs", DocsPage())
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(observed))
    app.add_route("/metrics", MetricsResource(metrics))
    app.add_static_route("/static", str(files("rentomatic.web") / "static"))
    return app
