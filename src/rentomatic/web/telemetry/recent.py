"""A value that may be slow to get: cached, and waited for only briefly."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from rentomatic.use_cases.errors import RepositoryUnavailable

Value = TypeVar("Value")

_log = logging.getLogger("rentomatic.web")


class Recent(Generic[Value]):
    """Caches the result of `look` for `keep` seconds; runs `look` in a thread of its own, one at a time."""

    def __init__(self, look: Callable[[], Value], keep: float) -> None:
        self._look = look
        self._keep = keep
        self._lock = threading.Lock()
        self._value: Value | None = None
        self._until = 0.0
        self._looking: threading.Event | None = None

    def get(self, patience: float) -> Value | None:
        """Return the value, None if it does not arrive within `patience` seconds or `look` fails."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._value
            looking = self._looking
            if looking is None:
                looking = self._looking = threading.Event()
                threading.Thread(target=self._renew, args=(looking,), name="metrics", daemon=True).start()
        return self._value if looking.wait(patience) else None

    def _renew(self, done: threading.Event) -> None:
        value = None
        try:
            value = self._look()
        except (RepositoryUnavailable, OSError) as error:
            _log.debug("cannot read a figure: %s", error)
        except Exception:  # noqa: BLE001 - without a log line, the thread would end silently
            _log.exception("cannot read a figure")
        finally:
            with self._lock:
                self._value, self._until, self._looking = value, time.monotonic() + self._keep, None
            done.set()
