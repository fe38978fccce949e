"""A copy of the project with a stack of its own, with unique names, ports and secrets."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv
from tests.servers import ROOT, free_port

Found = TypeVar("Found")
Done = subprocess.CompletedProcess[str]

NO_LIMITS = {"CLIENT_RATE": "100000r/s", "CLIENT_BURST": "100000", "CLIENT_CONNECTIONS": "10000"}
"""High limits: a test is a single client. The limits have tests of their own."""

PATIENT = {"RENTOMATIC_READ_TIMEOUT": "4"}
"""Long time-outs: on a busy machine a search takes longer, which is not a failure of the stack."""

_ANSWERED_WITHIN = 30.0
_PATIENCE = 400.0
"""Seconds that a command may take."""

_FOREIGN = (
    *("RENTOMATIC_", "POSTGRES_", "MONGODB_", "APPLICATION_", "DATABASE_URL", "COMPOSE_", "STACK_"),
    *("CLIENT_", "SERVER_", "SEARCH_CACHE", "LOG_", "WEB_REPLICAS", "HTTP_PORT", "HTTPS_PORT"),
)
_KILL_MAIN_PROCESS = "kill -KILL $(cut -d ' ' -f 1 /proc/1/task/1/children)"
"""The first process of a container is Docker's init, which ends with its child."""

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: in order, names in lower case; a repeated header is there repeatedly."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name.lower()]


