"""The dependency rule is checked: the source passes, and every kind of violation fails."""

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
    """A copy of the source that tests may break."""
    no_modules = shutil.ignore_patterns("__pycache__", "static", "templates")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=no_modules)
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


def test_the_source_keeps_the_import_contracts(source: Path) -> None:
    done = lint(source)

    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


INWARDS = "Inner layers know nothing of outer ones"
WITHIN_WEB = "Within web, pages and API stand on what they share"
CORE_REACHES = "The core reaches the outside only through its ports"
FOREIGN = ("falcon", "logging", "os", "sqlite3")
BREACHES = [
    ("domain/room.py", "use_cases.errors", INWARDS),
    ("repository/memory/repository.py", "serializers.csv", INWARDS),
    ("web/http/errors.py", "web.pages.error", WITHIN_WEB),
    ("cli/options.py", "cli.commands.search", "Commands stand on what they share"),
    ("domain/room.py", "domain.search", "No circles"),
    ("web/pages/advice.py", "web.pages.search_view", "No circles"),
    ("repository/memory/repository.py", "repository.sqlite", "Repositories do not know each other"),
    (
        "cli/main.py",
        "repository.postgres",
        "Nothing but the registry, which goes by the URL, leads to a storage",
    ),
]
"""At least one violation of each contract: a module, its import, and the contract that forbids it."""


def add(source: Path, module: str, *lines: str) -> None:
    with (source / "src" / "rentomatic" / module).open("a") as file:
        file.write("\n" + "".join(f"{line}\n" for line in lines))


@pytest.mark.parametrize(("module", "imported", "broken"), BREACHES)
def test_a_module_that_breaks_the_rule_is_refused(
    source: Path, module: str, imported: str, broken: str
) -> None:
    add(source, module, f"import rentomatic.{imported}")

    done = lint(source)

    assert done.returncode == 1
    assert f"{broken} BROKEN" in done.stdout


def test_what_the_core_may_not_import_is_named(source: Path) -> None:
    for module in ("domain/room.py", "use_cases/errors.py", "requests/search.py"):
        add(source, module, *(f"import {name}" for name in FOREIGN))

    done = lint(source)

    assert done.returncode == 1
    assert f"{CORE_REACHES} BROKEN" in done.stdout
    for module in ("domain.room", "use_cases.errors", "requests.search"):
        for name in FOREIGN:
            assert f"rentomatic.{module} -> {name}" in done.stdout


@pytest.mark.parametrize("module", ["stray.py", "web/stray.py"])
def test_a_module_without_a_layer_is_refused(source: Path, module: str) -> None:
    add(source, module)

    done = lint(source)

    assert done.returncode == 1
    assert "stray" in done.stdout


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
