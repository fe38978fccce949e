"""Both servers with more clients than they can serve at once: who is served, and who is refused."""

import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from rentomatic.web.limits.turns import Lanes
from tests.metrics import figures, key
from tests.servers import Answer, Server, free_port, serving
from tests.waiting import until
from tests.web.slow_storage import THREADS

PROGRAM = """
from rentomatic.server import granian, gunicorn
from rentomatic.server.serving import Serving
{name}.run(
    Serving(
        "tests.web.slow_storage:application",
        host="127.0.0.1",
        port={port},
        workers=1,
        threads={threads},
        lifetime=0,
        reader_timeout=30,
        may_replace=lambda: True,
        log_level="warning",
    )
)
"""
SEARCH = "/rooms"
CLUSTERS = "/rooms/clusters?bbox=-1,51,1,52&zoom=9"
HELD_SHORTLY = "/rooms?limit=1"
HELD = "/rooms/f853578c-fc0f-4e65-81b8-566c5dffa35a"
CROWD = 300


@pytest.fixture(scope="module", params=["granian", "gunicorn"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    program = PROGRAM.format(name=request.param, port=port, threads=THREADS)
    log = tmp_path_factory.mktemp("log") / "server.log"
    with serving([sys.executable, "-c", program], port, log, {}) as running:
        yield running


@dataclass
class Crowd:
    """Let many clients send requests at once; return their responses, and those of health meanwhile."""

    server: Server
    answers: list[Answer] = field(default_factory=list)
    health: list[int] = field(default_factory=list)

    def ask(self, *targets: str) -> None:
        begin = threading.Barrier(len(targets) + 1)
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(begin, over))
        watch.start()
        with ThreadPoolExecutor(len(targets)) as pool:
            self.answers = list(pool.map(lambda target: self._ask(begin, target), targets))
        over.set()
        watch.join(30)

    def _ask(self, begin: threading.Barrier, target: str) -> Answer:
        begin.wait(30)
        return self.server.get(target)

    def _watch(self, begin: threading.Barrier, over: threading.Event) -> None:
        begin.wait(30)
        while True:
            for path in ("/health/live", "/health/ready", "/metrics"):
                self.health.append(self.server.get(path, timeout=2).status)
            if over.wait(0.05):
                return

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)


def refused(server: Server, lane: str, reason: str) -> int:
    found = figures(server.get("/metrics").body.decode())
    return int(found.get(key("lane_refused_total", lane=lane, reason=reason), 0))


@pytest.mark.parametrize("clients", [8, 32, 128])
def test_a_crowd_that_can_be_served_in_time_is_served(server: Server, clients: int) -> None:
    crowd = Crowd(server)
    crowd.ask(*[SEARCH] * clients)

    assert {200: clients} == crowd.statuses
    assert {200} == set(crowd.health)


def test_a_crowd_that_requests_clusters_does_not_block_searches(server: Server) -> None:
    crowd = Crowd(server)
    crowd.ask(*[CLUSTERS, SEARCH] * 32)

    assert {200: 64} == crowd.statuses
    assert {200} == set(crowd.health)


def test_requests_to_a_full_server_are_refused_at_once_and_health_responds(server: Server) -> None:
    lane = Lanes.of(THREADS).quick
    before = {reason: refused(server, "quick", reason) for reason in ("full", "late")}
    crowd = Crowd(server)
    crowd.ask(*[HELD] * CROWD)
    found = {reason: refused(server, "quick", reason) - before[reason] for reason in ("full", "late")}
    turned_away = [answer for answer in crowd.answers if answer.status == 503]

    # Nobody waited unseen in a queue of the server: clients beyond the lane's queue were refused while all
    # earlier ones were still there.
    assert {"full": CROWD - lane.places - lane.queue, "late": lane.queue} == found
    assert {200: lane.places, 503: CROWD - lane.places} == crowd.statuses
    assert {200} == set(crowd.health)
    for answer in turned_away:
        headers = {name.lower(): text for name, text in answer.headers.items()}
        assert headers["retry-after"] in ("1", "2", "3")
        assert "urn:rentomatic:problem:overloaded" == answer.json["type"]
    assert 200 == server.get(SEARCH).status


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel as Linux has it, for other addresses")
def test_a_client_that_goes_away_while_it_waits_gets_no_place(server: Server) -> None:
    before = refused(server, "quick", "gone")
    places = Lanes.of(THREADS).quick.places
    with ThreadPoolExecutor(places) as pool:
        held = [pool.submit(server.get, HELD_SHORTLY) for _ in range(places)]
        until(lambda: server.under_way() == places)
        with socket.create_connection(("127.0.0.1", server.port), 30, ("127.0.0.2", 0)) as gone:
            gone.sendall(b"GET /rooms HTTP/1.1\r\nHost: x\r\n\r\n")
            until(lambda: server.under_way() == places + 1)

        assert [200] * places == [found.result(30).status for found in held]
    until(lambda: server.under_way() == 0)

    assert 1 == refused(server, "quick", "gone") - before
