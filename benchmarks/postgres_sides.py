"""The implementations of searches on a PostgreSQL database."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import ColumnElement, create_engine
from sqlalchemy.dialects import postgresql

from benchmarks.orm import Orm
from benchmarks.postgres_plans import Explainer
from benchmarks.sides import Sides
from rentomatic.domain.geography import BoundingBox
from rentomatic.repository.backend import Limits
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo


@dataclass(frozen=True, slots=True)
class BarePostgres:
    """A connection whose statements are prepared with their values in the text, so that each is planned once.

    PostgreSQL cannot be told which index to use, except by `OFFSET 0`, which it does not optimise across.
    """

    connection: psycopg.Connection[tuple[Any, ...]]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor(binary=True) as cursor:
            return cursor.execute(statement.encode(), prepare=True).fetchall()

    def walking(self, index: str, where: str = "true") -> str:
        return f"room WHERE {where}"

    def placed(self, box: BoundingBox, where: str = "true") -> str:
        corners = f"point({box.west}, {box.south}), point({box.east}, {box.north})"
        inside = f"point(longitude, latitude) <@ box({corners})"
        return f"(SELECT * FROM room WHERE {inside} AND {where} OFFSET 0) AS room"

    def reading(self, where: str) -> str:
        return f"room WHERE {where}"

    def sql(self, expression: ColumnElement[Any]) -> str:
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        return str(expression.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@contextmanager
def postgres_sides(url: str) -> Iterator[Sides]:
    """Give the implementations for a database, and close them at the end."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(url))
    limits = Limits(statement_timeout=60, pool_size=1)
    try:
        with (
            closing(PostgresRepo(url, POSTGRES_REVISION, limits)) as repository,
            closing(psycopg.connect(url, autocommit=True)) as bare,
        ):
            yield Sides(repository, Orm(engine), BarePostgres(bare), Explainer(repository).explained)
    finally:
        engine.dispose()
