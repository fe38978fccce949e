"""Changes without downtime: a new version, new passwords, new keys."""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stack.compose import API_KEYS, LAST_LINES, LOGS, NAMES, ROOT, SECRETS, Stack, StackError, run, say
from stack.logs import save_log

_INSPECT = ("docker", "inspect", "--format")
_IN_NGINX = ("exec", "--no-TTY", "nginx")
_NGINX = ("nginx", "-c", "/etc/nginx/rentomatic/nginx.conf")
_WORKERS = ("sh", "-c", "for p in $(cat /proc/1/task/1/children); do cat /proc/$p/task/$p/children; done")
"""Prints the process ids of the workers: children of the server, which is a child of the container's init."""

_HANG_UP = ("sh", "-c", "kill -HUP 1")
"""Sends SIGHUP from inside a container, whose init passes it on to the server.

`docker kill --signal HUP` would count as a manual stop: the restart policy would leave the container down
after a crash or a reboot.
"""

_PROBE_PROGRAM = """
import sys
try:
    from rentomatic.server.probe import probe
except ModuleNotFoundError:  # the image of an older version, which a deployment goes back to
    from rentomatic.web.probe import probe
sys.exit(probe(sys.argv[1]))
"""
_PROBE = ("python", "-c", _PROBE_PROGRAM)
"""Requests a path from the server in its container; prints anything but a 200 on standard error."""

_FIRST_START_WITHIN = 240.0
_STARTED_WITHIN = 30.0
"""Seconds until a new `web` responds, in addition to RENTOMATIC_START_TIMEOUT for the database."""

_READY_WITHIN = 10.0
"""Seconds for which a new `web` may respond that it is not ready, before it counts as broken.

It has reached the database before it responds at all, so only an outage at that very moment needs any.
"""

_STOPPED_WITHIN = 120.0

_UNLOGGED = (
    "SET log_min_duration_statement = -1; SET log_min_error_statement = panic; SET log_statement = none;"
)
"""Keeps a statement with a password out of the server's log, even if it is slow or fails."""


