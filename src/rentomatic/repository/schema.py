"""Whether a storage has the schema that this program needs."""

from rentomatic.use_cases.errors import RepositoryUnavailable


def require_revision(found: str | None, needed: str, *, running: bool = False) -> None:
    """Raise RepositoryUnavailable, saying what to do, unless the schema is the one needed.

    running: whether this program has used the storage already. Then a newer schema is none of its
    business: it is being replaced by a newer program, which its schema came before.
    """
    if found == needed or (running and found and found > needed):
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
