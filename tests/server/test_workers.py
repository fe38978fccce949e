"""Several workers of a real server: which worker has which connections, even after one dies."""

import os
import re
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from rentomatic.server.listeners import CannotListen, listeners
from rentomatic.server.steering import steer
from tests.server.test_serving import all_workers, wait_until_replaced
from tests.servers import Server, free_port, rentomatic
from tests.waiting import until

SERVERS = ("granian", "gunicorn")
LIMIT = 60.0
CLIENTS = 8

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and SO_REUSEPORT")


class Client:
    """Sends requests continuously on one connection until the server closes it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.answers = self.connections = 0
        self.lost: list[str] = []

    def run(self, over: Event) -> None:
        while not over.is_set():
            with socket.create_connection(("127.0.0.1", self.port), timeout=LIMIT) as connection:
                self.connections += 1
                while not over.is_set() and self.is_kept_after_answer(connection):
                    pass

    def is_kept_after_answer(self, connection: socket.socket) -> bool:
        try:
            send(connection)
            head = receive(connection)
        except OSError as error:
            self.lost.append(repr(error))
            return False
        self.answers += 1
        return b"connection: close" not in head.lower()


def send(connection: socket.socket) -> None:
    connection.sendall(b"GET /rooms?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n")


def receive(connection: socket.socket) -> bytes:
    """Return the head of a 200 response after reading its body. Raises OSError if it is incomplete."""
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0 or len(answer) < end + 4 + length(answer[:end]):
        block = connection.recv(65536)
        if not block:
            raise OSError("cut off")
        answer += block
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise OSError(answer[:20].decode())
    return answer[:end]


def length(head: bytes) -> int:
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    assert found is not None
    return int(found[1])


@contextmanager
def asking(server: Server) -> Iterator[list[Client]]:
    """Run clients that send requests without a pause during the context."""
    over, clients = Event(), [Client(server.port) for _ in range(CLIENTS)]
    threads = [Thread(target=client.run, args=(over,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield clients
    finally:
        over.set()
        for thread in threads:
            thread.join(LIMIT)


def connections(server: Server) -> dict[int, int]:
    """Return how many connections to the server's port each worker has, by process id."""
    established = {
        row[9]
        for row in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if row[3] == "01" and int(row[1].rpartition(":")[2], 16) == server.port
    }
    return {
        pid: sum(f"socket:[{inode}]" in files for inode in established)
        for pid in sorted(all_workers(server, 2))
        for files in [opened(pid)]
    }


def opened(pid: int) -> set[str]:
    """Return the files that a process has open, ignoring those that it closes meanwhile."""
    found = set()
    for file in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.add(str(file.readlink()))
        except FileNotFoundError:
            continue
    return found


@pytest.mark.parametrize("name", SERVERS)
def test_busy_connections_are_spread_over_the_workers_without_losing_requests(
    database: str, tmp_path: Path, name: str
) -> None:
    with rentomatic(database, tmp_path / "log", "--workers", "2", RENTOMATIC_SERVER=name) as server:
        all_workers(server, 2)
        with asking(server) as clients:
            until(lambda: sorted(connections(server).values()) == [CLIENTS / 2, CLIENTS / 2], LIMIT)
            made = sum(client.connections for client in clients)
            done = [client.answers for client in clients]
            until(
                lambda: all(
                    client.answers > before + 50 for client, before in zip(clients, done, strict=True)
                ),
                LIMIT,
            )

    assert [[]] * CLIENTS == [client.lost for client in clients]
    assert made < 10 * CLIENTS


def test_a_reload_keeps_busy_connections_spread_and_loses_no_request(database: str, tmp_path: Path) -> None:
    with rentomatic(database, tmp_path / "log", "--workers", "2") as server:
        old = all_workers(server, 2)
        with asking(server) as clients:
            server.process.send_signal(signal.SIGHUP)
            wait_until_replaced(server, old)
            until(lambda: sorted(connections(server).values()) == [CLIENTS / 2, CLIENTS / 2], LIMIT)

    assert [[]] * CLIENTS == [client.lost for client in clients]


def test_new_connections_avoid_a_dead_worker_and_waiting_ones_are_served(
    database: str, tmp_path: Path
) -> None:
    with rentomatic(database, tmp_path / "log", "--workers", "2") as server, ExitStack() as stack:
        old = all_workers(server, 2)
        until(lambda: len(answering(server)) == 2, LIMIT)
        server.process.send_signal(signal.SIGSTOP)  # so that it starts no successor yet
        os.kill(min(old), signal.SIGKILL)
        waiting = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT))
            for _ in range(2 * CLIENTS)
        ]
        for connection in waiting:
            send(connection)
        until(lambda: all(is_answered_soon(server) for _ in range(2 * CLIENTS)), LIMIT)
        server.process.send_signal(signal.SIGCONT)
        heads = [receive(connection) for connection in waiting]

    assert 2 * CLIENTS == len(heads)


def answering(server: Server) -> set[int]:
    """Return the workers that got one of some new connections."""
    with ExitStack() as stack:
        for _ in range(2 * CLIENTS):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT)
            stack.enter_context(connection)
            send(connection)
            receive(connection)
        return {pid for pid, number in connections(server).items() if number}


def is_answered_soon(server: Server) -> bool:
    with socket.create_connection(("127.0.0.1", server.port), timeout=LIMIT) as connection:
        send(connection)
        connection.settimeout(2)
        try:
            receive(connection)
        except TimeoutError:
            return False
    return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_cannot_be_shared_by_two_servers(host: str) -> None:
    port = free_port()
    found = listeners(host, port, 2, 16)
    try:
        with pytest.raises(CannotListen, match=f"cannot listen on {host} port {port}"):
            listeners(host, port, 2, 16)
    finally:
        for listener in found:
            listener.close()
    for listener in listeners(host, port, 1, 16):
        listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("chosen", [{1}, {0, 2}, set[int]()])
def test_new_connections_go_to_the_chosen_sockets(host: str, chosen: set[int]) -> None:
    port = free_port()
    with ExitStack() as stack:
        found = [stack.enter_context(listener) for listener in listeners(host, port, 3, 128)]
        steer(found[0], {0})
        steer(found[2], chosen)
        for _ in range(100):
            stack.enter_context(socket.create_connection((host, port), timeout=LIMIT))
        waiting = {number for number, listener in enumerate(found) if is_waited_for(listener)}

    assert (chosen or {0, 1, 2}) == waiting


def is_waited_for(listener: socket.socket) -> bool:
    listener.settimeout(0)
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True
