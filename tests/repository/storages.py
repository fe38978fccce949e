"""The storages that are tested by the contract. Add a new one by adding its factory."""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rentomatic.repository import areas, staging
from rentomatic.repository.backend import Limits
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.mongo import cells as mongo_cells
from rentomatic.repository.mongo import load as mongo_load
from rentomatic.repository.mongo import search as mongo_search
from rentomatic.repository.mongo import totals as mongo_totals
from rentomatic.repository.mongo.migrate import upgrade as upgrade_mongo
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.mongo.schema import MONGO_REVISION
from rentomatic.repository.postgres import cells as postgres_cells
from rentomatic.repository.postgres import nearest as postgres_nearest
from rentomatic.repository.postgres import plan as postgres_plan
from rentomatic.repository.postgres import sampling as postgres_sampling
from rentomatic.repository.postgres import statements as postgres_statements
from rentomatic.repository.postgres import ways as postgres_ways
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.sqlite import cells as sqlite_cells
from rentomatic.repository.sqlite import meter as sqlite_meter
from rentomatic.repository.sqlite import plan as sqlite_plan
from rentomatic.repository.sqlite import sampling as sqlite_sampling
from rentomatic.repository.sqlite import search as sqlite_search
from rentomatic.repository.sqlite import totals as sqlite_totals
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.use_cases.ports import RoomRepository
from tests import mongo_server, postgres_server

Factory = Callable[[], AbstractContextManager[RoomRepository]]
"""Gives an empty repository of its own, removed at the end of the context."""


PATIENT = Limits(swap_wait=60)
"""Limits with which no writer gives up on a busy machine."""


@contextmanager
def memory() -> Iterator[RoomRepository]:
    yield MemRepo()


@contextmanager
def sqlite(limits: Limits = PATIENT) -> Iterator[RoomRepository]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(shutil.copy(_empty_file(), folder))
        repository = SqliteRepo(path, SQLITE_REVISION, limits)
        try:
            yield repository
        finally:
            repository.close()


@contextmanager
def postgres(limits: Limits = PATIENT) -> Iterator[RoomRepository]:
    with postgres_server.reused_database() as conninfo:
        repository = PostgresRepo(conninfo, POSTGRES_REVISION, limits)
        try:
            yield repository
        finally:
            repository.close()


@contextmanager
def mongo(limits: Limits = PATIENT) -> Iterator[RoomRepository]:
    with mongo_server.database() as (uri, name):
        upgrade_mongo(uri, name)
        repository = MongoRepo(
            uri, name, MONGO_REVISION, replace(limits, statement_timeout=60)
        )  # SecantusDB is slow
        try:
            yield repository
        finally:
            repository.close()


STORAGES: dict[str, Factory] = {"memory": memory, "sqlite": sqlite, "postgres": postgres, "mongo": mongo}

SLOW = {"mongo": 2}
"""Divides the number of rooms in large tests for a storage: SecantusDB is slow."""


def go_every_way(chance: random.Random, patch: pytest.MonkeyPatch) -> None:
    """Set the sizes by which storages choose their plan, so that a few rooms exercise every plan."""
    narrow = chance.choice((0, 5, 50, 2000))
    for planner in (sqlite_plan, postgres_plan, mongo_search):
        patch.setattr(planner, "NARROW", narrow)
    for most in ("WALKED", "LONG_WALK", "READ", "FEW"):
        patch.setattr(postgres_plan, most, chance.choice((1, 50, 20_000)))
    patch.setattr(postgres_ways, "_PASSED", chance.choice((1, 50, 20_000)))
    patch.setattr(areas, "MOST_BANDS", chance.choice((1, 2, 8)))
    patch.setattr(sqlite_meter, "EVERY", 10)
    patch.setattr(sqlite_search, "QUICK", chance.choice((0, 20, 30_000)))
    patch.setattr(sqlite_totals, "QUICK", chance.choice((0, 20, 250_000)))
    patch.setattr(postgres_nearest, "_COMPACT", chance.choice((0, 1e4, 1e6)))
    patch.setattr(postgres_nearest, "_SPARE", chance.choice((0, 10)))
    patch.setattr(postgres_cells, "_PARTS", chance.choice((1, 8, 128)))


def work_in_small_batches(patch: pytest.MonkeyPatch) -> None:
    """Make 120 rooms more than one batch of a storage."""
    for module in (staging, mongo_load):
        patch.setattr(module, "_BATCH", 50)
    for reader in (postgres_statements, mongo_search):
        patch.setattr(reader, "_AT_ONCE", 50)


def take_small_samples(patch: pytest.MonkeyPatch) -> None:
    """Make a sample about half of 4,000 rooms."""
    patch.setattr(sqlite_sampling, "NODES", 90)
    patch.setattr(sqlite_sampling, "ROOMS", 2000)
    patch.setattr(postgres_sampling, "RUNS", 5)
    patch.setattr(postgres_sampling, "SHORTEST", 4)
    patch.setattr(postgres_sampling, "LONGEST", 4)
    patch.setattr(mongo_totals, "_SAMPLED", 1000)  # of half as many, see SLOW


def look_at_few(patch: pytest.MonkeyPatch) -> None:
    """Let cells count 200 rooms exactly, and read half of some hundreds more."""
    patch.setattr(sqlite_cells, "READ", 200)
    patch.setattr(sqlite_cells, "SEEN", 400)
    patch.setattr(postgres_plan, "FEW", 200)
    patch.setattr(mongo_cells, "FEW", 200)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory()  # removed with the process


@cache
def _empty_file() -> Path:
    """Return a migrated file without rooms, created once and then copied."""
    path = Path(_folder().name) / "rooms.db"
    upgrade_sqlite(path)
    return path
