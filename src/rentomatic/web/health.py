"""Whether the process is up, and whether it can do its work."""

from falcon import Request, Response

from rentomatic.use_cases.ports import RoomRepository


class LiveResource:
    """`/health/live`: the process answers."""

    def on_get(self, req: Request, resp: Response) -> None:
        resp.media = {"status": "live"}
        resp.set_header("Cache-Control", "no-store")

    on_head = on_get


class ReadyResource:
    """`/health/ready`: the storage answers too, and has the right schema; else 503."""

    def __init__(self, repository: RoomRepository) -> None:
        self._repository = repository

    def on_get(self, req: Request, resp: Response) -> None:
        self._repository.ping()
        resp.media = {"status": "ready"}
        resp.set_header("Cache-Control", "no-store")

    on_head = on_get
