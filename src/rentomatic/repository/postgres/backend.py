"""The backend for `postgresql://…`: a database of PostgreSQL."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from rentomatic.domain.quoting import counted
from rentomatic.repository.backend import Backend, Limits, Login
from rentomatic.repository.findings import Check, Finding, not_checked, required
from rentomatic.repository.pending import check_words
from rentomatic.repository.postgres.capacity import capacity
from rentomatic.repository.postgres.migrations import POSTGRES_REVISION
from rentomatic.repository.postgres.repository import PostgresRepo
from rentomatic.repository.schema import Revisions, Told, to_nobody
from rentomatic.repository.servers import DISK_OF_SERVER


@dataclass(frozen=True, slots=True)
class PostgresBackend:
    """Rooms in a database of PostgreSQL.

    conninfo: how libpq connects to it. maintenance: the same for a database that exists before it does.
    label: names the database in messages; holds no secret.
    """

    name: str
    label: str
    conninfo: str = field(repr=False)
    maintenance: str = field(repr=False)

    kind = "postgres"
    revision = POSTGRES_REVISION
    lasts = True

    def open(self, limits: Limits) -> PostgresRepo:
        return PostgresRepo(self.conninfo, POSTGRES_REVISION, limits)

    def migrate(self, told: Told = to_nobody) -> Revisions:
        from rentomatic.repository.postgres import migrate  # Alembic takes a third of a second to import

        found = migrate.upgrade(_for_changes(self.conninfo))
        if found[1] == POSTGRES_REVISION:
            migrate.write_pending(_for_changes(self.conninfo), told)
        return found

    def migration_text(self) -> str:
        from rentomatic.repository.postgres import migrate

        return migrate.text(_for_changes(self.conninfo))

    def create(self) -> bool:
        from rentomatic.repository.postgres import migrate

        return migrate.create_database(_for_changes(self.maintenance), self.name)

    @contextmanager
    def scratch(self) -> Iterator[Backend]:
        from rentomatic.repository.postgres import migrate

        conninfo = _for_changes(self.conninfo)
        with migrate.scratch_database(conninfo) as name:
            yield replace(self, name=name, conninfo=make_conninfo(conninfo, dbname=name))

    def login(self) -> Login:
        parameters = {name: str(value) for name, value in conninfo_to_dict(self.conninfo).items()}
        return Login(parameters.get("user", ""), parameters.get("password", ""), self.name)

    def checks(self, limits: Limits) -> Mapping[str, Check]:
        return {
            "words": lambda: check_words(self.open(limits)),
            "connections": lambda: self._connections(limits),
            "disk": lambda: not_checked(DISK_OF_SERVER),
        }

    def _connections(self, limits: Limits) -> Finding:
        """Check that there are enough connections for all machines, and for one more during a rollout."""
        found = capacity(self.conninfo)
        machines = max(1, found.machines)
        needed = (machines + 1) * limits.workers * limits.pool_size
        return required(
            needed <= found.connections,
            f"{counted(machines, 'server')} and one more of {limits.workers} workers × "
            f"{limits.pool_size} connections need {needed}, PostgreSQL has {found.connections}",
        )


def _for_changes(conninfo: str) -> str:
    """Return the same servers; of several, the one that accepts writes."""
    return make_conninfo(conninfo, target_session_attrs="read-write")
