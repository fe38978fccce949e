"""Both servers as processes: stopped, reloaded, recycled, and waiting for their storage."""

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rentomatic.server.serving import STOP_TIMEOUT
from tests.metrics import Figures, figures, key
from tests.servers import Answer, Server, free_port, rentomatic, serving
from tests.waiting import until

SERVERS = ("granian", "gunicorn")
SEARCH = "/rooms?limit=3"
SLOW = "/rooms/summary?near=51.5,-0.1&radius=9000000"
LIMIT = 60.0


@dataclass
class Load:
    """Clients that ask again and again, some on connections that are kept, some on new ones.

    They rest between two requests: so some arrive just when a worker ends idle connections.
    """

    server: Server
    over: threading.Event = field(default_factory=threading.Event)
    statuses: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def ask(self, keep: bool) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        while not self.over.is_set():
            try:
                connection.request("GET", SEARCH, headers={} if keep else {"Connection": "close"})
                answer = connection.getresponse()
                answer.read()  # closes the connection if the server said so
                self.statuses.append(answer.status)
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
                connection.close()
            self.over.wait(0.01)
        connection.close()

    def wait_for_more(self, answers: int = 50) -> None:
        """Return after some more responses or failures."""
        before = len(self.statuses) + len(self.failures)
        until(lambda: len(self.statuses) + len(self.failures) >= before + answers, LIMIT)


@contextmanager
def load(server: Server) -> Iterator[Load]:
    asked = Load(server)
    threads = [threading.Thread(target=asked.ask, args=(keep,)) for keep in (True, True, False, False)]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        asked.over.set()
        for thread in threads:
            thread.join(60)


def all_workers(server: Server, count: int) -> set[int]:
    """Return the workers once all have started; the first may respond before that."""
    until(lambda: len(server.workers()) == count, LIMIT)
    return server.workers()


def wait_until_replaced(server: Server, old: set[int]) -> None:
    def are_replaced() -> bool:
        now = server.workers()
        return bool(now) and not now & old

    until(are_replaced, LIMIT)


def wait_until_asked(server: Server, asking: threading.Thread) -> None:
    """Wait until the server is working on a thread's request, or has already answered it."""
    until(lambda: server.under_way() > 0 or not asking.is_alive(), LIMIT)


