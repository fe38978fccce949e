"""The peer of a search: the SQLAlchemy ORM on the same table with the same indexes, pages by OFFSET.

This is what most programs of this kind do. The distance is a haversine expression in SQL, by which rooms are
sorted.
"""

import math
from typing import Any

from sqlalchemy import ColumnElement, Engine, Float, Select, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.sql.functions import GenericFunction

from rentomatic.domain.geography import EARTH_RADIUS, BoundingBox, Circle, Point
from rentomatic.domain.summary import Summary, range_of, summary_of


class Base(DeclarativeBase):
    pass


class OrmRoom(Base):
    __tablename__ = "room"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    size: Mapped[int | None]
    price: Mapped[int]
    latitude: Mapped[float]
    longitude: Mapped[float]


class lesser(GenericFunction[float]):  # noqa: N801 - named like the SQL function
    """The lesser of two numbers, called `min` in SQLite."""

    type = Float()
    inherit_cache = True


@compiles(lesser)
def _min(element: lesser, compiler: Any, **options: Any) -> str:
    return f"min{compiler.process(element.clause_expr, **options)}"


@compiles(lesser, "postgresql")
def _least(element: lesser, compiler: Any, **options: Any) -> str:
    return f"least{compiler.process(element.clause_expr, **options)}"


class Orm:
    """Runs each query in a session of its own, as a web request would."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def page(self, statement: Select[OrmRoom], limit: int, number: int = 1) -> list[OrmRoom]:
        """Return the page with that number, and one more room if another page follows."""
        with Session(self.engine) as session:
            return list(session.scalars(statement.limit(limit + 1).offset((number - 1) * limit)))

    def one(self, code: str) -> OrmRoom | None:
        with Session(self.engine) as session:
            return session.scalars(select(OrmRoom).where(OrmRoom.code == code)).one_or_none()

    def count(self, *where: ColumnElement[bool]) -> int:
        with Session(self.engine) as session:
            return session.scalars(select(func.count()).select_from(OrmRoom).where(*where)).one()

    def summary(self, *where: ColumnElement[bool]) -> Summary:
        by_price = select(OrmRoom.price, func.count().label("rooms")).where(*where).group_by(OrmRoom.price)
        by_size = select(func.min(OrmRoom.size), func.max(OrmRoom.size)).where(*where)
        with Session(self.engine) as session:
            prices = {row.price: row.rooms for row in session.execute(by_price)}
            sizes = session.execute(by_size).one()
        return summary_of(prices, range_of(sizes))


def distance_to(point: Point) -> ColumnElement[float]:
    """Return the distance in metres from the point to a room."""
    north = func.sin(func.radians(OrmRoom.latitude - point.latitude) / 2)
    east = func.sin(func.radians(OrmRoom.longitude - point.longitude) / 2)
    cosines = func.cos(math.radians(point.latitude)) * func.cos(func.radians(OrmRoom.latitude))
    half_chord = north * north + cosines * east * east
    return 2 * EARTH_RADIUS * func.asin(func.sqrt(lesser(1.0, half_chord)))


def within(circle: Circle) -> ColumnElement[bool]:
    return distance_to(circle.centre) <= circle.radius


def inside(box: BoundingBox) -> ColumnElement[bool]:
    return OrmRoom.latitude.between(box.south, box.north) & OrmRoom.longitude.between(box.west, box.east)
