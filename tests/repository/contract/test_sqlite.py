"""The contract on SQLite."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import go_every_way, prepare, sqlite


class TestSqlite(RepositoryContract):
    empty = staticmethod(sqlite)
    prepare = staticmethod(prepare)
    go_every_way = staticmethod(go_every_way)
