"""Three implementations of each search on one storage, which must all give the same answer.

ours: the program's repository. peer: the ORM, see `orm`. limit: a bare statement that gives the same rows as
    tuples by the best index, as a program could send it that knew everything in advance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Select

from benchmarks.orm import Orm, OrmRoom
from rentomatic.domain.geography import BoundingBox
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import estimate_of
from rentomatic.repository.sql import summary_of_groups
from rentomatic.use_cases.ports import RoomRepository

LIMIT = 20
"""Rooms on a page."""

_ROWS = "SELECT code, size, price, latitude, longitude FROM"


@dataclass(frozen=True, slots=True)
class Case:
    """A search, and its implementations by name: `ours`, `peer`, `limit`."""

    name: str
    ways: Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Explained:
    """What the storage did in a search: its steps, and its own seconds if it reports them."""

    steps: list[str]
    seconds: float | None = None


class Bare(Protocol):
    """The storage without the program: runs bare statements, and knows the storage's syntax for them."""

    def rows(self, statement: str) -> list[tuple[Any, ...]]: ...

    def walking(self, index: str, where: str = "true") -> str:
        """Return what follows FROM in a statement that walks an index of the rooms."""
        ...

    def placed(self, box: BoundingBox, where: str = "true") -> str:
        """Return what follows FROM in a statement that looks up the rooms in a box by the index on places."""
        ...

    def reading(self, where: str) -> str:
        """Return what follows FROM in a statement that reads all rooms."""
        ...

    def sql(self, expression: ColumnElement[Any]) -> str:
        """Return the expression as text, with its values inlined."""
        ...


@dataclass(frozen=True, slots=True)
class Sides:
    """The implementations for one storage, and the cases built from them."""

    repository: RoomRepository
    orm: Orm
    bare: Bare
    explained: Callable[[Callable[[], object]], Explained]

    def page(
        self, name: str, query: RoomQuery, statement: Select[OrmRoom], limit: str = "", number: int = 1
    ) -> Case:
        """A page of rooms. limit: what follows FROM in the bare statement, if there is one."""
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: self.repository.search(query),
            "peer": lambda: self.orm.page(statement, LIMIT, number),
        }
        if limit:
            ways["limit"] = lambda: self.bare.rows(f"{_ROWS} {limit} LIMIT {LIMIT + 1}")
        return Case(name, ways)

    def one(self, name: str, code: str) -> Case:
        """The room with a code."""
        return Case(
            name,
            {
                "ours": lambda: self.repository.get(code),
                "peer": lambda: self.orm.one(code),
                "limit": lambda: self.bare.rows(f"{_ROWS} room WHERE code = '{code}'")[0],
            },
        )

    def count(self, name: str, query: RoomQuery, where: list[ColumnElement[bool]], limit: str) -> Case:
        """The number of matches. limit: what follows FROM in the bare statement."""
        statement = f"SELECT count(*) FROM {limit}"
        return Case(
            name,
            {
                "ours": lambda: self.repository.count(query),
                "peer": lambda: self.orm.count(*where),
                "limit": lambda: self.bare.rows(statement)[0][0],
            },
        )

    def summary(self, name: str, query: RoomQuery, where: list[ColumnElement[bool]], limit: str) -> Case:
        """A summary. limit: what follows FROM in the bare statement."""
        statement = f"SELECT price, count(*), min(size), max(size) FROM {limit} GROUP BY price"
        return Case(
            name,
            {
                "ours": lambda: self.repository.summarise(query),
                "peer": lambda: self.orm.summary(*where),
                "limit": lambda: summary_of_groups(self.bare.rows(statement)),
            },
        )

    def estimate(self, name: str, query: RoomQuery) -> Case:
        """A summary estimated from a sample."""
        return Case(name, {"ours": lambda: estimate_of(self.repository.sample(query))})
