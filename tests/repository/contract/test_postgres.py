"""The contract on PostgreSQL."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import go_every_way, postgres, work_in_small_batches


class TestPostgres(RepositoryContract):
    empty = staticmethod(postgres)
    prepare = staticmethod(work_in_small_batches)
    go_every_way = staticmethod(go_every_way)
