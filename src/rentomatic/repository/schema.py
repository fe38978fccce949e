"""Whether a storage has the schema that this program needs."""

from rentomatic.use_cases.errors import RepositoryUnavailable


def require_revision(found: str | None, needed: str) -> None:
    """Raise RepositoryUnavailable, saying what to do, unless the schema is the one needed."""
    if found == needed:
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
