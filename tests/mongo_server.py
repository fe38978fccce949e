"""A server that speaks MongoDB's protocol, started on demand, one for each test process.

MONGODB_TEST_URI names another server to use instead. Either way each test gets a database with a random name,
which is removed by the end of the process at the latest; no other database is touched.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pymongo
from pymongo.errors import PyMongoError

from tests.servers import START_TIMEOUT, STOP_TIMEOUT, die_with_parent, free_port

_OTHER_SERVER = os.environ.get("MONGODB_TEST_URI")  # read here, because tests do not see it


class MongoServer:
    """SecantusDB on a loopback port. It can be stopped and restarted without losing its data."""

    def __init__(self, *options: str) -> None:
        self.port = free_port()
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="rentomatic-mongo-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Start it and return when it responds."""
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        storage = ["--storage-path", str(self._folder / "data")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "secantus", *address, *storage, *self._options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - no other thread holds a lock here
            )
        try:
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the process, by its id."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT)
        self._process = None

    def send(self, sign: signal.Signals) -> None:
        """Send a signal to the process."""
        if self._process is not None:
            self._process.send_signal(sign)
            if sign is signal.SIGSTOP:  # it takes a moment
                os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WNOWAIT)

    def remove(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + START_TIMEOUT
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                with pymongo.MongoClient[dict[str, object]](
                    self.uri, directConnection=True, serverSelectionTimeoutMS=200
                ) as client:
                    client.admin.command("ping")
                    return
            except PyMongoError:
                time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{(self._folder / 'log').read_text()}")


@contextmanager
def mongo_server(*options: str) -> Iterator[MongoServer]:
    """Run a server for one test, which can be stopped and restarted."""
    server = MongoServer(*options)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@cache
def shared_uri() -> str:
    """Return the address of the server that all tests of this process share."""
    if _OTHER_SERVER:
        return _OTHER_SERVER
    server = MongoServer()
    server.start()
    atexit.register(server.remove)
    return server.uri


@contextmanager
def database() -> Iterator[tuple[str, str]]:
    """Give the address of the shared server and the name of a new empty database."""
    uri = shared_uri()
    name = f"rentomatic_test_{uuid.uuid4().hex}"
    try:
        yield uri, name
    finally:
        if _OTHER_SERVER:  # ours is removed with all its data, and dropping takes as long as writing
            with pymongo.MongoClient[dict[str, object]](uri) as client:
                client.drop_database(name)
