"""Rooms in a temporary file until all of them have come, so that no slow source holds others up."""

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
    """The rooms again, once all of them have come; in constant memory.

    Raises RepositoryUnavailable where they cannot be written, and what the iterable raises.
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
        file = TemporaryFile()  # noqa: SIM115 - closed below; an error in the context is not one of the file
    try:
        yield file
    finally:
        with suppress(OSError):  # what could not be written before cannot be written now
            file.close()


@contextmanager
def _disk_full_reported() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RepositoryUnavailable(NO_SPACE_TO_STAGE) from error
