"""make-key."""

import json
import os
import pty
import subprocess
import sys

import pytest

from rentomatic.settings import Scope, digest_of, read_settings
from tests.cli.conftest import CommandLine


def test_the_entry_goes_to_standard_output_and_the_key_to_standard_error(rentomatic: CommandLine) -> None:
    done = rentomatic("make-key", "partner", "--scope", "write", "--scope", "import")

    (key,) = [word for word in done.err.split() if word.startswith("rom_")]
    (made,) = read_settings({"RENTOMATIC_API_KEYS": done.out}).api_keys
    assert 0 == done.code
    assert f"{made.entry}\n" == done.out
    assert ("partner", frozenset(Scope)) == (made.label, made.scopes)
    assert digest_of(key) == made.digest
    assert "partner" in done.err


def test_json_has_both(rentomatic: CommandLine) -> None:
    done = rentomatic("make-key", "partner", "--scope", "import", "--scope", "import", "--format", "json")

    made = json.loads(done.out)
    (entry,) = read_settings({"RENTOMATIC_API_KEYS": made["entry"]}).api_keys
    assert (0, "") == (done.code, done.err)
    assert {"label": "partner", "scopes": ["import"]} == {name: made[name] for name in ("label", "scopes")}
    assert digest_of(made["key"]) == entry.digest


def test_two_keys_differ(rentomatic: CommandLine) -> None:
    assert rentomatic("make-key", "a", "--scope", "write") != rentomatic("make-key", "a", "--scope", "write")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["partner"], "--scope"),
        (["partner", "--scope", "admin"], "'admin'"),
        (["par:tner", "--scope", "write"], "LABEL"),
        (["", "--scope", "write"], "LABEL"),
        (["rom_partner", "--scope", "write"], "LABEL"),
        (["x" * 41, "--scope", "write"], "LABEL"),
        (["--scope", "write"], "LABEL"),
    ],
)
def test_invalid_arguments_are_bad_usage(rentomatic: CommandLine, arguments: list[str], told: str) -> None:
    done = rentomatic("make-key", *arguments)

    assert (2, "") == (done.code, done.out)
    assert told in done.err


@pytest.mark.usefixtures("storage")
def test_on_a_terminal_the_key_and_the_entry_are_labelled() -> None:
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "rentomatic", "make-key", "partner", "--scope", "write"]
    done = subprocess.run(command, stdout=end, stderr=end, timeout=60, check=False)
    os.close(end)
    shown = os.read(terminal, 4096).decode()
    os.close(terminal)

    assert 0 == done.returncode
    assert shown.index("not shown again") < shown.index("rom_") < shown.index("RENTOMATIC_API_KEYS")
    assert shown.index("RENTOMATIC_API_KEYS_FILE") < shown.index("partner:write:")
