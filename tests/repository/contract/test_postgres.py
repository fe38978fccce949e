"""The contract on PostgreSQL."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import go_every_way, postgres, prepare


class TestPostgres(RepositoryContract):
    empty = staticmethod(postgres)
    prepare = staticmethod(prepare)
    go_every_way = staticmethod(go_every_way)
