"""A full disk, under the files that requests write for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.use_cases.errors import RepositoryUnavailable


@contextmanager
def no_room_reported(what: str) -> Iterator[None]:
    """Raises RepositoryUnavailable where a file cannot be written. what: it is for."""
    try:
        yield
    except OSError as error:
        raise RepositoryUnavailable(f"The {what} found no room for its temporary file.") from error
