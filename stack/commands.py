"""`./manage.py stack COMMAND`: the only commands that act on the production stack, except `OTHERS`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches

from stack.compose import Stack, StackError
from stack.rollout import Rollout

ON_ROOMS = {
    "search": "find rooms",
    "show": "show one room",
    "summary": "count the matching rooms; lowest and highest values, histogram of prices",
    "add": "add one room",
    "remove": "remove one room; asks first",
    "import": "load a listing; rooms that it does not name stay",
    "export": "write the matching rooms as CSV, NDJSON, JSON or GeoJSON",
    "backup": "write all rooms to one file; --verify checks it, --list lists all backups",
    "restore": "restore a backup; asks first if there are rooms",
    "migrate": "update the schema; --sql only prints what would be run",
    "make-key": "make a key for writing over HTTP",
    "doctor": "check for problems: schema, backups, disks, certificate, passwords",
}
"""The commands of `rentomatic` that act on any storage: this machine's, or the stack's."""

INSIDE = {**ON_ROOMS, "init-postgres": "create the database and its schema; safe to repeat"}
"""The commands that run in a container of the stack."""

UPKEEP = {
    "reload": "reload docker/secrets/api-keys in `web`, and the configuration of nginx",
    "rotate-secrets": "change the passwords of the database; asks first",
}
ELSEWHERE = {
    "compose": "docker compose with the stack's configuration and secrets, such as compose up -d",
    "deploy": "build, migrate, replace `web` one by one; rolls back if that fails",
}
"""Commands about the stack that are not called through `stack`."""

NAMES = tuple(f"stack {name}" for name in (*INSIDE, *UPKEEP))


class UsageError(Exception):
    """An invalid command line; nothing was done. The message says what to type instead."""


def run(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run `./manage.py stack …`; return its exit code. Raises UsageError and StackError."""
    command, *rest = arguments or ["--help"]
    if command in ("-h", "--help", "help"):
        print(help_text(environment))
    elif command == "reload":
        _parsed("stack reload", UPKEEP[command], rest)
        Rollout(Stack(environment)).reload()
    elif command == "rotate-secrets":
        options = _parsed("stack rotate-secrets", UPKEEP[command], rest, "--yes")
        stack = Stack(environment)
        _confirm(
            f"This replaces the passwords of the production stack {name_of(environment)}.", yes=options.yes
        )
        Rollout(stack).rotate_secrets()
    elif command in INSIDE:
        return Stack(environment).tool(arguments)
    else:
        raise unknown(f"stack {command}", [*NAMES, *ELSEWHERE])
    return 0


def deploy(arguments: Sequence[str], environment: dict[str, str]) -> int:
    """Run `./manage.py deploy`; return its exit code. Raises StackError."""
    _parsed("deploy", ELSEWHERE["deploy"], arguments)
    Rollout(Stack(environment)).deploy()
    return 0


def help_text(environment: Mapping[str, str]) -> str:
    """Return the text of `./manage.py stack --help`."""
    return f"""\
Usage: ./manage.py stack COMMAND [ARGUMENTS]

Acts on the production stack {name_of(environment)}, and on nothing else. Without `stack`, the same command
acts on this machine's storage.

Its rooms:
{table(INSIDE)}

Maintenance:
{table(UPKEEP)}

Each has --help. ./manage.py compose and ./manage.py deploy also act on the stack.

Commands on rooms run in a container, which sees backups/ but no other file of this machine; pass other
files by standard input: ./manage.py stack import - < listings.csv. Commands that overwrite or remove
something ask first; --yes skips the question, and is required without a terminal."""


def table(commands: Mapping[str, str]) -> str:
    """Return one line for each command, with what it does."""
    return "\n".join(f"  {name:15} {what}" for name, what in commands.items())


def name_of(environment: Mapping[str, str]) -> str:
    """Return the name of the stack, which docker compose prefixes to the names of its containers."""
    return environment.get("COMPOSE_PROJECT_NAME") or "rentomatic"


def unknown(command: str, known: Iterable[str]) -> UsageError:
    """Return the error for an unknown command, with the most similar known one."""
    by_word = {name.rpartition(" ")[2]: name for name in known}
    near = get_close_matches(command.rpartition(" ")[2], by_word, n=1)
    instead = f" Did you mean ./manage.py {by_word[near[0]]}?" if near else ""
    return UsageError(f"Unknown command: {command}.{instead} See ./manage.py --help.")


def _parsed(command: str, what: str, arguments: Sequence[str], *flags: str) -> Namespace:
    parser = ArgumentParser(
        prog=f"./manage.py {command}", description=f"On the production stack: {what}.", allow_abbrev=False
    )
    for flag in flags:
        parser.add_argument(flag, action="store_true", help="do not ask")
    return parser.parse_args(arguments)


def _confirm(what: str, *, yes: bool) -> None:
    """Ask the person at the terminal to agree, unless --yes was given.

    `rentomatic.cli.confirm` does the same with click, which is not installed yet when the stack is managed.
    Raises UsageError if there is no terminal, and StackError if the answer is no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what} Without a terminal, add --yes to do it. Nothing was changed.")
    print(f"{what} Continue? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise StackError("Nothing was changed.")
