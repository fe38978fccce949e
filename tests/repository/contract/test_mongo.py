"""The contract on MongoDB."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import SLOW, go_every_way, mongo, work_in_small_batches


class TestMongo(RepositoryContract):
    slow = SLOW["mongo"]
    empty = staticmethod(mongo)
    prepare = staticmethod(work_in_small_batches)
    go_every_way = staticmethod(go_every_way)
