#!/usr/bin/env python3
"""The operator's tool: sets up what a command needs, then hands over to it. `--help` lists the commands.

Needs nothing but Python 3.11 or newer. The environment is made in .venv on first use, and again
when the pinned requirements change. Variables that the environment leaves unset are filled from
config/<APPLICATION_CONFIG>.json: `development` unless it is set, and `production` for the stack. Its
DATABASE_URL does not count where the environment has a part of a server's address, POSTGRES_… or
MONGODB_….
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from inspect import cleandoc
from pathlib import Path

from stack import commands, former
from stack.compose import Stack, StackError

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
PYTEST = (str(PYTHON), "-m", "pytest")
FAILED, BAD_USAGE = 1, 2
LONGEST_SET_UP = 900.0
"""Seconds that a command waits for another one to set up .venv."""

IN_PARALLEL = (
    f"--numprocesses={min(6, (os.cpu_count() or 1) + 2)}",  # two more than processors: many tests wait
    "--dist=loadfile",  # what a file shares is set up once
    "--no-loadscope-reorder",  # browsers and servers, which take long, come first as they are
)
LOCAL = {
    "serve": "run the page and the API; loads sample rooms on first use",
    **commands.ON_ROOMS,
    "copy": "copy all rooms to another storage and compare both; asks first if the target has rooms",
    "sample": "write made-up rooms to import",
}
"""The commands on this machine's storage."""

FOR_THE_STACK = {
    **commands.ELSEWHERE,
    "init-postgres": "create the database and its schema; on another server if the environment names one",
    "stack": "run a command on the stack: search, import, backup, restore …; see stack --help",
}
STORAGES = ("DATABASE_URL", "POSTGRES_HOSTNAME", "MONGODB_HOSTNAME")
PARTS = (
    *(
        f"{server}_{part}"
        for server in ("POSTGRES", "MONGODB")
        for part in ("PORT", "USER", "PASSWORD", "DB")
    ),
    "APPLICATION_DB",
)
"""The variables that choose a storage, and those that are a part of one."""

BACKUPS = "RENTOMATIC_BACKUP_DIRECTORY"
"""Where the backups of this machine are: not in backups/, where the stack has its own."""


PROGRAM = "RENTOMATIC_PROGRAM"
"""How messages call the program when they say what to type."""


