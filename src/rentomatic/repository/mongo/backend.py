"""The backend for `mongodb://…`: a database of MongoDB."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rentomatic.repository.backend import Backend, Limits, Login
from rentomatic.repository.findings import Check, not_checked
from rentomatic.repository.mongo import migrate
from rentomatic.repository.mongo.repository import MongoRepo
from rentomatic.repository.mongo.schema import MONGO_REVISION, statements
from rentomatic.repository.pending import check_words
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.repository.servers import DISK_OF_SERVER


@dataclass(frozen=True, slots=True)
class MongoBackend:
    """Rooms in a database of MongoDB.

    uri: how the driver connects to the servers. user, password: those in the URI, empty without them.
    label: names the database in messages; holds no secret.
    """

    name: str
    label: str
    uri: str = field(repr=False)
    user: str = field(repr=False)
    password: str = field(repr=False)

    kind = "mongo"
    revision = MONGO_REVISION
    lasts = True

    def open(self, limits: Limits) -> MongoRepo:
        return MongoRepo(self.uri, self.name, MONGO_REVISION, limits)

    def migrate(self, told: Told = to_nobody) -> Revisions:
        return migrate.upgrade(self.uri, self.name, told)

    def migration_text(self) -> str:
        """Return one JSON command a line."""
        return "".join(f"{json.dumps(command)}\n" for command in statements())

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        with migrate.scratch_database(self.uri) as name:
            yield replace(self, name=name)

    def login(self) -> Login:
        return Login(self.user, self.password, self.name)

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        return {
            "words": lambda: check_words(self.open(limits)),
            "disk": lambda: not_checked(DISK_OF_SERVER),
        }
