"""The schema of a storage: what a migration tells, and the check that it is the one this program needs."""

from collections.abc import Callable

from rentomatic.use_cases.errors import RepositoryUnavailable

Revisions = tuple[str | None, str | None]
"""The revision of a schema before and after a migration; None means no schema."""

Told = Callable[[int], object]
"""Is told, during a migration, of how many more rooms the words have been written."""


def to_nobody(rooms: int) -> None:
    """Ignore what a migration tells."""


def require_revision(found: str | None, needed: str, *, running: bool = False) -> None:
    """Raise RepositoryUnavailable, saying what to do, if the schema does not suit this program.

    A newer schema of the same generation, given by the first digit, only adds to the one needed: this program
    can use it, as after a rollback.

    running: whether this program has used the storage before. Then any newer schema is accepted: it precedes
        a newer program that is about to replace this one.
    """
    if found and found >= needed and (running or found[0] == needed[0]):
        return
    if found and found > needed:
        raise RepositoryUnavailable(
            f"The schema of the storage is {found}, newer than this program, which knows {needed}: "
            "use a newer program."
        )
    raise RepositoryUnavailable(
        f"The schema of the storage is {found or 'missing'}, this program needs {needed}: "
        "run `rentomatic migrate`."
    )
