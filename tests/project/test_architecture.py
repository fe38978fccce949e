"""The dependency rule is a check: it passes as the source stands and fails on every way to break it."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
LINT = Path(sys.executable).with_name("lint-imports")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the source that may be spoilt."""
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(LINT), "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_source_keeps_the_contracts(source: Path) -> None:
    done = lint(source)

    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("domain/room.py", "import rentomatic.use_cases.errors", "Inner layers know nothing of outer ones"),
        (
            "use_cases/show_room.py",
            "import rentomatic.web.http.errors",
            "Inner layers know nothing of outer ones",
        ),
        (
            "requests/search.py",
            "import rentomatic.serializers.csv",
            "Inner layers know nothing of outer ones",
        ),
        (
            "repository/memory/repository.py",
            "import rentomatic.serializers.csv",
            "Inner layers know nothing of outer ones",
        ),
        ("stray.py", "", "Inner layers know nothing of outer ones"),
        (
            "web/http/errors.py",
            "import rentomatic.web.pages.error",
            "Within web, pages and API stand on what they share",
        ),
        ("web/stray.py", "", "Within web, pages and API stand on what they share"),
        ("cli/options.py", "import rentomatic.cli.commands.search", "Commands stand on what they share"),
        ("domain/room.py", "import rentomatic.domain.search", "No circles"),
        ("web/pages/advice.py", "import rentomatic.web.pages.search_view", "No circles"),
        ("server/balance.py", "import rentomatic.server.granian", "No circles"),
        ("domain/room.py", "import os", "The core reaches the outside only through its ports"),
        ("requests/search.py", "import logging", "The core reaches the outside only through its ports"),
        ("use_cases/ports.py", "import sqlite3", "The core reaches the outside only through its ports"),
        ("use_cases/errors.py", "import falcon", "The core reaches the outside only through its ports"),
        (
            "repository/memory/repository.py",
            "import rentomatic.repository.sqlite",
            "Repositories do not know each other",
        ),
        (
            "repository/sqlite/repository.py",
            "import rentomatic.repository.memory",
            "Repositories do not know each other",
        ),
        *(
            (
                module,
                f"import rentomatic.repository.{storage}",
                "Nothing but the registry, which goes by the URL, leads to a storage",
            )
            for module, storage in (
                ("cli/main.py", "postgres"),
                ("repository/registry.py", "sqlite.backend"),
            )
        ),
    ],
)
def test_a_module_that_breaks_the_rule_is_refused(source: Path, module: str, line: str, broken: str) -> None:
    with (source / "src" / "rentomatic" / module).open("a") as file:
        file.write(f"\n{line}\n")

    done = lint(source)

    assert done.returncode == 1
    assert f"{broken} BROKEN" in done.stdout or "Missing layer" in done.stdout or "stray" in done.stdout


CORE = sorted(
    path
    for layer in ("domain", "use_cases", "requests")
    for path in (ROOT / "src/rentomatic" / layer).glob("*.py")
)


@pytest.mark.parametrize("path", CORE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_core_imports_the_standard_library_only(path: Path) -> None:
    imported = {
        name.partition(".")[0]
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }

    assert imported <= sys.stdlib_module_names | {"rentomatic"}
