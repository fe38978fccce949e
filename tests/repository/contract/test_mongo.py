"""The contract on MongoDB."""

from rentomatic.repository.contract import RepositoryContract
from tests.repository.storages import SLOW, go_every_way, mongo, prepare


class TestMongo(RepositoryContract):
    slow = SLOW["mongo"]
    empty = staticmethod(mongo)
    prepare = staticmethod(prepare)
    go_every_way = staticmethod(go_every_way)