@pytest.mark.parametrize("name", SERVERS)
def test_stopping_lets_a_request_in_flight_finish_and_leaves_nothing_behind(
    database: str, tmp_path: Path, name: str
) -> None:
    answers: list[Answer] = []
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    variables = {"RENTOMATIC_SERVER": name, "TMPDIR": str(temporary)}
    with rentomatic(database, tmp_path / "log", **variables) as server:
        thread = threading.Thread(target=lambda: answers.append(server.get(SLOW)))
        thread.start()
        wait_until_asked(server, thread)

        code = server.stop(signal.SIGTERM)
        thread.join(30)

    assert (code, [200]) == (0, [answer.status for answer in answers])
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("workers_", ["1", "2"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_reload_under_load_replaces_the_workers_without_a_failed_request(
    database: str, tmp_path: Path, name: str, workers_: str
) -> None:
    with rentomatic(
        database, tmp_path / "log", "--workers", workers_, RENTOMATIC_SERVER=name, RENTOMATIC_THREADS="8"
    ) as server:
        old = all_workers(server, int(workers_))
        with load(server) as asked:
            asked.wait_for_more()
            server.process.send_signal(signal.SIGHUP)
            wait_until_replaced(server, old)
            asked.wait_for_more()
        found = figures(server.get("/metrics").body.decode())

    assert (asked.failures, {200}) == ([], set(asked.statuses))
    assert found[key("http_requests_total", method="GET", route="/rooms", status="200")] == len(
        asked.statuses
    )
    assert found[key("workers")] == int(workers_)


RECYCLING = {
    "granian": """
server = granian.server(serving)
server.on_startup(lambda: setattr(server, "workers_lifetime", 5))  # less is refused, for no need of ours
server.serve(target_loader=draining.load)
""",
    "gunicorn": "gunicorn.run(serving)",
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_worker_is_replaced_at_the_end_of_its_lifetime_without_a_failed_request(
    database: str, tmp_path: Path, name: str
) -> None:
    port = free_port()
    lifetime = {"granian": 60, "gunicorn": 5}[name]  # longer than a worker takes to start
    program = f"""
from rentomatic.server import draining, granian, gunicorn
from rentomatic.server.serving import Serving
serving = Serving(
    "rentomatic.bootstrap:application",
    host="127.0.0.1",
    port={port},
    workers=1,
    threads=8,
    lifetime={lifetime},
    reader_timeout=30,
    may_replace=lambda: True,
    log_level="info",
)
{RECYCLING[name]}
"""
    variables = {"DATABASE_URL": database, "RENTOMATIC_THREADS": "8"}
    with serving([sys.executable, "-c", program], port, tmp_path / "log", variables) as server:
        old = all_workers(server, 1)
        with load(server) as asked:
            wait_until_replaced(server, old)
            asked.wait_for_more()

    assert (asked.failures, {200}) == ([], set(asked.statuses))


@pytest.mark.parametrize("name", SERVERS)
def test_workers_share_their_metrics_and_a_killed_one_leaves_no_request_in_flight(
    database: str, tmp_path: Path, name: str
) -> None:
    variables = {"RENTOMATIC_SERVER": name, "TMPDIR": str(tmp_path)}  # a killed server leaves its files there
    with rentomatic(database, tmp_path / "log", "--workers", "2", **variables) as server:
        assert [200] * 40 == [server.get(SEARCH).status for _ in range(40)]
        old = all_workers(server, 2)
        victim = threading.Thread(target=lambda: ask_in_vain(server))
        victim.start()
        wait_until_asked(server, victim)
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        victim.join(30)
        wait_until_replaced(server, old)
        found = [scrape(server) for _ in range(5)]
        server.stop(signal.SIGKILL)

    searched = key("http_requests_total", method="GET", route="/rooms", status="200")
    assert [40] * 5 == [figures_[searched] for figures_ in found]
    assert [0] * 5 == [figures_[key("http_requests_in_flight")] for figures_ in found]


def ask_in_vain(server: Server) -> None:
    try:
        server.get(SLOW)
    except (OSError, http.client.HTTPException):
        return


def scrape(server: Server) -> Figures:
    return figures(server.get("/metrics").body.decode())


def test_the_exit_code_of_a_probe_shows_the_response(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log") as server:
        for path, code in (("/health/ready", 0), ("/metrics", 0), ("/nowhere", 1)):
            probe = subprocess.run(
                [sys.executable, "-m", "rentomatic.server.probe", path],
                env={**os.environ, "RENTOMATIC_PORT": str(server.port)},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

            assert (code, code) == (probe.returncode, len(probe.stderr.splitlines())), path


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15])  # what it is doing then is left to chance
@pytest.mark.parametrize("name", SERVERS)
def test_stopping_right_after_the_start_does_not_wait_for_a_time_out(
    database: str, tmp_path: Path, name: str, delay: float
) -> None:
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "rentomatic", "serve", "--port", str(free_port())]
        process = subprocess.Popen(
            command,
            env={**os.environ, "DATABASE_URL": database, "RENTOMATIC_SERVER": name},
            stdout=output,
            stderr=output,
        )
    try:
        until(lambda: b"is listening on" in log.read_bytes() or process.poll() is not None, LIMIT)
        time.sleep(delay)
        process.terminate()

        assert process.wait(STOP_TIMEOUT - 5) == 0
    finally:
        process.kill()


def test_every_line_of_gunicorns_log_is_a_json_object_and_appears_once(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log", RENTOMATIC_SERVER="gunicorn") as server:
        server.get("/rooms?limit=1")
        server.stop()

    _, *lines, stopped = (tmp_path / "log").read_text().splitlines()
    assert "Rent-o-matic has stopped." == stopped
    assert all(line.startswith('{"time":') for line in lines)
    assert len([line for line in lines if "/rooms" in line]) == 1


@pytest.mark.parametrize("name", SERVERS)
def test_a_reload_with_invalid_settings_changes_nothing_and_the_next_one_works(
    database: str, tmp_path: Path, name: str
) -> None:
    keys = tmp_path / "keys"
    keys.write_text("")
    variables = {"RENTOMATIC_SERVER": name, "RENTOMATIC_API_KEYS_FILE": str(keys)}
    with rentomatic(database, tmp_path / "log", **variables) as server:
        old = all_workers(server, 1)
        keys.write_text("garbage")
        server.process.send_signal(signal.SIGHUP)
        wait_until_logged(server, "No worker was replaced")

        assert (old, 200) == (server.workers(), server.get(SEARCH).status)

        keys.write_text("")
        server.process.send_signal(signal.SIGHUP)
        wait_until_replaced(server, old)

        assert 200 == server.get(SEARCH).status


def test_workers_end_when_their_server_is_killed_and_the_next_one_starts(
    database: str, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "rentomatic", "serve", "--port", str(port)]
    variables = {"DATABASE_URL": database}
    with serving(command, port, tmp_path / "first", variables) as server:
        orphans = all_workers(server, 1)
        server.stop(signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), LIMIT)

        with serving(command, port, tmp_path / "second", variables) as another:
            assert 200 == another.get(SEARCH).status


def wait_until_logged(server: Server, text: str) -> None:
    until(lambda: text in server.log.read_text(), LIMIT)
