"""The implementations of searches on an SQLite file."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, ColumnElement, create_engine, event

from benchmarks.connection import connect, prepare
from benchmarks.orm import Orm
from benchmarks.sides import Explained, Sides
from rentomatic.domain.geography import BoundingBox
from rentomatic.repository.backend import Limits
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo


@dataclass(frozen=True, slots=True)
class BareSqlite:
    """A connection; every statement names its index."""

    connection: sqlite3.Connection

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement).fetchall()

    def walking(self, index: str, where: str = "true") -> str:
        return f"room INDEXED BY {index} WHERE {where}"

    def placed(self, box: BoundingBox, where: str = "true") -> str:
        return (
            f"room NOT INDEXED WHERE id IN (SELECT id FROM room_place WHERE west <= {box.east} "
            f"AND east >= {box.west} AND south <= {box.north} AND north >= {box.south}) AND {where}"
        )

    def reading(self, where: str) -> str:
        return f"room NOT INDEXED WHERE {where}"

    def sql(self, expression: ColumnElement[Any]) -> str:
        return str(expression.compile(compile_kwargs={"literal_binds": True}))


@contextmanager
def sqlite_sides(path: Path) -> Iterator[Sides]:
    """Give the implementations for a file, and close them at the end."""
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", lambda connection, _: prepare(connection))
    try:
        with (
            closing(SqliteRepo(path, SQLITE_REVISION, Limits(statement_timeout=60))) as repository,
            closing(connect(path)) as bare,
        ):
            yield Sides(
                repository, Orm(engine), BareSqlite(bare), lambda search: _explained(repository, search)
            )
    finally:
        engine.dispose()


def _explained(repository: SqliteRepo, search: Callable[[], object]) -> Explained:
    """Return the plan steps of all statements that the search runs, as SQLite explains them."""
    with repository._connection(None) as connection:
        pass  # the only connection, which the repository will reuse
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    try:
        search()
    finally:
        connection.set_trace_callback(None)
    return Explained(list(_steps(connection, statements)))


def _steps(connection: sqlite3.Connection, statements: Iterable[str]) -> Iterable[str]:
    for statement in statements:
        if statement.lstrip().startswith("SELECT"):
            yield from (row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
