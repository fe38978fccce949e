"""Fixtures and options for all tests."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.sample_rooms import sample_rooms
from tests.bare import bare

pytest.register_assert_rewrite("rentomatic.repository.contract")  # before the first import

settings.register_profile(
    "default",
    max_examples=50,
    deadline=None,  # machines are shared: times are measured in benchmarks, not in tests
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=250)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--screenshots", action="store_true", help="leave pictures in tests/browser/screenshots")
    parser.addoption("--fuzz", action="store_true", help="ask the server ten thousand things")
    parser.addoption("--fuzz-seed", type=int, help="a seed that test_fuzz.py printed")


@pytest.fixture(autouse=True)
def environment_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the surrounding environment's settings and database from the tests."""
    for name in list(os.environ):
        if name.startswith(("RENTOMATIC_", "POSTGRES_", "MONGODB_", "APPLICATION_", "DATABASE_URL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DATABASE_URL", "memory:")


@pytest.fixture(scope="session")
def many_rooms_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with sixty thousand sample rooms that state no more than they must, for copying."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # which the processes of a run share
    path, unfinished = folder / "many-rooms.db", folder / "many-rooms.unfinished"
    with (folder / "many-rooms.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            upgrade_sqlite(unfinished)
            with closing(SqliteRepo(unfinished, SQLITE_REVISION)) as repository:
                repository.load(bare(sample_rooms(60_000)))
            unfinished.rename(path)
    return path


@pytest.fixture(scope="module")
def database(many_rooms_file: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a file with sample rooms."""
    path = tmp_path_factory.mktemp("rooms") / "rooms.db"
    shutil.copy(many_rooms_file, path)
    return f"sqlite:///{path}"


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """In CI nothing may be skipped: everything that tests need must be installed there."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if reporter and os.environ.get("CI") and skipped and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"{len(skipped)} tests were skipped, which CI does not allow", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