@dataclass(frozen=True, slots=True)
class Stack:
    folder: Path
    name: str
    port: int
    tls_port: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """A key to write and import, created as the manual says on first use."""
        kept = self.folder / "key"
        if not kept.exists():
            scopes = ("--scope", "write", "--scope", "import")
            made = self.try_manage("stack", "make-key", "tests", *scopes)
            assert made.returncode == 0, made.stderr
            with (self.folder / "docker" / "secrets" / "api-keys").open("a") as keys:
                keys.write(made.stdout)
            self.manage("stack", "reload")
            kept.write_text(re.findall(r"rom_\S+", made.stderr)[0])
            until(lambda: self._may_write(kept.read_text()), 30, "all processes know the key")
        return kept.read_text()

    def _may_write(self, key: str) -> bool:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/plain"}
        return {self.request("POST", "/rooms", headers, b"").status for _ in range(20)} == {415}

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        own = {
            "COMPOSE_PROJECT_NAME": self.name,
            "HTTP_PORT": str(self.port),
            "HTTPS_PORT": str(self.tls_port),
        }
        return {**inherited, **own, **NO_LIMITS, **PATIENT, **self.variables}

    # --- commands

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, str(self.folder / "manage.py"), *arguments]

    def try_manage(self, *arguments: str, text: str = "", **variables: str) -> Done:
        """Run `./manage.py …`, whatever its exit code."""
        return self._manage(arguments, variables, text)

    def manage(self, *arguments: str, text: str = "", **variables: str) -> str:
        """Return the standard output of `./manage.py …`, which must succeed."""
        done = self._manage(arguments, variables, text)
        assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def tool(self, *arguments: str, text: str = "") -> str:
        """Return the output of `./manage.py stack …`, which must succeed."""
        return self.manage("stack", *arguments, text=text)

    def _manage(self, arguments: tuple[str, ...], variables: Mapping[str, str], text: str) -> Done:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **variables},
            input=text,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    def up(self, *options: str, variables: Mapping[str, str] | None = None) -> None:
        """Apply the configuration to the stack, and wait until nginx serves it."""
        done = self._manage(("compose", "up", "--detach", "--no-build", *options), variables or {}, "")
        assert done.returncode == 0, done.stderr[-4000:]
        self.wait_until_served()

    @contextmanager
    def reconfigured(self, **variables: str) -> Iterator[None]:
        """Run the stack with other variables, and restore it at the end."""
        try:
            self.up(variables=variables)
            yield
        finally:
            self.up()

    def wait_until_served(self) -> None:
        until(lambda: self.answers() and self.settled(), 120, "the stack serves, by all of its servers")

    def answers(self) -> bool:
        try:
            return self.get("/health/live").status == 200
        except OSError:
            return False

    def settled(self) -> bool:
        """Whether all `web` containers respond, so that nginx uses them."""
        names = self.containers("web")
        if not names:
            return False
        found = json.loads(docker("inspect", *names))
        networks = [container["NetworkSettings"]["Networks"] for container in found]
        return {network[f"{self.name}_front"]["IPAddress"] for network in networks} == self.followed()

    def is_healthy(self, container: str) -> bool:
        """Whether Docker reports the container as healthy, some seconds after it responds."""
        return bool(self.inspect(container)["State"]["Health"]["Status"] == "healthy")

    def followed(self) -> set[str]:
        """The addresses that nginx sends requests to."""
        return set(docker("exec", self.container("nginx"), "cat", "/tmp/nginx/servers").split())

    # --- containers

    def containers(self, service: str, *, stopped: bool = False) -> list[str]:
        """Return the names of a service's containers, in the order of their numbers."""
        filters = [
            f"label=com.docker.compose.project={self.name}",
            f"label=com.docker.compose.service={service}",
        ]
        filters.append("label=com.docker.compose.oneoff=False")
        options = [part for each in filters for part in ("--filter", each)] + (["--all"] if stopped else [])
        names = docker("ps", *options, "--format", "{{.Names}}").split()
        return sorted(names, key=lambda name: int(name.rpartition("-")[2]))

    def container(self, service: str) -> str:
        (only,) = self.containers(service)
        return only

    def crash(self, *containers: str) -> None:
        """Kill the main process of each from inside, and wait until Docker has restarted all of them."""
        before = {container: self.restarts(container) for container in containers}
        for container in containers:
            run(["docker", "exec", container, "sh", "-c", _KILL_MAIN_PROCESS])
        until(lambda: all(self.restarts(c) > before[c] for c in containers), 30, "they are started again")
        self.wait_until_served()

    def restarts(self, container: str) -> int:
        """Return how often its restart policy has restarted it."""
        return int(self.inspect(container)["RestartCount"])

    @contextmanager
    def frozen(self, container: str) -> Iterator[None]:
        """Freeze all processes of a container during the context."""
        # Docker fails if it cannot freeze the processes at once.
        until(lambda: run(["docker", "pause", container]).returncode == 0, 60, "Docker froze the container")
        try:
            yield
        finally:
            docker("unpause", container)

    def inspect(self, container: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = json.loads(docker("inspect", container))
        return found[0]

    def address(self, container: str, network: str) -> str:
        networks = self.inspect(container)["NetworkSettings"]["Networks"]
        return str(networks[f"{self.name}_{network}"]["IPAddress"])

    def log(self, container: str) -> str:
        done = run(["docker", "logs", container])
        return _ESCAPE.sub("", done.stdout + done.stderr)

    def json_log(self, service: str) -> list[dict[str, Any]]:
        """Return the JSON lines of a service's log; all lines of the application are JSON."""
        lines = (line for c in self.containers(service, stopped=True) for line in self.log(c).splitlines())
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, request_id: str) -> list[str]:
        """Return what nginx and the application logged about a request."""
        services = ("nginx", "web")
        containers = [c for service in services for c in self.containers(service, stopped=True)]
        return [f"{c}: {line}" for c in containers for line in self.log(c).splitlines() if request_id in line]

    # --- the database

    def psql(self, statements: str, database: str = "application") -> str:
        """Return what psql prints, unaligned and without headings."""
        command = ["psql", "-U", "postgres", "--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", database]
        return docker("exec", "--interactive", self.container("db"), *command, text=statements).strip()

    def count(self) -> int:
        return int(self.psql("SELECT count(*) FROM room;"))

    def secrets(self) -> dict[str, str]:
        files = (self.folder / "docker" / "secrets").iterdir()
        return {
            file.name: file.read_text().strip() for file in files if file.is_file() and file.name != "lock"
        }

    # --- requests

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", target, headers)

    def request(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWERED_WITHIN)
        return _answer(connection, method, target, body, headers or {})

    def get_by_tls(self, target: str) -> Answer:
        """Return a response over HTTPS with a self-signed certificate."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.tls_port, timeout=_ANSWERED_WITHIN, context=context
        )
        return _answer(connection, "GET", target, None, {})

    @contextmanager
    def socket(self, timeout: float = 30) -> Iterator[socket.socket]:
        """Open a bare connection to nginx."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            yield connection

    # --- the end

    def remove(self) -> None:
        """Remove everything with this project's name, and nothing else, even after a failure midway."""
        label = f"label=com.docker.compose.project={self.name}"
        down = ["compose", "--profile", "*", "down", "--volumes", "--remove-orphans", "--timeout", "10"]
        self.try_manage(*down)
        for listed, removed in (
            (["ps", "--all"], ["rm", "--force", "--volumes"]),
            (["network", "ls"], ["network", "rm"]),
            (["volume", "ls"], ["volume", "rm"]),
            (["images"], ["rmi", "--force"]),
        ):
            names = run(["docker", *listed, "--quiet", "--filter", label]).stdout.split()
            if names:
                run(["docker", *removed, *sorted(set(names))])
        run(["docker", "rmi", "--force", f"{self.name}-web"])


def copy_of_the_project(folder: Path, **variables: str) -> Stack:
    """Copy the files of the project without generated ones: no secrets, backups or certificates."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    name = f"rentomatic-deployment-{uuid.uuid4().hex[:8]}"
    return Stack(folder, name, free_port(), free_port(), variables)


def listing(rooms: int) -> str:
    """Return sample rooms as a file that can be imported."""
    return b"".join(csv.write(sample_rooms(rooms))).decode()


def docker(*arguments: str, text: str | None = None, timeout: float = 120) -> str:
    """Return the output of `docker …`, which must succeed."""
    done = run(["docker", *arguments], text=text, timeout=timeout)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def run(command: list[str], *, text: str | None = None, timeout: float = 120) -> Done:
    """Run a command to its end, whatever its exit code."""
    return subprocess.run(
        command,
        input=text,
        stdin=subprocess.DEVNULL if text is None else None,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def until(condition: Callable[[], Found], seconds: float, what: str, pause: float = 0.2) -> Found:
    """Return what the condition gives as soon as it is true."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(pause)
    return found


def _answer(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> Answer:
    try:
        connection.request(method, target, body=body, headers=dict(headers))
        response = connection.getresponse()
        pairs = [(name.lower(), value) for name, value in response.getheaders()]
        return Answer(response.status, pairs, response.read())
    finally:
        connection.close()
