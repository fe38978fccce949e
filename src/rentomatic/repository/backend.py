"""The protocols and records by which the program uses a storage, whichever it is.

A storage is a folder beside this file, or a third-party package, with a `Storage` that `registry` finds by
the scheme of a URL. docs/storages.md tells how to add one.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from rentomatic.repository.findings import Check
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for a repository.

    statement_timeout: seconds that a statement may take; loads and exports have longer limits of their own.
    connect_timeout, pool_timeout: seconds to connect to a server, and to wait for a free connection.
    pool_size: the most connections that a process keeps to a server.
    prepared_statements: whether to prepare statements on the server, which fails behind a transaction pooler.
    workers: processes on one machine that each have a repository.
    load_wait, swap_wait: seconds that a load, or a change of one room, waits for another writer; None for the
        storage's default.
    """

    statement_timeout: float = 10.0
    connect_timeout: float = 5.0
    pool_timeout: float = 3.0
    pool_size: int = 4
    prepared_statements: bool = True
    workers: int = 1
    load_wait: float | None = None
    swap_wait: float | None = None


USUAL_LIMITS = Limits()


class Backend(Protocol):
    """The storage that a URL names. Its repr holds no secret; backends of the same storage are equal.

    Creating one opens and checks nothing. Its methods raise RepositoryUnavailable if the storage cannot be
    used.
    """

    @property
    def kind(self) -> str:
        """The kind of storage in one word, such as `sqlite`, for metrics."""
        ...

    @property
    def label(self) -> str:
        """Where the rooms are, for messages; holds no secret."""
        ...

    @property
    def revision(self) -> str | None:
        """The schema revision that this program needs, None for a storage without a schema."""
        ...

    @property
    def lasts(self) -> bool:
        """Whether the rooms outlive the process."""
        ...

    def open(self, limits: Limits) -> RoomRepository:
        """Return a repository, which connects on first use and never creates or changes a schema."""
        ...

    def migrate(self, told: Told = to_nobody) -> Revisions:
        """Bring the schema up to date; safe to run from several processes at once.

        Also writes the words of rooms that have none, in steps, if the storage keeps words; told: see there.
        A schema that a newer program made is left unchanged.
        """
        ...

    def migration_text(self) -> str:
        """Return what `migrate` would run, without running it; empty if there is nothing to do."""
        ...

    def scratch(self) -> AbstractContextManager["Backend"]:
        """Create an empty storage of the same kind, without a schema; remove it after the context."""
        ...

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        """Return the checks that `doctor` runs beyond those for every storage, by name."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """The server, user and database that a backend connects to. Unstated texts are empty."""

    user: str
    password: str = field(repr=False)
    database: str


@runtime_checkable
class WithLogin(Protocol):
    """A backend with a login."""

    def login(self) -> Login:
        """Return the user and password of the settings."""
        ...


@runtime_checkable
class InDatabase(Protocol):
    """A backend whose database is one of several on a server."""

    @property
    def name(self) -> str:
        """The name of the database."""
        ...

    def create(self) -> bool:
        """Create the database, without a schema; return False if it exists already."""
        ...


@runtime_checkable
class InFile(Protocol):
    """A backend that keeps its rooms in a file, created when rooms are added."""

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        ...

    def is_missing(self) -> bool:
        """Whether the file does not exist; an unreadable file exists."""
        ...

    def is_empty(self) -> bool:
        """Whether the file exists but is empty, which means that its rooms were lost."""
        ...

    def new(self) -> AbstractContextManager[Backend]:
        """Give a backend for a temporary file that is moved to this path at the end of the context.

        Raises MadeMeanwhile if another process has created a file there.
        """
        ...


def require_directory_of(path: Path) -> None:
    """Raise RepositoryUnavailable if the directory of a file is missing: nothing could be created there."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise RepositoryUnavailable(f"There is no directory {folder} for {path.name}.")


class MadeMeanwhile(RepositoryUnavailable):
    """Another process created a file of that name first; it was left unchanged."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another process has just made {path.name}: nothing was put into it. Try again.")


Value = TypeVar("Value")


class Variables(Protocol):
    """Environment variables as the settings read them; each value may also come from a file."""

    def read(self, name: str, parse: Callable[[str], Value]) -> Value:
        """Return the value, or the default if it is unset or `parse` raises ValueError, which is recorded."""
        ...

    def is_set(self, name: str) -> bool:
        """Whether the environment sets it."""
        ...

    def refuse(self, name: str, message: str) -> None:
        """Record that the value cannot be used, so that the program does not start."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How variables name a server instead of a URL.

    prefix: of the variables' names. `<prefix>HOSTNAME` is the hosts, `<prefix>PASSWORD` the secret.
    defaults: all the variables, with their default values.
    backend: returns None if a part was refused.
    """

    prefix: str
    defaults: Mapping[str, str]
    backend: Callable[[Variables], Backend | None]

    @property
    def hosts(self) -> str:
        return f"{self.prefix}HOSTNAME"

    @property
    def password(self) -> str:
        return f"{self.prefix}PASSWORD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A registered kind of storage.

    schemes: of its URLs, without the colon.
    examples: such URLs, for messages.
    backend: returns the backend of a URL. Raises ValueError, which says what is wrong with the URL without
        repeating it, because it may hold a password.
    parts: how it is named without a URL; only storages that come with the program have it.
    """

    schemes: tuple[str, ...]
    examples: tuple[str, ...]
    backend: Callable[[str, Variables], Backend]
    parts: Parts | None = None
