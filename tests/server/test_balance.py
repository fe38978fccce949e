"""Overloaded workers give connections away, and only overloaded ones."""

import random
import threading
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest

from rentomatic.server.balance import WINDOW, Balance, InFlight, Load, Loads

TURNS = 60
"""Windows in which any number of connections should be balanced: twelve seconds."""


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Server:
    """Workers without threads, and clients that send their next request after each response.

    ask_for: the share of the time in which a client waits for a response.
    is_steered: whether new connections go where they are steered, or to any worker.
    """

    def __init__(
        self, path: Path, connections: Sequence[int], ask_for: float = 1.0, is_steered: bool = True
    ) -> None:
        self.is_steered = is_steered
        self.chosen = set[int]()
        Loads.create(path, len(connections))
        self.path = path
        self.clock = Clock()
        self.random = random.Random(7)
        self.connections = list(connections)
        self.ask_for = ask_for
        self.given_away = 0
        self.workers = [self.worker(row) for row in range(len(connections))]
        self.stopped = set[int]()

    def worker(self, row: int) -> Balance:
        return Balance(
            Loads(self.path), row, lambda seconds: self.connections[row], self.steer, clock=self.clock
        )

    def steer(self, chosen: Collection[int]) -> None:
        self.chosen = set(chosen)

    def run(self, turns: int = TURNS) -> list[int]:
        """Let time pass; return the connections of each worker at the end."""
        for _ in range(turns):
            running = [row for row in range(len(self.workers)) if row not in self.stopped]
            for row in running:
                self.workers[row].in_flight.add(self.connections[row])
            self.clock.now += WINDOW * self.ask_for
            for row in running:
                self.workers[row].in_flight.add(-self.connections[row])
            self.clock.now += WINDOW * (1 - self.ask_for)
            for row in running:
                self.workers[row].step()
            for row in running:
                self.move(row)
        return self.connections

    def move(self, row: int) -> None:
        """Answer on all connections of a worker; connections given away go to a random chosen worker."""
        for _ in range(self.connections[row]):
            if self.workers[row].gives_away():
                self.given_away += 1
                self.connections[row] -= 1
                to = self.chosen if self.is_steered and self.chosen else range(len(self.connections))
                self.connections[self.random.choice(sorted(to))] += 1


@pytest.mark.parametrize("is_steered", [True, False])
@pytest.mark.parametrize("ask_for", [1.0, 0.3])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([8, 0], [[4, 4]]),
        ([0, 8], [[4, 4]]),
        ([5, 3], [[4, 4]]),
        ([2, 0], [[1, 1]]),
        ([7, 2], [[4, 5], [5, 4]]),
    ],
)
def test_connections_move_until_no_worker_has_clearly_more(
    tmp_path: Path, is_steered: bool, ask_for: float, before: list[int], after: list[list[int]]
) -> None:
    server = Server(tmp_path / "loads", before, ask_for, is_steered)
    spread = list(server.run())
    moved = server.given_away
    server.run()

    assert spread in after
    assert moved == server.given_away


@pytest.mark.parametrize("connections", [[1, 0], [2, 1], [4, 4], [5, 4], [1, 0, 0, 0], [12, 9]])
def test_a_distribution_that_cannot_be_more_even_stays(tmp_path: Path, connections: list[int]) -> None:
    server = Server(tmp_path / "loads", connections)

    assert (connections, 0) == (server.run(), server.given_away)


@pytest.mark.parametrize("is_steered", [True, False])
def test_many_connections_on_many_workers_reach_a_balance(tmp_path: Path, is_steered: bool) -> None:
    server = Server(tmp_path / "loads", [64, 0, 0, 0], is_steered=is_steered)
    spread = list(server.run())
    moved = server.given_away
    server.run()

    assert max(spread) * 2 / 3 < min(spread)
    assert moved == server.given_away < 200


def test_light_load_is_not_moved(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [8, 0], ask_for=0.05)

    assert ([8, 0], 0) == (server.run(), server.given_away)


def test_nothing_is_given_to_a_dead_worker_until_it_is_replaced(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [8, 0])
    server.stopped = {1}
    without = list(server.run())
    server.workers[1], server.stopped = server.worker(1), set()

    assert [8, 0] == without
    assert [4, 4] == server.run()


def test_no_more_connections_move_than_needed(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [8, 0])

    assert ([4, 4], 4) == (server.run(), server.given_away)


def test_new_connections_avoid_a_dead_worker(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [4, 4, 4])
    server.run(10)
    with_all = server.chosen
    server.stopped = {1}
    server.run(10)
    without = server.chosen
    server.workers[1], server.stopped = server.worker(1), set()
    server.run(10)

    assert (set(), {0, 2}, set()) == (with_all, without, server.chosen)


def test_without_steering_connections_are_spread_by_chance(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [8, 0], is_steered=False)

    def fail(chosen: Collection[int]) -> None:
        raise OSError

    for worker in server.workers:
        worker._steer = fail

    assert [4, 4] == server.run()


def test_an_older_worker_yields_its_row_to_a_younger_one(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [0, 0])
    old = server.workers[0]
    first = old.step()
    server.clock.now += 1
    new = server.worker(0)
    taken = new.step()

    assert (True, True) == (first, taken)
    assert (False, True) == (old.step(), new.step())


def test_unused_permission_to_give_away_connections_expires(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [8, 0])
    server.move = lambda row: None  # type: ignore[method-assign] # no requests arrive
    server.run(20)
    server.connections = [0, 0]
    server.run(20)

    assert not server.workers[0].gives_away()


def test_requests_in_flight_are_averaged_over_time() -> None:
    clock = Clock()
    in_flight = InFlight(clock)
    in_flight.add(1)
    clock.now += 1
    in_flight.add(1)
    clock.now += 1
    in_flight.add(-2)
    clock.now += 2
    first = in_flight.average()
    clock.now += 1

    assert (0.75, 0.0) == (first, in_flight.average())


def test_the_thread_ends_with_its_event(tmp_path: Path) -> None:
    server = Server(tmp_path / "loads", [0, 0])
    stop = threading.Event()
    stop.set()
    server.workers[0].start(stop)

    for thread in threading.enumerate():
        if thread.name == "balance":
            thread.join(10)
    assert Load() == Loads(tmp_path / "loads")[0]
