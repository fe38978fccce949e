"""How settings name an SQLite file: by its URL."""

from pathlib import Path
from urllib.parse import unquote

from rentomatic.repository.backend import Backend, Storage, Variables


def _of_url(url: str, variables: Variables) -> Backend:
    from rentomatic.repository.sqlite.backend import SqliteBackend

    path = url.partition("://")[2]
    if "?" in path or ":memory:" in path:
        raise ValueError("takes a path and no options; rooms in memory are at memory:")
    if not path.startswith("/") or len(path) == 1:
        raise ValueError("must be sqlite:///relative/path.db or sqlite:////absolute/path.db")
    name = unquote(path[1:])
    if not Path(name).name or "\0" in name:
        raise ValueError("must name a file, such as sqlite:////absolute/path.db")
    return SqliteBackend(Path(name))


STORAGE = Storage(
    schemes=("sqlite",),
    examples=("sqlite:///relative/path.db", "sqlite:////absolute/path.db"),
    backend=_of_url,
)
