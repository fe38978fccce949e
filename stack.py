"""The production stack: what `./manage.py` does with it beyond handing on to `docker compose`.

Standard library only, like `manage.py`. The stack itself is docker/production.yml; what it needs of the
host is put in place here: the secrets, and the folders of backups, of logs and of the certificate.
"""

from __future__ import annotations

import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_network
from pathlib import Path

from stack_logs import save_log

ROOT = Path(__file__).resolve().parent
SECRETS = ROOT / "docker" / "secrets"
TLS = ROOT / "docker" / "tls"
BACKUPS = ROOT / "backups"
LOGS = ROOT / "logs"
NAMES = ("postgres-password", "application-password")
API_KEYS = "api-keys"
"""Of those who may write: entries of `rentomatic make-key`, which are added by hand."""

CONTAINER_USER = 10001
"""Who the containers run as where root made the secrets; else they run as whoever made them."""

_NUMBER = (r"[1-9]\d*", "a number from 1 on")
_PORT = (r"(\S+:)?\d{1,5}", "a port, perhaps behind an address and a colon")
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
    "STACK_USER": (r"\d+:\d+", "the numbers of a user and a group, like 1000:1000"),
}
"""How values look that only nginx or a container would find to be wrong, when it starts."""

_INSPECT = ("docker", "inspect", "--format")
_IN_NGINX = ("exec", "--no-TTY", "nginx")
_NGINX = ("nginx", "-c", "/etc/nginx/rentomatic/nginx.conf")
_WORKERS = ("sh", "-c", "for p in $(cat /proc/1/task/1/children); do cat /proc/$p/task/$p/children; done")
"""Prints the process ids of the workers: children of the server, which is one of the container's init."""

_HANG_UP = ("sh", "-c", "kill -HUP 1")
"""Sends SIGHUP from inside a container, whose init hands it on to the server.

`docker kill --signal HUP` would count as a stop by hand: the restart policy would leave the container down
after a crash or a reboot.
"""

_PROBE = ("python", "-m", "rentomatic.web.probe")
"""Asks the server of its container for a path; says on standard error what else than 200 came."""

_FIRST_START_WITHIN = 240.0
_STARTED_WITHIN = 30.0
"""Seconds until a new `web` answers, beside RENTOMATIC_START_TIMEOUT, which it may wait for the database."""

_READY_WITHIN = 10.0
"""Seconds for which a new `web` may answer that it is not ready, before it counts as broken. It has asked the
database before it answers at all, so that only an outage in just that moment needs any.
"""

_STOPPED_WITHIN = 120.0

_LINES = 50
"""Lines that are shown of what failed."""

_STORAGES = {
    "postgres": {"POSTGRES_HOSTNAME": "db", "MIGRATION": "init-postgres"},
    "mongo": {"MONGODB_HOSTNAME": "mongo", "MIGRATION": "migrate"},
}
"""What the application is told in each profile of the stack, and how its schema is made."""

_TEST_SERVERS = {
    "db": ("5432", "POSTGRES_TEST_URL", "postgresql://postgres@{}/postgres"),
    "mongo": ("27017", "MONGODB_TEST_URI", "mongodb://{}/?directConnection=true"),
}


_UNLOGGED = (
    "SET log_min_duration_statement = -1; SET log_min_error_statement = panic; SET log_statement = none;"
)
"""Said before a statement with a password: one that fails, or takes long, would stand in the server's log."""


class StackError(Exception):
    """What keeps the stack from doing what it was told; says what to do about it."""


