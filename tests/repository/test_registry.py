"""A storage is found by its URL, and only then imports its driver."""

import subprocess
import sys

import pytest

DRIVERS = {"alembic", "psycopg", "pymongo", "sqlalchemy", "sqlite3"}

PROGRAM = f"""
import sys
from rentomatic.settings import read_settings
read_settings({{"DATABASE_URL": sys.argv[1]}})
print(*sorted({DRIVERS!r} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("url", "drivers"),
    [
        ("memory:", ""),
        ("sqlite:///rooms.db", "sqlite3"),
        ("postgresql://db/rooms", "psycopg"),
        ("mongodb://db/rooms", "pymongo"),
    ],
)
def test_choosing_a_storage_imports_its_own_driver_only(url: str, drivers: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, url], capture_output=True, text=True, timeout=60, check=True
    )

    assert drivers == done.stdout.strip()
