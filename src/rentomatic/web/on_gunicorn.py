"""Gunicorn, set up for this application."""

import os
import time
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.util import import_app  # type: ignore[import-untyped]
from gunicorn.workers import gthread  # type: ignore[import-untyped]

from rentomatic.web.logs import logging_configuration
from rentomatic.web.serving import (
    BACKLOG,
    CONNECTIONS,
    MEMORY,
    STOP_TIMEOUT,
    Serving,
    allow_connections,
    cut_off_stalled_readers,
)
from rentomatic.web.turns import server_threads

_KEEP_ALIVE = 30
"""Seconds that an idle connection is kept; granian keeps it as long."""

_WAIT_FOR_DATA = 0.02
"""Seconds that a thread waits for the first byte of a new connection before gunicorn lets it watch others.

Gunicorn's own five seconds, which no setting changes, let a few hundred silent clients keep all threads.
"""

_URL = 8190
"""Bytes of the request line: the most that gunicorn can limit it to."""


def run(serving: Serving) -> None:
    """Serve until a signal to stop."""
    allow_connections()
    gthread.DEFAULT_WORKER_DATA_TIMEOUT = _WAIT_FOR_DATA
    _RecyclingArbiter(_Application(serving)).run()


class _Application(BaseApplication):  # type: ignore[misc]
    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        super().__init__()

    def load_config(self) -> None:
        for name, value in _options(self.serving).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return import_app(f"{self.serving.target}()")


class _Log(Logger):  # type: ignore[misc]
    def access(self, *args: object) -> None:
        """The application has a line of its own for every request."""


def _options(serving: Serving) -> dict[str, Any]:
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
        "control_socket_disable": True,  # it would be made in the home directory
        "worker_tmp_dir": str(MEMORY) if os.access(MEMORY, os.W_OK) else None,
        "logger_class": _Log,
        "loglevel": serving.log_level,
        "logconfig_dict": logging_configuration(serving.log_level),
        "pre_fork": _note_birth,
        "when_ready": _prepare_listeners,
        "proc_name": "rentomatic",
    }


def _prepare_listeners(arbiter: Arbiter) -> None:
    for listener in arbiter.LISTENERS:
        cut_off_stalled_readers(listener.sock, arbiter.app.serving.reader_timeout)


def _note_birth(arbiter: Arbiter, worker: Any) -> None:
    worker.birth = time.monotonic()


class _RecyclingArbiter(Arbiter):  # type: ignore[misc]
    """Gunicorn's parent process, which replaces a worker that had its time, one after the other.

    Gunicorn by itself can only end workers after a number of requests, and starts the next one when
    the last one is gone: with a single worker nobody would answer meanwhile.
    """

    def reload(self) -> None:
        """Called at a SIGHUP."""
        if self.app.serving.may_replace():
            super().reload()

    def murder_workers(self) -> None:
        """Called about every second."""
        super().murder_workers()
        lifetime = self.app.serving.lifetime
        if not lifetime or len(self.WORKERS) != self.num_workers:
            return
        oldest = min(self.WORKERS.values(), key=lambda worker: worker.age)
        if time.monotonic() - oldest.birth < lifetime:
            return
        if not self.app.serving.may_replace():
            oldest.birth = time.monotonic()  # to be tried again after another lifetime
        else:
            self.log.info("Replacing worker (pid:%s) at the end of its lifetime", oldest.pid)
            self.spawn_worker()  # gunicorn ends the oldest, of which there is one too many now
