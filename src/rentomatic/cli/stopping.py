"""A stopped command leaves nothing unfinished."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Treat signals that end the process like Ctrl-C, so that even scratch storages are removed."""

    def stop(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    usual = (signal.SIGTERM, signal.SIGHUP)
    taken = [sign for sign in usual if signal.getsignal(sign) is signal.SIG_DFL]  # nohup ignores one
    for sign in taken:
        signal.signal(sign, stop)
    try:
        yield
    finally:
        for sign in taken:
            signal.signal(sign, signal.SIG_DFL)
