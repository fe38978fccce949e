"""Schemathesis, with all its checks, tests a real server against its contract, on SQLite and PostgreSQL.

Every test run has a small budget, smaller still on PostgreSQL, since few answers depend on the storage, and
the same seed; `./manage.py test --fuzz` has a large budget and a new seed.
"""

import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from rentomatic.settings import ApiKey, Scope, digest_of
from tests import postgres_server
from tests.cli.conftest import url_of
from tests.servers import ROOT, rentomatic

KEY = "rom_of-the-fuzzer"
ENTRY = ApiKey("fuzzer", frozenset(Scope), digest_of(KEY)).entry
SMALL = {"sqlite": "15", "postgresql": "5"}
LARGE = "500"
"""How many examples there are of each operation."""

SEED = 1
LONGEST = 3600
"""Seconds."""


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a storage without rooms."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/rooms.db"
        return
    with postgres_server.database() as conninfo:
        yield url_of(conninfo, str(conninfo_to_dict(conninfo)["dbname"]))


@pytest.mark.timeout(LONGEST)
def test_the_server_keeps_its_contract_for_any_request(
    storage: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    large = request.config.getoption("--fuzz")
    seed = request.config.getoption("--fuzz-seed") or (random.randrange(2**32) if large else SEED)
    kind = storage.partition(":")[0]
    budget = ["--max-examples", LARGE if large else SMALL[kind]]
    if not large:
        budget += ["--phases", "examples,fuzzing,stateful"]
    with rentomatic(storage, tmp_path / "log", RENTOMATIC_API_KEYS=ENTRY) as server:
        found = asked(server.url, seed, budget, tmp_path)

    cases = re.search(r"(\d+) generated.*", found.stdout)
    print(f"\n{kind}: {cases.group() if cases else 'no case'}, seed {seed}")
    assert found.returncode == 0, found.stdout
    assert cases
    assert '"traceback"' not in server.log.read_text()


def asked(url: str, seed: int, budget: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command(url, seed, budget),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.web.fuzz_hooks"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def _command(url: str, seed: int, budget: list[str]) -> list[str]:
    return [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(ROOT / "tests" / "web" / "schemathesis.toml")),
        *("run", f"{url}/openapi.json", "--checks", "all", "--header", f"Authorization: Bearer {KEY}"),
        *("--seed", str(seed), "--no-color", "--generation-database", "none", "--no-shrink", *budget),
    ]
