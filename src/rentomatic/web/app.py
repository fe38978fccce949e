"""The WSGI application."""

from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import falcon
from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.cors import CorsMiddleware
from rentomatic.web.docs import DocsPage
from rentomatic.web.gate import Gate
from rentomatic.web.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.imports import ImportResource
from rentomatic.web.keys import Keys
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.openapi import OpenApiResource
from rentomatic.web.pages import SearchPage
from rentomatic.web.room import RoomResource
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

    threads: how many requests the server hands over at a time. One is left for /health, /metrics and
    for turning others away, a quarter at most makes exports, and a quarter imports.
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
    exports, imports = (Gate(max(1, threads // 4), patience=0) for _ in range(2))
    requests = RequestMiddleware(Gate(max(1, threads - 1)), metrics, spent)
    app = falcon.App(middleware=requests)
    app.add_middleware(CorsMiddleware(origins))
    errors.install(app)
    app.add_route("/", SearchPage(observed))
    app.add_route("/rooms", RoomsResource(observed, exports, keys))
    app.add_route("/rooms/import", ImportResource(observed, keys, imports))
    app.add_route("/rooms/summary", SummaryResource(observed))
    app.add_route("/rooms/{code}", RoomResource(observed, keys))
    app.add_route("/openapi.json", OpenApiResource())
    app.add_route("/docs", DocsPage())
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(observed))
    app.add_route("/metrics", MetricsResource(metrics))
    app.add_static_route("/static", str(files("rentomatic.web") / "static"))
    return app
