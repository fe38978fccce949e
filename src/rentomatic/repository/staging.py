"""Collects rooms in a temporary file until all have arrived, so that a slow source holds no lock."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from tempfile import TemporaryFile
from typing import IO

import msgspec

from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import RepositoryUnavailable

NO_SPACE_TO_STAGE = "Not enough disk space for temporary files."

_BATCH = 1000

_encode_lines = msgspec.json.Encoder().encode_lines
_decode = msgspec.json.Decoder(Room).decode


@contextmanager
def staged(rooms: Iterable[Room]) -> Iterator[Iterator[Room]]:
    """Give the rooms again once all have arrived, in constant memory.

    Raises RepositoryUnavailable if the file cannot be written, and whatever the iterable raises.
    """
    with _temporary_file() as file:
        iterator = iter(rooms)
        while batch := list(islice(iterator, _BATCH)):
            with _disk_full_reported():
                file.write(_encode_lines(batch))
                file.flush()
        file.seek(0)
        yield map(_decode, file)


@contextmanager
def _temporary_file() -> Iterator[IO[bytes]]:
    with _disk_full_reported():
        file = TemporaryFile()  # noqa: SIM115 - closed below; errors in the context are not the file's
    try:
        yield file
    finally:
        with suppress(OSError):  # closing flushes the buffer, which fails again
            file.close()


@contextmanager
def _disk_full_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RepositoryUnavailable(NO_SPACE_TO_STAGE) from error