def main() -> int:
    if sys.version_info < (3, 11):
        return complain(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    command, *arguments = sys.argv[1:] or ["--help"]
    if command in ("-h", "--help", "help"):
        print(help_text())
        return 0
    try:
        if is_for_the_stack(command, arguments, os.environ):
            return on_the_stack(command, arguments)
        if command in DEVELOPER_COMMANDS:
            return on_the_project(command, arguments)
        return on_this_machine(command, arguments)
    except commands.UsageError as error:
        return complain(str(error), BAD_USAGE)
    except (SetUpError, StackError) as error:
        return complain(str(error), FAILED)


def help_text() -> str:
    first_lines = {name: (act.__doc__ or "").partition("\n")[0] for name, act in DEVELOPER_COMMANDS.items()}
    on_the_project = {name: f"{line[0].lower()}{line[1:].rstrip('.')}" for name, line in first_lines.items()}
    return f"""\
Usage: ./manage.py COMMAND [ARGUMENTS]

This machine's storage: rentomatic.db beside manage.py, or what DATABASE_URL or POSTGRES_HOSTNAME … names
{commands.table(LOCAL)}

The production stack, in Docker
{commands.table(FOR_THE_STACK)}

The project itself
{commands.table(on_the_project)}

Each has --help. The same word always acts on the same storage: `backup` on this machine's, `stack backup`
on the production stack's. Commands that overwrite or remove something ask first; --yes skips the question,
and is required without a terminal."""


def is_for_the_stack(command: str, arguments: list[str], environment: Mapping[str, str]) -> bool:
    """Whether the command is about the production stack; `init-postgres` only where no storage is named.

    Help of what runs in the stack is for this machine: it needs no stack.
    """
    if command == "init-postgres":
        config = environment.get("APPLICATION_CONFIG") or "production"
        return config == "production" and not names_storage(environment) and not wants_help(arguments)
    inside = command == "stack" and not commands.INSIDE.keys().isdisjoint(arguments[:1])
    return command in FOR_THE_STACK and not (inside and wants_help(arguments))


def on_the_stack(command: str, arguments: list[str]) -> int:
    """Raises SetUpError, StackError and UsageError."""
    environment = configured({"APPLICATION_CONFIG": "production", **os.environ})
    if command == "stack":
        return commands.run(arguments, environment)
    if command == "deploy":
        return commands.deploy(arguments, environment)
    if command == "compose":
        return Stack(environment).compose(arguments)
    return Stack(environment).tool([command, *arguments])


def on_this_machine(command: str, arguments: list[str]) -> int:
    """Raises SetUpError and UsageError."""
    environment = configured(os.environ)
    if command == "stack":  # help of a command that runs inside
        command, *arguments = arguments
        environment["RENTOMATIC_STACK"] = commands.name_of(environment)
    if not wants_help(arguments):
        chosen = os.environ.get("APPLICATION_CONFIG", "")
        named = names_storage(environment if chosen else os.environ)
        former.refuse(command, arguments, chosen, None if named else environment.get("DATABASE_URL", ""))
    if command not in (*LOCAL, "init-postgres"):
        raise commands.unknown(command, [*commands.NAMES, *LOCAL, *FOR_THE_STACK, *DEVELOPER_COMMANDS])
    set_up("prod")
    if not is_set(environment, BACKUPS):
        environment[BACKUPS] = str(ROOT / "local-backups")
    if command == "serve":
        arguments = ["--sample", *arguments]
    environment[PROGRAM] = as_typed(sys.argv[0])
    return run([str(PYTHON), "-m", "rentomatic", command, *arguments], environment, Path.cwd())


def as_typed(script: str) -> str:
    """Return the command by which a user starts this script: its path, or Python with its name."""
    return shlex.quote(script) if "/" in script else f"python3 {shlex.quote(script)}"


def names_storage(environment: Mapping[str, str]) -> bool:
    return any(is_set(environment, name) for name in STORAGES)


def wants_help(arguments: list[str]) -> bool:
    return bool({"-h", "--help"} & set(arguments))


def on_the_project(command: str, arguments: list[str]) -> int:
    """Raises SetUpError."""
    act, help_wanted = DEVELOPER_COMMANDS[command], wants_help(arguments)
    if help_wanted and command != "bench":
        print(f"Usage: ./manage.py {command}\n\n{cleandoc(act.__doc__ or '')}")
        return 0
    set_up("prod" if help_wanted else "test")
    return act(arguments)


def test(arguments: list[str]) -> int:
    """Run all tests but those of the stack; arguments go to pytest.

    --stack: run the tests of the stack, one after the other since they need the whole machine.
    --docker: run on servers in containers, which are removed at the end.
    --fuzz: send ten thousand requests made by Schemathesis; --fuzz-seed N repeats them.
    """
    # Tests start hundreds of processes: to compile the project in each takes as long as to import it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if "--docker" in arguments:
        arguments = [argument for argument in arguments if argument != "--docker"]
        stack = Stack(configured({"APPLICATION_CONFIG": "testing", **os.environ}))
        with stack.for_tests() as servers:
            command = [*PYTEST, *(arguments or IN_PARALLEL)]
            return run(command, {**environment, **servers}, ROOT, replace=False)
    if "--stack" in arguments:
        arguments = ["tests/deployment", *(argument for argument in arguments if argument != "--stack")]
    if "--fuzz" in arguments:
        arguments = ["tests/web/api/test_fuzz.py", "--capture=no", *arguments]
    return run([*PYTEST, *(arguments or IN_PARALLEL)], environment, ROOT)


def bench(arguments: list[str]) -> int:
    """Measure speed and memory, compared with peers; see bench --help."""
    return run([str(PYTHON), "-m", "benchmarks", *arguments], os.environ, ROOT)


class SetUpError(Exception):
    """What keeps the environment from being set up."""


def set_up(requirements: str) -> None:
    """Make .venv and install the pinned requirements and the project, unless that is done.

    requirements: `prod`, or `test`, which holds those of `prod` as well.
    """
    state = VENV / "installed.json"
    wanted = {name: fingerprint(name) for name in ("prod", "test")}
    if read_state(state).get(requirements) != wanted[requirements]:
        with no_other_set_up():
            installed = read_state(state)
            if installed.get(requirements) != wanted[requirements]:
                install(requirements, wanted, installed, state)


@contextmanager
def no_other_set_up() -> Iterator[None]:
    """Wait for another command that sets up .venv, since both would remove what the other installs."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    end, told = time.monotonic() + LONGEST_SET_UP, False
    try:
        lock = VENV.with_name(".venv.lock").open("w")
    except OSError as error:
        raise SetUpError(f"cannot create {VENV}: {error}") from error
    with lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise SetUpError("another command has been setting up .venv for too long") from None
                if not told:
                    print("Another command is setting up .venv: waiting for it …", file=sys.stderr)
                    told = True
                time.sleep(0.2)
        yield


def install(requirements: str, wanted: dict[str, str], installed: dict[str, str], state: Path) -> None:
    """Install the requirements and the project into .venv, and note what is installed."""
    print(f"Setting up {VENV.relative_to(ROOT)} ({requirements}) …", file=sys.stderr)
    try:
        if not installed:  # nothing there, or what a set-up that was interrupted left behind
            venv.create(VENV, with_pip=True, clear=True)
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        files = ("build.txt", f"{requirements}.txt")
        options = [part for file in files for part in ("-r", str(ROOT / "requirements" / file))]
        subprocess.run([*pip, "--require-hashes", *options], check=True)
        subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], check=True)
    except subprocess.CalledProcessError as error:
        if "ensurepip" in error.cmd:
            missing = "this Python has no ensurepip; Debian and Ubuntu have it in the package python3-venv"
            raise SetUpError(f"cannot create {VENV}: {missing}") from error
        raise SetUpError(f"`{' '.join(error.cmd[2:5])} …` failed: see above. Nothing was started.") from error
    except OSError as error:
        raise SetUpError(f"cannot create {VENV}: {error}") from error
    done = {"prod": wanted["prod"]} if requirements == "prod" else wanted
    unfinished = state.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(done))
    unfinished.replace(state)


def read_state(path: Path) -> dict[str, str]:
    """What is installed; nothing where that cannot be told."""
    try:
        state = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and PYTHON.exists() else {}


def fingerprint(requirements: str) -> str:
    """A digest of all that decides what is installed."""
    files = (
        ROOT / "requirements" / "build.txt",
        ROOT / "requirements" / f"{requirements}.txt",
        ROOT / "pyproject.toml",
    )
    content = b"".join(file.read_bytes() for file in files)
    return hashlib.sha256(content + sys.version.encode() + str(ROOT).encode()).hexdigest()


def configured(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment, with what it leaves unset or empty filled from the configuration file.

    Where the environment chooses a storage, or sets a part of one, the choice of the file does not count.
    """
    name = environment.get("APPLICATION_CONFIG") or "development"
    path = ROOT / "config" / f"{name}.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        defaults = {entry["name"]: from_root(as_text(entry["value"])) for entry in entries}
    except FileNotFoundError as error:
        raise SetUpError(f"APPLICATION_CONFIG names {path}, which does not exist.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise SetUpError(f'{path} is not a list of {{"name": …, "value": …}}: {error}') from error
    chosen: tuple[str, ...] = ()
    if names_storage(environment):
        chosen = STORAGES
    elif any(is_set(environment, name) for name in PARTS):
        chosen = ("DATABASE_URL",)  # the part means a server, which the file may name
    wanted = (n for n in defaults if n.removesuffix("_FILE") not in chosen and not is_set(environment, n))
    return {**environment, **{n: defaults[n] for n in wanted}}


def is_set(environment: Mapping[str, str], name: str) -> bool:
    """Whether a variable has a value, or a file that holds it."""
    name = name.removesuffix("_FILE")
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def as_text(value: object) -> str:
    """A text, or a number as it is written. Raises TypeError for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"{value!r} is neither a text nor a number")
    return str(value)


def from_root(value: str) -> str:
    """A relative SQLite path in a configuration file counts from the project, wherever one stands."""
    prefix = "sqlite:///"
    path = value[len(prefix) :]
    if value.lower().startswith(prefix) and not path.startswith("/"):
        return f"{prefix}{(ROOT / path).as_posix()}"
    return value


def lint(_: list[str]) -> int:
    """Run ruff, mypy and import-linter; fails if one of them fails."""
    checks = (
        [str(BIN / "ruff"), "format", "--check", "."],
        [str(BIN / "ruff"), "check", "."],
        [str(BIN / "mypy")],
        [str(BIN / "lint-imports"), "--no-cache"],
    )
    # Not max(): a check that was killed by a signal has a negative code. All of them run.
    codes = [run(check, os.environ, ROOT) for check in checks]
    return int(any(codes))


def lock(_: list[str]) -> int:
    """Pin the requirements of pyproject.toml again, with hashes, for every platform."""
    compile_ = ["pip", "compile", "--quiet", "--universal", "--python-version", "3.11",
                "--generate-hashes", "--no-header", "--upgrade"]  # fmt: skip
    files = (
        ("requirements/build.txt", ["requirements/build.in"]),
        ("requirements/prod.txt", ["pyproject.toml", "--extra", "gunicorn"]),
        ("requirements/test.txt", ["pyproject.toml", "--extra", "test"]),
    )
    locks = ([str(BIN / "uv"), *compile_, *sources, "-o", file] for file, sources in files)
    codes = [run(command, os.environ, ROOT) for command in locks]
    return int(any(codes))


def vendor(_: list[str]) -> int:
    """Fetch Leaflet, axe-core and the base map again, as package.json pins them; needs npm."""
    return run([str(PYTHON), "-m", "vendoring"], os.environ, ROOT)


def run(
    command: list[str], environment: os._Environ[str] | dict[str, str], folder: Path, *, replace: bool = True
) -> int:
    """Run a command to its end and give its exit code; signals reach it as if it had been called itself."""
    if replace and os.name != "nt" and command[1:3] in (["-m", "rentomatic"], ["-m", "pytest"]):
        os.chdir(folder)
        os.execve(command[0], command, dict(environment))  # noqa: S606 - this process becomes the command
    return subprocess.run(command, env=dict(environment), cwd=folder, check=False).returncode


def complain(message: str, code: int = FAILED) -> int:
    print(f"manage.py: {message}", file=sys.stderr)
    return code


DEVELOPER_COMMANDS = {"test": test, "lint": lint, "bench": bench, "lock": lock, "vendor": vendor}

if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
