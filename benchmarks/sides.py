"""The three ways to do a search on one file, which must all give the same answer.

ours: `SqliteRepo`. peer: the ORM, see `orm`. limit: the bare statement that gives the same rows as
tuples by the best index there is, as a program could send that knew everything beforehand.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, Select

from benchmarks.connection import connect
from benchmarks.orm import Orm, OrmRoom
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.summary import Range, Summary, summary_of
from rentomatic.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite import SqliteRepo

LIMIT = 20
"""Rooms on a page."""

_ROWS = "SELECT code, size, price, latitude, longitude FROM room"


@dataclass(frozen=True, slots=True)
class Case:
    """A search, and the ways to do it by their names: `ours`, `peer`, `limit`."""

    name: str
    ways: Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Sides:
    """What the ways go through, and cases that are made of it."""

    repository: SqliteRepo
    orm: Orm
    bare: sqlite3.Connection

    def page(
        self, name: str, query: RoomQuery, statement: Select[OrmRoom], limit: str = "", number: int = 1
    ) -> Case:
        """A page of rooms. limit: what follows the columns in the bare statement, if there is one."""
        ways: dict[str, Callable[[], object]] = {
            "ours": lambda: self.repository.search(query),
            "peer": lambda: self.orm.page(statement, LIMIT, number),
        }
        if limit:
            ways["limit"] = lambda: self.bare.execute(f"{_ROWS} {limit} LIMIT {LIMIT + 1}").fetchall()
        return Case(name, ways)

    def one(self, name: str, code: str) -> Case:
        """The room of a code."""
        limit = f"{_ROWS} WHERE code = ?"
        return Case(
            name,
            {
                "ours": lambda: self.repository.get(code),
                "peer": lambda: self.orm.one(code),
                "limit": lambda: self.bare.execute(limit, (code,)).fetchone(),
            },
        )

    def count(self, name: str, query: RoomQuery, where: list[ColumnElement[bool]], limit: str) -> Case:
        """How many rooms there are. limit: what follows the table in the bare statement."""
        statement = f"SELECT count(*) FROM room {limit}"
        return Case(
            name,
            {
                "ours": lambda: self.repository.count(query),
                "peer": lambda: self.orm.count(*where),
                "limit": lambda: self.bare.execute(statement).fetchone()[0],
            },
        )

    def summary(self, name: str, query: RoomQuery, where: list[ColumnElement[bool]], limit: str) -> Case:
        """Rooms at a glance. limit: what follows the table in the bare statement."""
        statement = f"SELECT price, count(*), min(size), max(size) FROM room {limit} GROUP BY price"

        def bare() -> Summary:
            rows = self.bare.execute(statement).fetchall()
            sizes = [size for row in rows for size in row[2:] if size is not None]
            return summary_of(
                {row[0]: row[1] for row in rows}, Range(min(sizes), max(sizes)) if sizes else None
            )

        return Case(
            name,
            {
                "ours": lambda: self.repository.summarise(query),
                "peer": lambda: self.orm.summary(*where),
                "limit": bare,
            },
        )


@contextmanager
def sides(path: Path) -> Iterator[Sides]:
    """The ways to the rooms of a file, closed at the end."""
    orm = Orm(path)
    try:
        with closing(SqliteRepo(path, SQLITE_REVISION, 60)) as repository, closing(connect(path)) as bare:
            yield Sides(repository, orm, bare)
    finally:
        orm.engine.dispose()
