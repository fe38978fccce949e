"""Temporary files of requests, and what happens when the disk is full."""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from rentomatic.use_cases.errors import RepositoryUnavailable

# EFBIG: beyond the largest file that this process may write.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def is_disk_full(error: OSError) -> bool:
    """Whether a file could not be written for want of space."""
    return error.errno in _FULL


@contextmanager
def full_disk_reported(purpose: str) -> Iterator[None]:
    """Raise RepositoryUnavailable if a temporary file cannot be written. purpose: such as "export"."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise RepositoryUnavailable(f"Not enough disk space for the {purpose}.") from error
        raise RepositoryUnavailable(f"Cannot write the temporary file for the {purpose}.") from error


@contextmanager
def temporary_file(purpose: str) -> Iterator[IO[bytes]]:
    """Give a private file that is gone at the end of the context. Raises RepositoryUnavailable."""
    with full_disk_reported(purpose):
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - what a buffer kept would fail when it is closed
    with file:
        yield file


def write_block(file: IO[bytes], block: bytes, purpose: str) -> None:
    """Write all of a block to a temporary file. Raises RepositoryUnavailable if the disk is full."""
    rest = memoryview(block)
    with full_disk_reported(purpose):
        while rest:
            rest = rest[file.write(rest) :]
