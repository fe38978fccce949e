"""Finds a storage by the scheme of its URL.

Built-in storages are folders of this package. A third-party package is found, once installed, by an entry
point that is named after the scheme and refers to a `Storage`:

        [project.entry-points."rentomatic.storages"]
        json-file = "their_package:STORAGE"

Only the built-in storages are imported before one is chosen, and they import no driver. What reads the entry
points takes as long to import as all of them, so that waits as well.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from rentomatic.domain.quoting import quoted
from rentomatic.repository.backend import Backend, Storage, Variables

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "rentomatic.storages"

_BUILT_IN = ("memory", "sqlite", "postgres", "mongo")


@cache
def built_in() -> tuple[Storage, ...]:
    """Return the built-in storages."""
    return tuple(import_module(f"rentomatic.repository.{name}.settings").STORAGE for name in _BUILT_IN)


def backend_of(url: str, variables: Variables) -> Backend:
    """Return the backend for a URL, such as `sqlite:///rooms.db`.

    Raises ValueError, which does not repeat the URL, because it may hold a password.
    """
    scheme, separator, rest = url.partition(":")
    if separator and (not rest or rest.startswith("//")) and (storage := _of_scheme(scheme)):
        return storage.backend(f"{scheme.lower()}:{rest}", variables)
    raise ValueError(
        f"must be {_known_urls()}"
        + (f", not one that starts with {quoted(scheme)}" if rest.startswith("//") else "")
    )


def _of_scheme(scheme: str) -> Storage | None:
    """Return the storage of a scheme, ignoring case (RFC 3986, 3.1)."""
    scheme = scheme.lower()
    for storage in built_in():
        if scheme in storage.schemes:
            return storage
    from importlib.metadata import entry_points

    registered = next(iter(entry_points(group=GROUP, name=scheme)), None)
    return _loaded(registered) if registered else None


def _loaded(registered: "EntryPoint") -> Storage:
    """Return the storage of an installed package. Raises ValueError if it cannot be loaded."""
    try:
        storage = registered.load()
    except (ImportError, AttributeError) as error:
        raise ValueError(f"names {registered.value}, which cannot be loaded: {error}") from error
    if not isinstance(storage, Storage):
        raise ValueError(  # noqa: TRY004 - the URL is wrong, not a type
            f"names {registered.value}, which is not a Storage of {Storage.__module__}"
        )
    return storage


def _known_urls() -> str:
    from importlib.metadata import entry_points

    known = [example for storage in built_in() for example in storage.examples]
    known += [f"{name}://…" for name in sorted(entry_points(group=GROUP).names)]
    return f"{', '.join(known[:-1])} or {known[-1]}"
