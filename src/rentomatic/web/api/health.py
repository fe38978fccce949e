"""Whether the process is up and ready, and its metrics."""

from typing import TYPE_CHECKING

from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics


class LiveResource:
    """`/health/live`: the process responds."""

    def on_get(self, req: Request, resp: Response) -> None:
        resp.media = {"status": "live"}
        resp.set_header("Cache-Control", "no-store")

    on_head = on_get


class ReadyResource:
    """`/health/ready`: the storage responds too, and has the right schema; else 503."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository

    def on_get(self, req: Request, resp: Response) -> None:
        self._repository.ping()
        resp.media = {"status": "ready"}
        resp.set_header("Cache-Control", "no-store")

    on_head = on_get


class MetricsResource:
    """`/metrics`: metrics in Prometheus' text format."""

    def __init__(self, metrics: "Metrics") -> None:
        self._metrics = metrics

    def on_get(self, req: Request, resp: Response) -> None:
        resp.data = self._metrics.text()
        resp.content_type = "text/plain; version=0.0.4; charset=utf-8"
        resp.set_header("Cache-Control", "no-store")

    on_head = on_get
