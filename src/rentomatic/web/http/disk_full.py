"""Full disks while requests write temporary files."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from rentomatic.use_cases.errors import RepositoryUnavailable

# EFBIG: beyond the largest file that this process may write.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def full_disk_reported(purpose: str) -> Iterator[None]:
    """Raise RepositoryUnavailable if a temporary file cannot be written. purpose: such as "export"."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise RepositoryUnavailable(f"Not enough disk space for the {purpose}.") from error
        raise RepositoryUnavailable(f"Cannot write the temporary file for the {purpose}.") from error
