"""Responses that are written to a temporary file first, then sent in blocks."""

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

_BLOCK = 1 << 14
"""Bytes. With larger blocks, a slow client makes the server ask for the next one less often."""

_IN_MEMORY = 1 << 20
"""Bytes; longer files go to disk."""

_log = logging.getLogger("rentomatic.web")


class Download:
    """A temporary file, and a place that is freed when it is closed.

    file: where the response is written; `rewind` ends the writing.
    seconds: for writing and sending together; after them the rest is not sent.
    """

    def __init__(self, leave: Callable[[], None], seconds: float) -> None:
        """leave: frees the place; called once, even without a file."""
        self._end = time.monotonic() + seconds
        with ExitStack() as held:
            held.callback(leave)
            self.file = held.enter_context(tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))
            self._held = held.pop_all()

    def rewind(self) -> int:
        """Go back to the first byte; return the length in bytes. Raises OSError if the disk is full."""
        length = self.file.tell()
        self.file.seek(0)  # flushes the buffer
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
        """Called by the server, possibly twice, when the response was sent or its reader disconnected."""
        with suppress(OSError):  # a full disk rejects the buffer again, and nobody needs it any more
            self._held.close()
