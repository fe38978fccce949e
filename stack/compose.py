"""The stack as docker compose runs it.

docker/production.yml describes it; this module prepares what it needs on this machine: the secrets, and the
folders for backups, logs, photos and the certificate.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECRETS = ROOT / "docker" / "secrets"
TLS = ROOT / "docker" / "tls"
BACKUPS = ROOT / "backups"
LOGS = ROOT / "logs"
PHOTOS = ROOT / "photos"
NAMES = ("postgres-password", "application-password")
API_KEYS = "api-keys"
"""The hashed keys of clients that may write: entries of `rentomatic make-key`, added by hand."""

CONTAINER_USER = 10001
"""The user of the containers if root made the secrets; otherwise the user who made them."""

_NUMBER = (r"[1-9]\d*", "a number of 1 or more")
_PORT = (r"(\S+:)?\d{1,5}", "a port, or an address, a colon and a port")
_RULES = {
    "HTTP_PORT": _PORT,
    "HTTPS_PORT": _PORT,
    "WEB_REPLICAS": _NUMBER,
    "CLIENT_RATE": (r"[1-9]\d*r/[sm]", "like 50r/s"),
    "CLIENT_BURST": _NUMBER,
    "CLIENT_CONNECTIONS": _NUMBER,
    "SERVER_CONNECTIONS": _NUMBER,
    "SEARCH_CACHE": (r"on|off", "on or off"),
    "LOG_MAX_SIZE": (r"[1-9]\d*[kmg]", "a size like 10m"),
    "LOG_MAX_FILES": _NUMBER,
    "RENTOMATIC_START_TIMEOUT": (r"\d{1,4}(\.\d+)?", "a number of seconds"),
    "STACK_USER": (r"\d+:\d+", "the ids of a user and a group, like 1000:1000"),
}
"""The format of values that otherwise only nginx or a container would reject, when it starts."""

LAST_LINES = 50
"""Lines to show of a failed command's output."""

_STORAGES = {
    "postgres": {"POSTGRES_HOSTNAME": "db", "MONGODB_HOSTNAME": "", "MIGRATION": "init-postgres"},
    "mongo": {"POSTGRES_HOSTNAME": "", "MONGODB_HOSTNAME": "mongo", "MIGRATION": "migrate"},
}
"""The application's settings in each profile of the stack, and how its schema is made.

The stack ignores servers that the environment names for commands on this machine.
"""

_TEST_SERVERS = {
    "db": ("5432", "POSTGRES_TEST_URL", "postgresql://postgres@{}/postgres"),
    "mongo": ("27017", "MONGODB_TEST_URI", "mongodb://{}/?directConnection=true"),
}


class StackError(Exception):
    """The stack cannot do what was asked; the message says what to do about it."""


