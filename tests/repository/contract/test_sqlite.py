"""The contract on SQLite."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import go_every_way, sqlite, work_in_small_batches


class TestSqlite(RepositoryContract):
    empty = staticmethod(sqlite)
    prepare = staticmethod(work_in_small_batches)
    go_every_way = staticmethod(go_every_way)
