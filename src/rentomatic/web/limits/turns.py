"""The lane of a request: it has one place at a time, and changes lanes when it proves expensive."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

import falcon
from falcon import Request, Response

from rentomatic.web.limits.client import Client, Seldom
from rentomatic.web.limits.lanes import Lane, Overloaded
from rentomatic.web.limits.tuning import Tuning
from rentomatic.web.limits.visitors import Proxies, begins_view, is_part_of_view

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics

_QUICK, _EXPENSIVE, _OTHERS = 128, 64, 8
"""How many wait in each lane: about as many as get a place in time, each in a thread of 0.1 MB."""

_RESERVE = 4
"""Threads of a server for requests that take no place: /health, /metrics and refusals."""


@dataclass(frozen=True, slots=True)
class Lanes:
    """How a process divides its work, so that slow requests do not block quick ones.

    quick: where every request starts.
    expensive: reads of many rooms.
    bodies: requests whose body is still arriving.
    forms: the same for pages of staff: strangers may send these, and must not take places from clients with a
        key.
    uploads: forms with photos, from their first byte until the photos are saved.
    writes: of single rooms, which may have to wait for a load.
    imports: from the first byte of the listing to the end of the load.
    exports: until the last byte has been sent.

    Gunicorn itself waits some seconds for the rest of a refused body, which no lane limits: there a proxy in
    front must read bodies completely before it passes them on, as nginx does.
    """

    quick: Lane
    expensive: Lane
    bodies: Lane
    forms: Lane
    uploads: Lane
    writes: Lane
    imports: Lane
    exports: Lane

    @classmethod
    def of(cls, threads: int) -> Self:
        """Return lanes for `threads` reads at once: a quarter of them expensive, but at least one.

        With one thread, a quick and an expensive request still run at the same time; otherwise the expensive
        one would block all others.
        """
        quarter = max(1, threads // 4)
        return cls(
            quick=Lane("quick", max(1, threads - quarter), _QUICK),
            expensive=Lane("expensive", quarter, _EXPENSIVE),
            bodies=Lane("bodies", quarter, _OTHERS),
            forms=Lane("forms", quarter, _OTHERS),
            uploads=Lane("uploads", quarter, _OTHERS),
            writes=Lane("writes", quarter, _OTHERS),
            imports=Lane("imports", quarter, _OTHERS),
            exports=Lane("exports", quarter, _OTHERS),
        )

    def __iter__(self) -> Iterator[Lane]:
        return (getattr(self, field.name) for field in fields(self))


def server_threads(threads: int) -> int:
    """Return how many threads a server needs so that some are left when all places and queues are full.

    threads: the setting, see `Lanes.of`.
    """
    return _RESERVE + sum(lane.places + lane.queue for lane in Lanes.of(threads))


_looks = Seldom(0.05)
"""Limits the checks for clients that went away: with thousands of connections, each check takes long."""


class Turn:
    """A request in progress: the lane in which it has a place, and how long it waits for another one.

    until: the monotonic time at which waiting ends.
    has_read: whether the requested page has been read, so that further reads are optional additions.
    """

    def __init__(self, req: Request, until: float, metrics: "Metrics", proxies: Proxies) -> None:
        self.until = until
        self.lane: Lane | None = None
        self.has_read = False
        self._req = req
        self._metrics = metrics
        self._proxies = proxies
        self._client: Client | None = None
        self._towards = ""
        self._waits = False
        self._since = 0.0

    @property
    def address(self) -> str:
        return self._proxies.address_of(self._req)

    @property
    def continues_view(self) -> bool:
        return self.has_read or is_part_of_view(self._req)

    def waits(self) -> None:
        """Called by the lane, at most once for each move."""
        self._waits = True
        self._metrics.in_lane(self._towards, waiting=1)
        self._client = None
        with _looks.allowed() as is_allowed, suppress(OSError):  # no more files can be opened
            if is_allowed:
                self._client = Client(self._req, sent=0)

    def is_gone(self) -> bool:
        if self._client is None:
            return False
        with _looks.allowed() as is_allowed, suppress(OSError):
            return is_allowed and self._client.is_gone()
        return False

    def move(self, lane: Lane, within: float | None = None) -> None:
        """Free the place and take one in that lane, waiting for it up to `within` seconds.

        Raises Overloaded if none is free in time; the request has no place then.
        """
        self.end()
        began = time.monotonic()
        self._towards, self._waits = lane.name, False
        try:
            lane.enter(self, self.until if within is None else min(self.until, began + within))
        except Overloaded as refusal:
            self._metrics.refused(lane.name, refusal.reason)
            raise
        finally:
            if self._waits:
                self._metrics.in_lane(lane.name, waiting=-1)
        self.lane, self._since = lane, time.monotonic()
        self._metrics.in_lane(lane.name, at_work=1)
        self._metrics.waited(lane.name, self._since - began if self._waits else 0.0)

    def end(self, worked: bool = True) -> None:
        """Free the place, if there is one."""
        if self.lane is not None:
            self.detach(worked)()

    def detach(self, worked: bool = True) -> Callable[[], None]:
        """Return a function that frees the place, to be called once; this request no longer does.

        worked: whether anything was done in that place; only then does the lane learn from the duration.
        """
        lane, since, self.lane = self.lane, self._since, None

        def leave() -> None:
            if lane is not None:
                if worked:
                    lane.learn(time.monotonic() - since)
                lane.leave()
                self._metrics.in_lane(lane.name, at_work=-1)

        return leave


class Turns:
    """The turns of the requests that the threads of this process are working on."""

    def __init__(self, tuning: Tuning, metrics: "Metrics", proxies: Proxies) -> None:
        self.tuning = tuning
        self.lanes = Lanes.of(tuning.threads)
        self._metrics = metrics
        self._proxies = proxies
        self._of_thread = threading.local()

    @property
    def current(self) -> Turn | None:
        """The turn of this thread's request; None if there is none, or it takes no place."""
        return getattr(self._of_thread, "turn", None)

    def begin(self, req: Request) -> None:
        """Take a quick place for the request. Raises Overloaded."""
        turn = self._of_thread.turn = Turn(req, self._until, self._metrics, self._proxies)
        self._metrics.entered()
        if begins_view(req):
            self._wait_for_view(turn)
        turn.move(self.lanes.quick)

    def _wait_for_view(self, turn: Turn) -> None:
        """If the parts of this view would come too late, wait behind the parts of views that have begun.

        A page without its parts is wasted work: so fewer views begin, and those are complete. Raises
        Overloaded.
        """
        if self.lanes.expensive.wait_of_part(turn.address) > self.tuning.wait:
            turn.move(self.lanes.expensive)
            turn.end(worked=False)

    @contextmanager
    def request(self) -> Iterator[None]:
        """Free the request's place at the end of the context, however it ends."""
        outer, self._of_thread.turn = self.current, None
        try:
            yield
        finally:
            turn, self._of_thread.turn = self.current, outer
            if turn is not None:
                turn.end()
                self._metrics.left()

    def move(self, lane: Lane) -> None:
        """Move this thread's request to that lane. Raises Overloaded."""
        if self.current is not None:
            self.current.move(lane)

    def move_and_keep(self, lane: Lane) -> Callable[[], None]:
        """Move like `move`, but keep the place after the request has ended, until the result is called."""
        self.move(lane)
        return _nothing if self.current is None else self.current.detach()

    def arrived(self) -> None:
        """Restart the waiting time of this thread's request, whose body has only now arrived."""
        if self.current is not None:
            self.current.until = self._until

    @property
    def _until(self) -> float:
        """When a request that is complete now has waited long enough for a place."""
        return time.monotonic() + self.tuning.wait


def _nothing() -> None:
    """Free no place: there is none."""


class App(falcon.App[Request, Response]):
    """An application that frees the places of its requests, however they end."""

    def __init__(self, turns: Turns, **options: Any) -> None:
        super().__init__(**options)
        self.turns = turns

    def __call__(self, env: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self.turns.request():
            return super().__call__(env, start_response)
