"""A command that is stopped leaves nothing half done."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """What ends the process is taken as Ctrl-C is: nothing unfinished stays behind, no scratch storage."""

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
