"""Commands on a terminal, which ask before they change anything."""

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LIMIT = 60.0
"""Seconds after which a command counts as hung."""


@dataclass(slots=True)
class Asked:
    """A command that has asked its question. shown: everything on the terminal up to it."""

    shown: str
    _terminal: int
    _running: "subprocess.Popen[bytes]"

    def answer(self, text: str) -> int:
        """Type an answer; return the exit code of the command."""
        os.write(self._terminal, f"{text}\n".encode())
        return self._running.wait(LIMIT)


@contextmanager
def asked(*arguments: str) -> Iterator[Asked]:
    """Run `rentomatic …` on a terminal until it asks; stop it at the end of the context."""
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "rentomatic", *arguments]
    with subprocess.Popen(command, stdin=end, stdout=end, stderr=end) as running:
        os.close(end)
        try:
            shown = b""
            while b"[y/N]" not in shown:
                shown += os.read(terminal, 65536)
            yield Asked(shown.decode(), terminal, running)
        finally:
            running.kill()
            os.close(terminal)
