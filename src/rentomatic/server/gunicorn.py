"""Gunicorn, configured for this application."""

import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.util import import_app  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from rentomatic.server.balance import Balance, Loads, counted, shared_loads
from rentomatic.server.serving import (
    BACKLOG,
    CONNECTIONS,
    STOP_TIMEOUT,
    Serving,
    allow_connections,
    cut_off_stalled_readers,
    memory_folder,
)
from rentomatic.web.limits.connections import count_active
from rentomatic.web.limits.turns import server_threads
from rentomatic.web.telemetry.logs import logging_configuration

_KEEP_ALIVE = 30
"""Seconds for which an idle connection is kept, as in granian."""

_WAIT_FOR_DATA = 0.02
"""Seconds that a thread waits for the first byte of a new connection before gunicorn uses it for others.

Gunicorn's own five seconds, which no setting changes, would let a few hundred silent clients hold all
threads.
"""

_WAIT_FOR_REST = 1.0
"""Seconds that a thread waits for the rest of a body that nobody read.

Even without a body, gunicorn closes the connection if this time has passed when it checks, and the next
request on it is lost. So it must be longer than a thread may wait for the processor.
"""

_URL = 8190
"""The most bytes of a request line that gunicorn can be set to allow."""


def run(serving: Serving) -> None:
    """Serve until a signal to stop."""
    allow_connections()
    gthread.DEFAULT_WORKER_DATA_TIMEOUT = _WAIT_FOR_REST
    gthread.TConn = _Connection
    with shared_loads(serving.workers) as loads:
        _RecyclingArbiter(_Application(serving, loads)).run()


class _Connection(gthread.TConn):  # type: ignore[misc]
    def wait_for_data(self, timeout: float) -> bool:
        """Called for the first byte."""
        return bool(super().wait_for_data(min(timeout, _WAIT_FOR_DATA)))


class _Application(BaseApplication):  # type: ignore[misc]
    """The application, and what its workers need to know.

    balance: of this worker process; None in the parent process and with a single worker.
    """

    def __init__(self, serving: Serving, loads: Path | None) -> None:
        self.serving = serving
        self.loads = loads
        self.balance: Balance | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self.serving).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        app = import_app(f"{self.serving.target}()")
        return app if self.balance is None else counted(app, self.balance)


class _Log(Logger):  # type: ignore[misc]
    def access(self, *args: object) -> None:
        """Do nothing: the application logs every request itself."""


def _options(serving: Serving) -> dict[str, Any]:
    memory = memory_folder()
    host = f"[{serving.host}]" if ":" in serving.host else serving.host
    return {
        "bind": f"{host}:{serving.port}",
        "worker_class": "gthread",
        "workers": serving.workers,
        "threads": server_threads(serving.threads),
        "worker_connections": CONNECTIONS,
        "backlog": BACKLOG,
        "graceful_timeout": STOP_TIMEOUT,
        "keepalive": _KEEP_ALIVE,
        "limit_request_line": _URL,
        "control_socket_disable": True,  # gunicorn would create it in the home directory
        "worker_tmp_dir": str(memory) if memory else None,
        "logger_class": _Log,
        "loglevel": serving.log_level,
        "logconfig_dict": logging_configuration(serving.log_level),
        "pre_fork": _prepare_worker,
        "post_fork": _start_balance,
        "pre_request": _give_away,
        "when_ready": _prepare_listeners,
        "proc_name": "rentomatic",
    }


def _prepare_listeners(arbiter: Arbiter) -> None:
    for listener in arbiter.LISTENERS:
        cut_off_stalled_readers(listener.sock, arbiter.app.serving.reader_timeout)


def _prepare_worker(arbiter: Arbiter, worker: Any) -> None:
    worker.birth = time.monotonic()
    worker.row = _free_row(arbiter)


def _free_row(arbiter: Arbiter) -> int:
    """Return a free row for a new worker's load, or the row of the oldest worker, which it replaces."""
    ages = {row: [0] for row in range(arbiter.app.serving.workers)}
    for worker in arbiter.WORKERS.values():
        ages[worker.row].append(worker.age)
    return min(ages, key=lambda row: (len(ages[row]), max(ages[row])))


def _start_balance(arbiter: Arbiter, worker: Any) -> None:
    """Called in the new worker."""
    app = arbiter.app
    if app.loads is not None:
        app.balance = Balance(Loads(app.loads), worker.row, partial(count_active, app.serving.port))
        app.balance.start(threading.Event())


def _give_away(worker: Any, request: Any) -> None:
    """Close the connection after this request if the worker is to give connections away."""
    balance = worker.app.balance
    if balance is not None and not request.should_close() and balance.gives_away():
        request.must_close = True


class _RecyclingArbiter(Arbiter):  # type: ignore[misc]
    """Gunicorn's parent process, which replaces workers at the end of their lifetime, one at a time.

    Gunicorn itself can only end workers after a number of requests, and starts the next one when the old one
    is gone: with a single worker nobody would respond meanwhile.
    """

    def reload(self) -> None:
        """Called on SIGHUP."""
        if self.app.serving.may_replace():
            super().reload()

    def murder_workers(self) -> None:
        """Called about once a second."""
        super().murder_workers()
        lifetime = self.app.serving.lifetime
        if not lifetime or len(self.WORKERS) != self.num_workers:
            return
        oldest = min(self.WORKERS.values(), key=lambda worker: worker.age)
        if time.monotonic() - oldest.birth < lifetime:
            return
        if not self.app.serving.may_replace():
            oldest.birth = time.monotonic()  # try again after another lifetime
        else:
            self.log.info("Replacing worker (pid:%s) at the end of its lifetime", oldest.pid)
            self.spawn_worker()  # gunicorn then stops the oldest, because there is one too many
