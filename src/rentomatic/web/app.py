"""The WSGI application."""

from importlib.resources import files
from typing import TYPE_CHECKING

import falcon
from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.gate import Gate
from rentomatic.web.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.pages import SearchPage
from rentomatic.web.rooms import RoomResource, RoomsResource, SummaryResource

if TYPE_CHECKING:
    from rentomatic.web.metrics import Metrics

App = falcon.App[Request, Response]


def create_app(repository: RoomRepository, threads: int = 4, metrics: "Metrics | None" = None) -> App:
    """The application over a repository.

    threads: how many requests the server hands over at a time. One is left for /health, /metrics and
    for turning others away, a quarter at most makes exports.
    metrics: where requests are counted, those of this application alone unless given.
    """
    from rentomatic.web.metrics import Metrics, Sources
    from rentomatic.web.observed import ObservedRepository

    metrics = metrics or Metrics(Sources(repository=repository))
    observed = ObservedRepository(repository, metrics)
    exports = Gate(max(1, threads // 4), patience=0)
    app = falcon.App(middleware=[RequestMiddleware(Gate(max(1, threads - 1)), metrics)])
    errors.install(app)
    app.add_route("/", SearchPage(observed))
    app.add_route("/rooms", RoomsResource(observed, exports))
    app.add_route("/rooms/summary", SummaryResource(observed))
    app.add_route("/rooms/{code}", RoomResource(observed))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(observed))
    app.add_route("/metrics", MetricsResource(metrics))
    app.add_static_route("/static", str(files("rentomatic.web") / "static"))
    return app