class Stack:
    """The stack of one configuration.

    environment: the variables that docker compose fills in, those of the configuration included.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        if "COMPOSE_FILE" not in environment:
            raise StackError("The configuration names no COMPOSE_FILE: set APPLICATION_CONFIG=production.")
        if shutil.which("docker", path=environment.get("PATH")) is None:
            raise StackError("docker is not in PATH; the stack needs Docker with the compose plugin.")
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
        """Make what the containers are given, unless it is there."""
        for folder in (SECRETS, TLS, BACKUPS, LOGS):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._give(folder)
        for name in NAMES:
            if not (SECRETS / name).exists():
                self._write_secret(SECRETS / name, secrets.token_urlsafe(32))
                _say(f"Made docker/secrets/{name}.")
        if not (SECRETS / API_KEYS).exists():
            self._write_secret(
                SECRETS / API_KEYS, "# Entries of `make-key`, one a line; without one, writing is off."
            )
        for file in (*TLS.iterdir(), *SECRETS.iterdir()):
            self._give(file)

    def compose(self, arguments: Sequence[str]) -> int:
        """Run a command of docker compose in place of this process; its exit code where that cannot be."""
        self.prepare()
        command = ["docker", "compose", *arguments]
        if os.name == "posix":
            os.execvpe("docker", command, self.environment)  # noqa: S606 - this process becomes the command
        return subprocess.run(command, env=self.environment, check=False).returncode

    def tool(self, arguments: Sequence[str]) -> int:
        """Run a `rentomatic` command inside the stack, with this terminal, standard input and output.

        Raises StackError where the stack is not running: whoever has none may have meant another storage.
        """
        if not self._compose("ps", "--quiet"):
            local = ""
            if arguments[0] in ("backup", "restore"):
                local = f" For the local file rentomatic.db: .venv/bin/rentomatic {shlex.join(arguments)}"
            raise StackError(
                f"{arguments[0]} is for the production stack, which is not running: "
                f"./manage.py compose up -d. For another storage, name it in DATABASE_URL.{local}"
            )
        terminal = () if sys.stdin.isatty() and sys.stdout.isatty() else ("--no-TTY",)
        # Not its dependencies: they run, and a changed configuration is no reason to make them anew here.
        return self.compose(["run", "--rm", "--no-deps", *terminal, "tools", *arguments])

    @contextmanager
    def for_tests(self) -> Iterator[dict[str, str]]:
        """The variables that name servers for the tests, in containers of their own that go at the end."""
        self.environment["COMPOSE_PROJECT_NAME"] = f"rentomatic-test-{os.getpid()}"
        try:
            self._compose("up", "--detach", "--wait", timeout=600)
            yield {
                variable: url.format(self._compose("port", service, port))
                for service, (port, variable, url) in _TEST_SERVERS.items()
                if service in self._compose("ps", "--services").split()
            }
        finally:
            self._compose("down", "--volumes", "--timeout", "5")

    def deploy(self) -> None:
        """Build, migrate, and replace every `web` by a new one behind nginx, losing no request.

        Raises StackError; then the version that ran before is running.
        """
        self.prepare()
        with _only_one():
            running = self._containers()
            before = _image_of(running[0]) if running else None
            _say("Building the image …")
            self._compose("build", "--quiet", "web", timeout=1800)
            if before is None:
                self._start_first()
            else:
                with self._rolled_back_on_failure(before):
                    _say("Migrating …")
                    self._compose("run", "--rm", "--no-deps", "--no-TTY", "migrate")
                    self._replace_all()
                _run(["docker", "rmi", before], check=False)  # unless something else needs it
                self._reload_nginx()
            _say("Deployed.")

    def rotate(self) -> None:
        """Give the database new passwords, and the application with them."""
        self.prepare()
        with _only_one():
            roles = dict(zip(NAMES, ("postgres", self.environment["POSTGRES_USER"]), strict=True))
            for name, role in roles.items():
                new = SECRETS / f"{name}.new"
                if not new.exists():  # else an earlier rotation was interrupted: go on with its password
                    self._write_secret(new, secrets.token_urlsafe(32))
                # Made of letters, digits, - and _: nothing that would have to be quoted.
                self._sql(f"ALTER ROLE \"{role}\" PASSWORD '{new.read_text().strip()}';")
                new.replace(SECRETS / name)
                _say(f"{role} has a new password, in docker/secrets/{name}.")
            self._replace_all()

    def _start_first(self) -> None:
        try:
            self._compose("up", "--detach", "--wait", "--no-build", timeout=_FIRST_START_WITHIN)
        except StackError:
            _say(self._compose("logs", "--no-color", "--tail", str(_LINES)))
            raise

    def reload(self) -> None:
        """Let every `web` read the keys again, and nginx its configuration, losing no request.

        Raises StackError where a container cannot be reached; the others are reloaded.
        """
        self.prepare()
        with _only_one():
            running = self._containers()
            if not running:
                raise StackError("The stack is not running: ./manage.py compose up -d.")
            # Reads all settings, the keys among them, and changes nothing. A server keeps its old settings
            # where the new ones are wrong, and says so in its log only.
            self._compose("run", "--rm", "--no-deps", "--no-TTY", "tools", "migrate", "--sql")
            failures = []
            reloads: list[Callable[[], None]] = [partial(self._reload_web, name) for name in running]
            for reload in [*reloads, self._reload_nginx]:
                try:
                    reload()
                except StackError as error:
                    failures.append(str(error))
            if failures:
                raise StackError("\n".join(["Not everything was reloaded.", *failures]))
            _say("Reloaded.")

    def _reload_web(self, container: str) -> None:
        keys = _run(["docker", "exec", container, "cat", f"/run/secrets/{API_KEYS}"])
        if keys == (SECRETS / API_KEYS).read_text().strip():
            old = _workers_of(container)
            _run(["docker", "exec", container, *_HANG_UP])
            _wait_until_replaced(container, old)
        else:  # it has the file that it was started with, and an editor put another one in its place
            self._replace([container])

    @contextmanager
    def _rolled_back_on_failure(self, image: str) -> Iterator[None]:
        try:
            yield
        except (StackError, KeyboardInterrupt) as error:
            _say("Going back to the version from before …")
            newer = [container for container in self._containers() if _image_of(container) != image]
            why = str(error) or "Interrupted."
            try:
                failed = self._take_back_tag(image)
                self._compose("rm", "--force", "--stop", "migrate")  # which may be of the failed image
                self._replace(newer)
                if failed != image:
                    _run(["docker", "rmi", failed], check=False)
            except StackError as another:
                raise StackError(f"{why} Going back failed as well: {another} Run deploy again.") from error
            raise StackError(f"{why} The version from before is running.") from error

    def _take_back_tag(self, image: str) -> str:
        """Give the name of the image of `web` back to the one from before; the one that had it."""
        running = self._containers()
        if not running:
            return image
        name = _run([*_INSPECT, "{{.Config.Image}}", running[0]])
        failed = _run(["docker", "image", *_INSPECT[1:], "{{.Id}}", name])
        _run(["docker", "tag", image, name])
        return failed

    def _replace_all(self) -> None:
        """Put a new container for each one of `web`, one by one."""
        # One that has ended would be started again in the place of a new one.
        for container in self._compose("ps", "--status", "exited", "--format", "{{.Name}}", "web").split():
            self._save_log(container)
        self._compose("rm", "--force", "web")
        self._replace(self._containers())

    def _replace(self, old: list[str]) -> None:
        try:
            for number, container in enumerate(old, 1):
                _say(f"Replacing web {number} of {len(old)} …")
                self._add_one()
                self._take_out(container)
        finally:  # or `compose start web` would miss it
            self._compose("up", "--detach", "--no-recreate", "--no-build", "migrate")

    def _add_one(self) -> None:
        there = self._containers()
        # Not --no-deps: what was made with it, compose takes for changed at the next `up` and makes anew,
        # all at once. Without a container, migrate does not run again, be it of the version before.
        alone = ("--no-recreate", "--no-build", "--scale", "migrate=0")
        try:
            self._compose("up", "--detach", *alone, "--scale", f"web={len(there) + 1}", "web")
            for container in self._containers(but=there):
                self._wait_until_ready(container)
                self._tell_nginx("joined", _address_of(container))
        except BaseException:  # also when interrupted: one too many would stay
            for container in self._containers(but=there):
                _say(_run(["docker", "logs", "--tail", str(_LINES), container], check=False))
                if log := self._remove(container):
                    _say(f"The whole log of {container} is in {log.relative_to(ROOT)}.")
            raise

    def _take_out(self, container: str) -> None:
        """End a container after nginx has stopped to send it requests."""
        address = _address_of(container)
        try:
            self._let_go(container, address)
        except KeyboardInterrupt:  # half gone, and Docker might start it again
            self._let_go(container, address)
            raise

    def _let_go(self, container: str, address: str) -> None:
        try:
            self._tell_nginx("leave", address)
            self._remove(container)
        finally:  # whatever happened: the next container may get the address
            self._tell_nginx("left", address)

    def _tell_nginx(self, word: str, address: str) -> None:
        try:
            self._compose(*_IN_NGINX, "sh", "/etc/nginx/rentomatic/follow.sh", word, address)
        except StackError as error:
            raise StackError(
                f"nginx did not take up `{word} {address}`: see `./manage.py compose logs nginx`, "
                "or start it anew by `./manage.py compose restart nginx`."
            ) from error

    def _reload_nginx(self) -> None:
        """Let nginx take up what changed in docker/nginx, unless it cannot run with it."""
        try:
            self._compose(*_IN_NGINX, *_NGINX, "-t", "-q")
        except StackError as error:
            raise StackError(f"nginx goes on with its former configuration: {error}") from error
        self._compose(*_IN_NGINX, *_NGINX, "-s", "reload")

    def _remove(self, container: str) -> Path | None:
        """Stop a container and keep its log; the file, None where it could not be written."""
        _run(["docker", "stop", container], timeout=_STOPPED_WITHIN)
        log = self._save_log(container)
        _run(["docker", "rm", container])
        return log

    def _save_log(self, container: str) -> Path | None:
        try:
            return save_log(container, LOGS)
        except (OSError, subprocess.SubprocessError) as error:  # no reason to leave the container in place
            _say(f"Could not save the log of {container}: {error}")
            return None

    def _wait_until_ready(self, container: str) -> None:
        """Return as soon as the server of a new container is ready.

        Raises StackError, which says what it answered: at once where it has ended, soon where it answers that
        it is not ready, later where it does not answer at all.
        """
        starting = float(self.environment.get("RENTOMATIC_START_TIMEOUT") or 0) + _STARTED_WITHIN
        end, answers = time.monotonic() + starting, False
        while True:
            running, restarts = _run([*_INSPECT, "{{.State.Running}} {{.RestartCount}}", container]).split()
            if running != "true" or restarts != "0":
                raise StackError(f"The new {container} ended by itself: see its log above.")
            why = _probe(container, "/health/ready")
            if not why:
                return
            if not answers and not _probe(container, "/health/live"):
                end, answers = time.monotonic() + _READY_WITHIN, True
            if time.monotonic() > end:
                raise StackError(f"The new {container} did not become ready. {why}")
            time.sleep(0.5)

    def _containers(self, but: Sequence[str] = ()) -> list[str]:
        """The names of the containers of `web` that run, the oldest first."""
        listed = set(self._compose("ps", "--format", "{{.Name}}", "web").split()) - set(but)
        return sorted(listed, key=lambda name: int(name.rpartition("-")[2]))

    def _sql(self, statement: str) -> None:
        # By standard input: arguments of a process can be seen by others.
        psql = (
            "psql",
            "--no-psqlrc",
            "--quiet",
            "-v",
            "ON_ERROR_STOP=1",
            "--username=postgres",
            "--dbname=postgres",
        )
        self._compose("exec", "--no-TTY", "db", *psql, text=f"{_UNLOGGED} {statement}")

    def _compose(self, *arguments: str, text: str | None = None, timeout: float = 600) -> str:
        return _run(["docker", "compose", *arguments], self.environment, text=text, timeout=timeout)

    def _give(self, path: Path) -> None:
        """Let the containers read it, where it was made by root, who is none of them."""
        if os.geteuid() == 0:
            os.chown(path, *map(int, self.environment["STACK_USER"].split(":")))

    def _write_secret(self, path: Path, text: str) -> None:
        """A file that nobody else can read, not even for a moment, and that is whole or not there."""
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        self._give(unfinished)
        unfinished.replace(path)


def _probe(container: str, path: str) -> str:
    """What is wrong with the answer of the server in a container, nothing where it is 200."""
    try:
        _run(["docker", "exec", container, *_PROBE, path], timeout=10)
    except StackError as error:
        return str(error).partition("\n")[2].strip() or str(error)
    return ""


def _workers_of(container: str) -> set[str]:
    return set(_run(["docker", "exec", container, *_WORKERS]).split())


def _wait_until_replaced(container: str, old: set[str]) -> None:
    """Return when none of the old workers is left: until then, keys that were revoked still work."""
    end = time.monotonic() + _STOPPED_WITHIN
    while old & _workers_of(container):
        if time.monotonic() > end:
            raise StackError(f"{container} still has a worker from before: see its log.")
        time.sleep(0.5)


def _image_of(container: str) -> str:
    return _run([*_INSPECT, "{{.Image}}", container])


def _address_of(container: str) -> str:
    """Where nginx finds it."""
    form = "{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{$network.IPAddress}}\n{{end}}"
    lines = (line.split() for line in _run([*_INSPECT, form, container]).splitlines())
    return next(address for name, address in lines if name.endswith("_front"))


def _run(
    command: list[str],
    environment: dict[str, str] | None = None,
    *,
    text: str | None = None,
    timeout: float = 60,
    check: bool = True,
) -> str:
    """What the command prints. Raises StackError with its last words where it fails."""
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
    return "\n".join(text.strip().splitlines()[-_LINES:])


@contextmanager
def _only_one() -> Iterator[None]:
    """Two at once would replace each other's containers."""
    import fcntl  # not on Windows, where all but deployments works

    with (SECRETS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StackError("Another deployment is going on.") from error
        yield


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
    """Who the containers run as: whoever owns the secrets, be it root or another who calls now."""
    if SECRETS.exists():
        owner = SECRETS.stat()
        return f"{owner.st_uid}:{owner.st_gid}"
    return f"{CONTAINER_USER}:{CONTAINER_USER}" if os.geteuid() == 0 else f"{os.getuid()}:{os.getgid()}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
