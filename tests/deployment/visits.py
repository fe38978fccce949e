"""First visits of people: the page, the files that it names, and the requests of its scripts."""

import http.client
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from posixpath import join, normpath
from queue import Empty, Queue

CONNECTIONS = 6
"""Connections of a browser to one server over HTTP/1.1."""

BASE_MAP = ("world.json", *(f"6/{x}/{y}.json" for x in (31, 32) for y in (20, 21)))
"""The area around London where people look."""

CLUSTERS = tuple(f"/rooms/clusters?bbox={box}&zoom=9" for box in ("-180,-85,180,85", "-0.73,50.8,0.8,52.3"))

Seen = list[tuple[str, int]]
"""The requests, and the statuses of the responses."""


def first_visits(port: int, people: int) -> Seen:
    """Let people open the first page at the same moment; return all that they got."""
    together = threading.Barrier(people)
    with ThreadPoolExecutor(people) as several:
        return [
            answer for seen in several.map(lambda _: _visit(port, together), range(people)) for answer in seen
        ]


def _visit(port: int, together: threading.Barrier) -> Seen:
    seen: Seen = []
    wanted: Queue[str] = Queue()
    together.wait(60)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        page = _get(connection, "/", seen)
    named = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page))
    for address in (*named, *CLUSTERS):
        wanted.put(address)
    (base,) = {address[: address.index("/", len("/static/"))] for address in named}
    for name in BASE_MAP:
        wanted.put(f"{base}/basemap/{name}")
    with ThreadPoolExecutor(CONNECTIONS) as connections:
        list(connections.map(lambda _: _take(port, wanted, named, seen), range(CONNECTIONS)))
    return seen


def _take(port: int, wanted: Queue[str], named: set[str], seen: Seen) -> None:
    """Request one address after the other, and the modules that scripts import."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with closing(connection), suppress(Empty):
        while True:
            address = wanted.get_nowait()
            for module in _imported(address, _get(connection, address, seen)):
                if module not in named:
                    named.add(module)
                    wanted.put(module)


def _imported(address: str, text: str) -> Iterator[str]:
    if address.endswith(".js"):
        for name in re.findall(r'^import [^;]*from "(\.[^"]+)"', text, re.MULTILINE):
            yield normpath(join(address.rpartition("/")[0], name))


def _get(connection: http.client.HTTPConnection, address: str, seen: Seen) -> str:
    """Get an address; retry after a 503, because the machine may be busy.

    Retries on a new connection too if a kept-alive one was closed, as browsers do.
    """
    end = time.monotonic() + 60
    while True:
        kept = connection.sock is not None
        try:
            connection.request("GET", address)
            answer = connection.getresponse()
        except ConnectionError:
            connection.close()
            if not kept:
                raise
            continue
        text = answer.read().decode()
        seen.append((address, answer.status))
        if answer.status != 503 or time.monotonic() > end:
            return text
        time.sleep(1)  # as Retry-After says
