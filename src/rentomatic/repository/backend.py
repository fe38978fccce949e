"""What the program asks of a storage, whichever it is.

A storage is a folder beside this file, or a package of somebody else's, with a `Storage` that `registry`
finds by the scheme of a URL. docs/storages.md tells how to add one.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from rentomatic.repository.findings import Check
from rentomatic.repository.schema import Revisions
from rentomatic.use_cases.errors import RepositoryUnavailable
from rentomatic.use_cases.ports import RoomRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a repository may take.

    statement_timeout: seconds after which a statement is given up; loads and exports take their time.
    connect_timeout, pool_timeout: seconds for reaching a server, and for waiting for a free connection.
    pool_size: connections that a process keeps to a server, at most.
    prepared_statements: whether a server may keep plans; it cannot behind a transaction pooler.
    workers: processes of one machine that each have a repository.
    load_wait, swap_wait: seconds that a load of rooms, and the change of one, waits for another writer; None
        for as long as suits the storage.
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
    """The storage that a URL names. Its repr holds no secret, and it equals another of the same place.

    Making one opens and checks nothing. Its methods raise RepositoryUnavailable where the storage cannot
    be used.
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
        """The schema that this program needs, None for a storage without one."""
        ...

    @property
    def lasts(self) -> bool:
        """Whether the rooms outlive the process."""
        ...

    def open(self, limits: Limits) -> RoomRepository:
        """A repository, which connects when it is first used and never makes or changes a schema."""
        ...

    def migrate(self) -> Revisions:
        """Bring the schema up to date, safely from several processes.

        One that a newer program made is left as it is.
        """
        ...

    def migration_text(self) -> str:
        """What `migrate` would run, changing nothing; empty where that is nothing."""
        ...

    def scratch(self) -> AbstractContextManager["Backend"]:
        """An empty storage of the same kind, still without a schema, that goes away with the context."""
        ...

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        """What `doctor` should look at, by name, beside the storage as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects to a server, and to which database of it. Texts are empty where they are not stated."""

    user: str
    password: str = field(repr=False)
    database: str


@runtime_checkable
class WithLogin(Protocol):
    """What a backend offers too that one may log in to."""

    def login(self) -> Login:
        """The user and password of the settings."""
        ...


@runtime_checkable
class InDatabase(Protocol):
    """What a backend offers too whose database is one of several of a server."""

    @property
    def name(self) -> str:
        """The name of the database."""
        ...

    def create(self) -> bool:
        """Make the database, still without a schema; False where it is there already."""
        ...


@runtime_checkable
class InFile(Protocol):
    """What a backend offers too whose rooms are in a file, made when it is first used."""

    @property
    def path(self) -> Path:
        """Where the file is, or will be."""
        ...

    def is_missing(self) -> bool:
        """Whether there is no such file, not even one that cannot be read."""
        ...

    def is_empty(self) -> bool:
        """Whether the file is there without anything in it, so that its rooms were lost."""
        ...

    def new(self) -> AbstractContextManager[Backend]:
        """A backend of a file that takes this path at the end of the context, when it is whole.

        Raises MadeMeanwhile where another process has made a file of that name.
        """
        ...


class MadeMeanwhile(RepositoryUnavailable):
    """Another process made a file of that name first, and nothing was put into it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"Another process has just made {path.name}: nothing was put into it. Try again.")


Value = TypeVar("Value")


class Variables(Protocol):
    """The variables of the environment, as the settings read them: each may be in a file of its own."""

    def read(self, name: str, parse: Callable[[str], Value]) -> Value:
        """The value; its default where it is unset, or where `parse` raises ValueError, which is noted."""
        ...

    def is_set(self, name: str) -> bool:
        """Whether the environment says anything of it."""
        ...

    def refuse(self, name: str, message: str) -> None:
        """Note that the program must not start, since what the variable says cannot be used."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How a server is named by variables instead of a URL.

    prefix: of their names. One is its hosts, `<prefix>HOSTNAME`, and one the secret, `<prefix>PASSWORD`.
    defaults: all of them, with the values where they are unset.
    backend: None where a part was refused.
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
    """What is registered of a kind of storage.

    schemes: what its URLs begin with, before the colon.
    examples: such URLs, for messages.
    backend: that of a URL of these schemes. Raises ValueError, which says what is wrong with the URL and
        does not repeat it: it may hold a password.
    parts: how it is named without a URL, for those that come with the program.
    """

    schemes: tuple[str, ...]
    examples: tuple[str, ...]
    backend: Callable[[str, Variables], Backend]
    parts: Parts | None = None
