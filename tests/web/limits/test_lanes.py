"""A lane: who gets the next place, how many wait, who is refused, and that no place is ever lost."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rentomatic.web.limits.lanes import Lane, Overloaded, Reason
from tests.waiting import LIMIT, until

NEVER = float("inf")


@dataclass(eq=False)
class Guest:
    """A visitor that wants a place, in a thread of its own if it has to wait."""

    address: str = "a"
    continues_view: bool = False
    gone: bool = False
    outcome: Reason | None = None
    admitted: bool = False
    waited: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)

    def waits(self) -> None:
        self.waited.set()

    def is_gone(self) -> bool:
        return self.gone

    def come(self, lane: Lane, end: float = NEVER) -> "Guest":
        """Ask for a place, and return once that is decided or it waits."""
        threading.Thread(target=self._enter, args=(lane, end), daemon=True).start()
        until(lambda: self.waited.is_set() or self.done.is_set())
        return self

    def _enter(self, lane: Lane, end: float) -> None:
        try:
            lane.enter(self, min(end, lane._clock() + LIMIT))
            self.admitted = True
        except Overloaded as error:
            self.outcome = error.reason
        self.done.set()


def served(lane: Lane, guests: list[Guest]) -> list[int]:
    """Return the numbers of the guests in the order in which they get a place, as others leave."""
    order: list[int] = []
    for _ in guests:
        lane.leave()
        before = len(order)
        while len(order) == before:
            order += [n for n, guest in enumerate(guests) if n not in order and guest.done.wait(0.0005)]
    lane.leave()
    return order


def full(places: int = 1, queue: int = 10) -> Lane:
    """A lane whose places are all taken."""
    lane = Lane("test", places, queue)
    for _ in range(places):
        lane.enter(Guest(), lane._clock() + LIMIT)
    return lane


def test_one_address_is_served_first_in_first_out() -> None:
    lane = full()
    guests = [Guest().come(lane) for _ in range(5)]

    assert [0, 1, 2, 3, 4] == served(lane, guests)


def test_addresses_take_turns() -> None:
    lane = full()
    guests = [Guest(address).come(lane) for address in "aaaabbc"]

    assert [0, 4, 6, 1, 5, 2, 3] == served(lane, guests)


def test_parts_go_before_new_views_but_after_four_let_one_pass() -> None:
    lane = full()
    views = [Guest().come(lane) for _ in range(2)]
    parts = [Guest(continues_view=True).come(lane) for _ in range(6)]

    assert [2, 3, 4, 5, 0, 6, 7, 1] == served(lane, views + parts)


def test_the_expected_wait_of_a_part_counts_those_served_before_it() -> None:
    lane = Lane("test", 2, 10)
    for _ in range(200):
        lane.learn(3.0)
    for _ in range(2):
        lane.enter(Guest(), NEVER)
    guests = [Guest("busy", continues_view=True).come(lane) for _ in range(4)]
    guests += [Guest("calm", continues_view=True).come(lane), Guest("new view").come(lane)]

    waits = [lane.wait_of_part(address) for address in ("busy", "calm", "new view")]

    assert pytest.approx([(4 + 1) * 1.5, (2 + 1) * 1.5, (1 + 1) * 1.5]) == waits
    served(lane, guests)


def test_clients_refused_together_get_different_retry_times() -> None:
    assert {1, 2, 3} == {Overloaded("test", Reason.FULL).retry_after for _ in range(100)}


def test_a_full_queue_drops_the_newest_request_of_the_busiest_address() -> None:
    lane = full(queue=4)
    greedy = [Guest("greedy").come(lane) for _ in range(4)]
    other = Guest("other").come(lane)
    until(greedy[3].done.is_set)

    assert Reason.FULL is greedy[3].outcome
    assert 4 == lane.waiting
    assert [0, 3, 1, 2] == served(lane, [*greedy[:3], other])


def test_a_queue_filled_by_one_address_refuses_its_next_request() -> None:
    lane = full(queue=3)
    guests = [Guest().come(lane) for _ in range(4)]

    assert [None, None, None, Reason.FULL] == [guest.outcome for guest in guests]
    assert [0, 1, 2] == served(lane, guests[:3])


def test_a_part_displaces_a_new_view_from_a_full_queue() -> None:
    lane = full(queue=2)
    views = [Guest().come(lane) for _ in range(2)]
    part = Guest(continues_view=True).come(lane)
    until(views[1].done.is_set)

    assert Reason.FULL is views[1].outcome
    assert [1, 0] == served(lane, [views[0], part])


def test_a_request_that_waited_in_vain_is_refused_and_leaves_the_queue() -> None:
    lane = full()
    guest = Guest().come(lane, end=lane._clock() + 0.02)
    until(guest.done.is_set)

    assert (Reason.LATE, 0) == (guest.outcome, lane.waiting)


def test_a_request_after_its_deadline_gets_no_free_place() -> None:
    lane = Lane("test", 1, 1)
    with pytest.raises(Overloaded) as refused:
        lane.enter(Guest(), lane._clock())

    assert (Reason.LATE, 0) == (refused.value.reason, lane.taken)


def test_a_client_that_went_away_while_it_waited_gets_no_place() -> None:
    lane = full()
    gone, next_one = Guest(gone=True).come(lane), Guest().come(lane)
    lane.leave()
    until(lambda: gone.done.is_set() and next_one.done.is_set())

    assert (Reason.GONE, True) == (gone.outcome, next_one.admitted)
    assert (1, 0) == (lane.taken, lane.waiting)


def test_a_place_is_freed_if_checking_the_client_fails() -> None:
    class Broken(Guest):
        def is_gone(self) -> bool:
            self.done.set()
            raise ZeroDivisionError

        def _enter(self, lane: Lane, end: float) -> None:
            with suppress(ZeroDivisionError):
                super()._enter(lane, end)

    lane = full()
    Broken().come(lane)
    lane.leave()
    until(lambda: lane.taken == 0)


@contextmanager
def place(lane: Lane, guest: Guest, seconds: float) -> Iterator[None]:
    lane.enter(guest, lane._clock() + seconds)
    try:
        yield
    finally:
        lane.leave()


def test_no_place_is_lost_whatever_threads_do() -> None:
    lane, lock = Lane("test", 3, 8), threading.Lock()
    at_work = most = refused = done = 0

    def work(number: int) -> None:
        nonlocal at_work, most, refused, done
        rng = random.Random(number)
        for _ in range(100):
            guest = Guest(rng.choice("abc"), rng.random() < 0.5, gone=rng.random() < 0.1)
            try:
                with place(lane, guest, rng.choice([0.0005, 0.002, 1.0])):
                    with lock:
                        at_work += 1
                        most = max(most, at_work)
                    threading.Event().wait(rng.choice([0, 0.0003]))
                    with lock:
                        at_work, done = at_work - 1, done + 1
            except Overloaded:
                with lock:
                    refused += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)

    assert (0, 0, 3) == (lane.taken, lane.waiting, most)
    assert 1600 == done + refused
    assert refused
    assert done


class Queueing(RuleBasedStateMachine):
    """A lane compared with lists that say who should be where."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane("test", 2, 4)
        self.inside: list[Guest] = []
        self.waiting: list[Guest] = []

    @rule(address=st.sampled_from("abc"), continues_view=st.booleans())
    def come(self, address: str, continues_view: bool) -> None:
        guest = Guest(address, continues_view)
        was_free = len(self.inside) < 2
        guest.come(self.lane)
        if was_free:
            self.inside.append(guest)
        else:
            self.waiting.append(guest)
        if len(self.waiting) > 4:
            until(lambda: any(one.done.is_set() for one in self.waiting))
            (dropped,) = (one for one in self.waiting if one.done.is_set())
            of = [one.address for one in self.waiting]
            assert of.count(dropped.address) == max(map(of.count, of))
            self.waiting.remove(dropped)

    @precondition(lambda self: self.inside)
    @rule()
    def leave(self) -> None:
        self.inside.pop()
        self.lane.leave()
        if self.waiting:
            until(lambda: any(one.done.is_set() for one in self.waiting))
            (next_one,) = (one for one in self.waiting if one.done.is_set())
            self.waiting.remove(next_one)
            self.inside.append(next_one)

    @invariant()
    def everybody_is_where_they_should_be(self) -> None:
        assert all(guest.admitted for guest in self.inside)
        assert not any(guest.done.is_set() for guest in self.waiting)
        assert (len(self.inside), len(self.waiting)) == (self.lane.taken, self.lane.waiting)

    def teardown(self) -> None:
        while self.inside:
            self.leave()
        assert (0, 0) == (self.lane.taken, self.lane.waiting)


TestQueueing = Queueing.TestCase
TestQueueing.settings = settings(max_examples=settings().max_examples // 2, stateful_step_count=30)