class Stack:
    """The stack of one configuration.

    environment: the variables for docker compose, including those of the configuration.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        if "COMPOSE_FILE" not in environment:
            raise StackError("The configuration names no COMPOSE_FILE: set APPLICATION_CONFIG=production.")
        if shutil.which("docker", path=environment.get("PATH")) is None:
            raise StackError("docker is not in PATH. The stack needs Docker with the compose plugin.")
        _check_values(environment)
        self.environment = {
            **environment,
            **_STORAGES["mongo" if "mongo" in environment.get("COMPOSE_PROFILES", "") else "postgres"],
            "COMPOSE_FILE": os.pathsep.join(
                str(ROOT / f) for f in environment["COMPOSE_FILE"].split(os.pathsep)
            ),
            "STACK_USER": environment.get("STACK_USER") or _container_user(),
        }
        if TLS.exists() and not os.access(TLS, os.X_OK):
            raise StackError(f"{TLS} belongs to another user, who started the stack: run this as root.")
        if (TLS / "tls.crt").exists():
            self.environment["STACK_CERTIFICATE"] = "/tls/tls.crt"

    def prepare(self) -> None:
        """Create the files and folders that the containers need, unless they exist."""
        for folder in (SECRETS, TLS, BACKUPS, LOGS, PHOTOS):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give(folder)
        for name in NAMES:
            if not (SECRETS / name).exists():
                self.write_secret(SECRETS / name, secrets.token_urlsafe(32))
                say(f"Made docker/secrets/{name}.")
        if not (SECRETS / API_KEYS).exists():
            self.write_secret(
                SECRETS / API_KEYS, "# Entries made by `make-key`, one per line; without one, writing is off."
            )
        for file in (*TLS.iterdir(), *SECRETS.iterdir()):
            self._give(file)

    def compose(self, arguments: Sequence[str]) -> int:
        """Replace this process by a docker compose command; return its exit code if that is not possible."""
        if list(arguments[-1:]) != ["--help"]:  # help must not create files
            self.prepare()
        command = ["docker", "compose", *arguments]
        if os.name == "posix":
            os.execvpe("docker", command, self.environment)  # noqa: S606 - this process becomes the command
        return subprocess.run(command, env=self.environment, check=False).returncode

    def tool(self, arguments: Sequence[str]) -> int:
        """Run a `rentomatic` command inside the stack, with this terminal, standard input and output.

        Raises StackError if the stack is not running.
        """
        if not self.ask("ps", "--quiet"):
            raise StackError(
                f"The production stack is not running, so {arguments[0]} did nothing. "
                "Start it with ./manage.py compose up -d."
            )
        terminal = () if sys.stdin.isatty() and sys.stdout.isatty() else ("--no-TTY",)
        # --no-deps: the dependencies run already, and must not be recreated because of a changed
        # configuration.
        return self.compose(["run", "--rm", "--no-deps", *terminal, "tools", *arguments])

    @contextmanager
    def for_tests(self) -> Iterator[dict[str, str]]:
        """Give the variables that name servers for tests, which run in temporary containers."""
        self.environment["COMPOSE_PROJECT_NAME"] = f"rentomatic-test-{os.getpid()}"
        try:
            self.ask("up", "--detach", "--wait", timeout=600)
            yield {
                variable: url.format(self.ask("port", service, port))
                for service, (port, variable, url) in _TEST_SERVERS.items()
                if service in self.ask("ps", "--services").split()
            }
        finally:
            self.ask("down", "--volumes", "--timeout", "5")

    def ask(self, *arguments: str, text: str | None = None, timeout: float = 600) -> str:
        """Return the output of `docker compose …`. Raises StackError if it fails."""
        return run(["docker", "compose", *arguments], self.environment, text=text, timeout=timeout)

    def _give(self, path: Path) -> None:
        """Let the containers read a file that root made, because they do not run as root."""
        if os.geteuid() == 0:
            os.chown(path, *map(int, self.environment["STACK_USER"].split(":")))

    def write_secret(self, path: Path, text: str) -> None:
        """Write a file that nobody else can ever read, and that is either complete or absent."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        self._give(unfinished)
        unfinished.replace(path)


def run(
    command: list[str],
    environment: dict[str, str] | None = None,
    *,
    text: str | None = None,
    timeout: float = 60,
    check: bool = True,
) -> str:
    """Return the command's output. Raises StackError with the end of its output if it fails."""
    try:
        done = subprocess.run(
            command, env=environment, input=text, capture_output=True, text=True, timeout=timeout, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise StackError(f"`{' '.join(command[:4])} …` took longer than {timeout:.0f} s.") from error
    if check and done.returncode != 0:
        raise StackError(f"`{' '.join(command[:4])} …` failed:\n{_end_of(done.stderr)}\n")
    return done.stdout.strip() if check else (done.stdout + done.stderr).strip()


def _end_of(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-LAST_LINES:])


def _check_values(environment: Mapping[str, str]) -> None:
    for name, (pattern, wanted) in _RULES.items():
        if (value := environment.get(name)) and not re.fullmatch(pattern, value):
            raise StackError(f"{name} must be {wanted}, not {value}.")
    for proxy in filter(None, environment.get("TRUSTED_PROXIES", "").split(",")):
        try:
            ip_network(proxy, strict=False)
        except ValueError as error:
            raise StackError(f"TRUSTED_PROXIES must name addresses and networks, not {proxy}.") from error


def _container_user() -> str:
    """Return `uid:gid` for the containers: of the secrets' owner, else of the current user, but not root."""
    if SECRETS.exists():
        owner = SECRETS.stat()
        return f"{owner.st_uid}:{owner.st_gid}"
    return f"{CONTAINER_USER}:{CONTAINER_USER}" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"


def say(text: str) -> None:
    """Print to the user on standard error; standard output is for requested data."""
    print(text, file=sys.stderr, flush=True)
