"""An answer that is written to a temporary file first, then sent a block at a time."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

_BLOCK = 1 << 14
"""Bytes; a slow client makes the server ask for the next block the less often the larger it is."""

_IN_MEMORY = 1 << 20
"""Bytes; a longer file goes to the disk."""

_log = logging.getLogger("rentomatic.web")


class Download:
    """A temporary file, and a place that is given back when it is closed.

    file: where the answer is written; `rewind` ends the writing. seconds: for writing and sending together;
    after them the rest is not sent.
    """

    def __init__(self, leave: Callable[[], None], seconds: float) -> None:
        """leave: gives the place back; called once, also where there is no file."""
        self._end = time.monotonic() + seconds
        with ExitStack() as held:
            held.callback(leave)
            self.file = held.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
            self._held = held.pop_all()

    def rewind(self) -> int:
        """Go back to the first byte; the length in bytes. Raises OSError where the last bytes do not fit."""
        length = self.file.tell()
        self.file.seek(0)  # which writes what the buffer still holds
        return length

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if time.monotonic() > self._end:
            _log.warning(
                "an export was cut off because its reader was too slow", extra={"sent": self.file.tell()}
            )
            raise TimeoutError("the export took too long")  # the server then closes the connection
        block = self.file.read(_BLOCK)
        if not block:
            raise StopIteration
        return block

    def close(self) -> None:
        """Called by the server, perhaps twice, when the answer was sent or its reader went away."""
        with suppress(OSError):  # a full disk refuses the buffer again, and nobody needs those bytes any more
            self._held.close()
