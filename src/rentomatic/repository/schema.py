"""Whether a storage has the schema that this program needs."""

from rentomatic.use_cases.errors import RepositoryUnavailable

Revisions = tuple[str | None, str | None]
"""The revision of a schema before and after a migration, None for no schema."""


def require_revision(found: str | None, needed: str, *, running: bool = False) -> None:
    """Raise RepositoryUnavailable, saying what to do, unless the schema is the one needed.

    A newer schema of the same generation, which the first digit tells, was only added to: this program
    can use it, as it must where a new version is rolled back.

    running: whether this program has used the storage already. Then any newer schema is none of its
    business: it is being replaced by a newer program, which its schema came before.
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