class Rollout:
    """A stack whose `web` containers are replaced one by one."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack

    def deploy(self) -> None:
        """Build, migrate, and replace every `web` behind nginx, losing no request.

        Raises StackError; the previous version is running then.
        """
        self._stack.prepare()
        with _only_one():
            running = self._containers()
            before = _image_of(running[0]) if running else None
            say("Building the image …")
            self._stack.ask("build", "--quiet", "web", timeout=1800)
            if before is None:
                self._start_first()
            else:
                with self._rolled_back_on_failure(before):
                    say("Migrating …")
                    self._stack.ask("run", "--rm", "--no-deps", "--no-TTY", "migrate")
                    self._replace_all()
                run(["docker", "rmi", before], check=False)  # unless something else needs it
                self._reload_nginx()
            say("Deployed.")

    def rotate_secrets(self) -> None:
        """Give the database new passwords, and restart the application with them."""
        self._stack.prepare()
        with _only_one():
            roles = dict(zip(NAMES, ("postgres", self._stack.environment["POSTGRES_USER"]), strict=True))
            for name, role in roles.items():
                new = SECRETS / f"{name}.new"
                if not new.exists():  # else an earlier rotation was interrupted: continue with its password
                    self._stack.write_secret(new, secrets.token_urlsafe(32))
                # Consists of letters, digits, - and _, so it needs no quoting.
                self._sql(f"ALTER ROLE \"{role}\" PASSWORD '{new.read_text().strip()}';")
                new.replace(SECRETS / name)
                say(f"{role} has a new password, in docker/secrets/{name}.")
            self._replace_all()

    def _start_first(self) -> None:
        try:
            self._stack.ask("up", "--detach", "--wait", "--no-build", timeout=_FIRST_START_WITHIN)
        except StackError:
            say(self._stack.ask("logs", "--no-color", "--tail", str(LAST_LINES)))
            raise

    def reload(self) -> None:
        """Let every `web` reload its keys, and nginx its configuration, losing no request.

        Raises StackError if a container cannot be reached; the others are reloaded.
        """
        self._stack.prepare()
        with _only_one():
            running = self._containers()
            if not running:
                raise StackError("The stack is not running: ./manage.py compose up -d.")
            # Reads all settings, including the keys, and changes nothing. With invalid settings a server
            # keeps its old ones, and says so only in its log.
            self._stack.ask("run", "--rm", "--no-deps", "--no-TTY", "tools", "migrate", "--sql")
            failures = []
            reloads: list[Callable[[], None]] = [partial(self._reload_web, name) for name in running]
            for reload in [*reloads, self._reload_nginx]:
                try:
                    reload()
                except StackError as error:
                    failures.append(str(error))
            if failures:
                raise StackError("\n".join(["Not everything was reloaded.", *failures]))
            say("Reloaded.")

    def _reload_web(self, container: str) -> None:
        keys = run(["docker", "exec", container, "cat", f"/run/secrets/{API_KEYS}"])
        if keys == (SECRETS / API_KEYS).read_text().strip():
            old = _workers_of(container)
            run(["docker", "exec", container, *_HANG_UP])
            _wait_until_replaced(container, old)
        else:  # its file is the one it was started with, which an editor has replaced
            self._replace([container])

    @contextmanager
    def _rolled_back_on_failure(self, image: str) -> Iterator[None]:
        try:
            yield
        except (StackError, KeyboardInterrupt) as error:
            say("Rolling back to the previous version …")
            newer = [container for container in self._containers() if _image_of(container) != image]
            why = str(error) or "Interrupted."
            try:
                failed = self._take_back_tag(image)
                self._stack.ask("rm", "--force", "--stop", "migrate")  # it may be of the failed image
                self._replace(newer)
                if failed != image:
                    run(["docker", "rmi", failed], check=False)
            except StackError as another:
                raise StackError(f"{why} Rolling back failed as well: {another} Run deploy again.") from error
            raise StackError(f"{why} The previous version is running.") from error

    def _take_back_tag(self, image: str) -> str:
        """Return the name of the `web` image to the previous image; return the image that had it."""
        running = self._containers()
        if not running:
            return image
        name = run([*_INSPECT, "{{.Config.Image}}", running[0]])
        failed = run(["docker", "image", *_INSPECT[1:], "{{.Id}}", name])
        run(["docker", "tag", image, name])
        return failed

    def _replace_all(self) -> None:
        """Replace every container of `web` by a new one, one by one."""
        # Compose would restart an exited container instead of creating a new one.
        for container in self._stack.ask("ps", "--status", "exited", "--format", "{{.Name}}", "web").split():
            self._save_log(container)
        self._stack.ask("rm", "--force", "web")
        self._replace(self._containers())

    def _replace(self, old: list[str]) -> None:
        try:
            for number, container in enumerate(old, 1):
                say(f"Replacing web {number} of {len(old)} …")
                self._add_one()
                self._take_out(container)
        finally:  # else `compose start web` would not start it
            self._stack.ask("up", "--detach", "--no-recreate", "--no-build", "migrate")

    def _add_one(self) -> None:
        there = self._containers()
        # Without --no-deps, because compose would consider the containers changed at the next `up` and
        # recreate them all at once. With zero containers, migrate does not run again, even from an older
        # version.
        alone = ("--no-recreate", "--no-build", "--scale", "migrate=0")
        try:
            self._stack.ask("up", "--detach", *alone, "--scale", f"web={len(there) + 1}", "web")
            for container in self._containers(but=there):
                self._wait_until_ready(container)
                self._tell_nginx("joined", _address_of(container))
        except BaseException:  # even when interrupted, because an extra container would stay
            for container in self._containers(but=there):
                say(run(["docker", "logs", "--tail", str(LAST_LINES), container], check=False))
                if log := self._remove(container):
                    say(f"The full log of {container} is in {log.relative_to(ROOT)}.")
            raise

    def _take_out(self, container: str) -> None:
        """Stop a container after nginx has stopped sending it requests."""
        address = _address_of(container)
        try:
            self._let_go(container, address)
        except KeyboardInterrupt:  # half stopped, and Docker might restart it
            self._let_go(container, address)
            raise

    def _let_go(self, container: str, address: str) -> None:
        try:
            self._tell_nginx("leave", address)
            self._remove(container)
        finally:  # always, because the next container may get the address
            self._tell_nginx("left", address)

    def _tell_nginx(self, word: str, address: str) -> None:
        try:
            self._stack.ask(*_IN_NGINX, "sh", "/etc/nginx/rentomatic/follow.sh", word, address)
        except StackError as error:
            raise StackError(
                f"nginx did not take up `{word} {address}`: see `./manage.py compose logs nginx`, "
                "or restart it with `./manage.py compose restart nginx`."
            ) from error

    def _reload_nginx(self) -> None:
        """Let nginx load changes in docker/nginx, unless they are invalid."""
        try:
            self._stack.ask(*_IN_NGINX, *_NGINX, "-t", "-q")
        except StackError as error:
            raise StackError(f"nginx keeps its previous configuration: {error}") from error
        self._stack.ask(*_IN_NGINX, *_NGINX, "-s", "reload")

    def _remove(self, container: str) -> Path | None:
        """Stop and remove a container; return the file with its log, None if it could not be written."""
        run(["docker", "stop", container], timeout=_STOPPED_WITHIN)
        log = self._save_log(container)
        run(["docker", "rm", container])
        return log

    def _save_log(self, container: str) -> Path | None:
        try:
            return save_log(container, LOGS)
        except (OSError, subprocess.SubprocessError) as error:  # not a reason to keep the container
            say(f"Could not save the log of {container}: {error}")
            return None

    def _wait_until_ready(self, container: str) -> None:
        """Return as soon as the server of a new container is ready.

        Raises StackError with what it responded: at once if it has ended, soon if it responds that it is not
        ready, and later if it does not respond at all.
        """
        starting = float(self._stack.environment.get("RENTOMATIC_START_TIMEOUT") or 0) + _STARTED_WITHIN
        end, answers = time.monotonic() + starting, False
        while True:
            running, restarts = run([*_INSPECT, "{{.State.Running}} {{.RestartCount}}", container]).split()
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
        """Return the names of the running `web` containers, oldest first."""
        listed = set(self._stack.ask("ps", "--format", "{{.Name}}", "web").split()) - set(but)
        return sorted(listed, key=lambda name: int(name.rpartition("-")[2]))

    def _sql(self, statement: str) -> None:
        # On standard input, because other users can see a process's arguments.
        psql = (
            "psql",
            "--no-psqlrc",
            "--quiet",
            "-v",
            "ON_ERROR_STOP=1",
            "--username=postgres",
            "--dbname=postgres",
        )
        self._stack.ask("exec", "--no-TTY", "db", *psql, text=f"{_UNLOGGED} {statement}")


def _probe(container: str, path: str) -> str:
    """Return what is wrong with the response of the server in a container, empty for a 200."""
    try:
        run(["docker", "exec", container, *_PROBE, path], timeout=10)
    except StackError as error:
        return str(error).partition("\n")[2].strip() or str(error)
    return ""


def _workers_of(container: str) -> set[str]:
    return set(run(["docker", "exec", container, *_WORKERS]).split())


def _wait_until_replaced(container: str, old: set[str]) -> None:
    """Return when all old workers have ended; until then, revoked keys still work."""
    end = time.monotonic() + _STOPPED_WITHIN
    while old & _workers_of(container):
        if time.monotonic() > end:
            raise StackError(f"{container} still has a worker with the old settings: see its log.")
        time.sleep(0.5)


def _image_of(container: str) -> str:
    return run([*_INSPECT, "{{.Image}}", container])


def _address_of(container: str) -> str:
    """Return the address at which nginx finds it."""
    form = "{{range $name, $network := .NetworkSettings.Networks}}{{$name}} {{$network.IPAddress}}\n{{end}}"
    lines = (line.split() for line in run([*_INSPECT, form, container]).splitlines())
    return next(address for name, address in lines if name.endswith("_front"))


@contextmanager
def _only_one() -> Iterator[None]:
    """Prevent two rollouts at once, which would replace each other's containers."""
    import fcntl  # not on Windows, where everything but deployments works

    with (SECRETS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StackError("Another deployment is in progress.") from error
        yield
