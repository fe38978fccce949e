"""The documentation is correct: links work, named places exist, and lists of places are complete."""

import ast
import json
import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from manage import DEVELOPER_COMMANDS
from rentomatic.cli.main import cli
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.sqlite.files import opened, state_of
from rentomatic.repository.sqlite.migrate import upgrade
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.repository.sqlite.search import first_rooms
from rentomatic.requests.search import parse_search
from rentomatic.sample_rooms import sample_rooms
from stack.commands import ELSEWHERE, UPKEEP
from tests.servers import ROOT
from tests.web.conftest import client_of, get

SOURCE = ROOT / "src" / "rentomatic"
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
NEAR = 3
"""How many lines a definition may have moved from the target of a link."""

MADE = ("config/NAME", "docker/secrets/", "docker/tls/", "logs/", "tests/deployment/results/")
"""Prefixes of file names that are not part of the project."""


def links(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the text, path and fragment of each link to a file of the project."""
    for text, target in re.findall(r"\[([^\]]*)\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            path, _, fragment = target.partition("#")
            yield text, path, fragment


def anchors(page: Path) -> set[str]:
    """Return the fragments that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def definitions(path: Path) -> dict[str, int]:
    """Return the line of each class, function and variable of a module; members as Class.member."""

    def walk(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.ClassDef | ast.FunctionDef):
                yield prefix + child.name, child.lineno
                yield from walk(child, f"{prefix}{child.name}.")
            elif isinstance(child, ast.Assign | ast.AnnAssign):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                yield from (
                    (prefix + each.id, child.lineno) for each in targets if isinstance(each, ast.Name)
                )

    return dict(walk(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page: Path) -> None:
    lost = []
    for _, path, fragment in links(page):
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (target.suffix == ".md" and fragment and fragment not in anchors(target)):
            lost.append(f"{path}#{fragment}")

    assert [] == lost


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist_unless_a_command_makes_them(page: Path) -> None:
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.\w+)`", page.read_text(encoding="utf-8"))
    folders = (ROOT, SOURCE, SOURCE / "web")

    assert [] == [
        path
        for path in named
        if not path.startswith(MADE) and not any((folder / path).exists() for folder in folders)
    ]


def test_every_page_is_in_the_index() -> None:
    indexed = {path for _, path, _ in links(DOCS / "README.md")}

    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= indexed


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_the_readme_names_every_folder_of_the_source() -> None:
    (tree,) = re.findall(r"```\n(src/.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    named = set(re.findall(r"\b([\w-]+)/", tree))
    folders = {
        path.name for path in (SOURCE, *SOURCE.iterdir(), *(SOURCE / "web").iterdir()) if path.is_dir()
    }

    assert set() == {name for name in folders if not name.startswith("__")} - named


def test_the_answers_in_the_readme_are_those_that_are_given() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    ((target, shown),) = re.findall(r"\$ curl 'localhost:8000(.*?)'\n(.*?)```", text, re.DOTALL)

    assert json.loads(shown) == get(client_of(MemRepo(sample_rooms())), target).json


def test_links_to_lines_show_the_definition_that_they_name() -> None:
    wrong = []
    for text, path, fragment in links(DOCS / "architecture.md"):
        if fragment.startswith("L"):
            line = definitions((DOCS / path).resolve()).get(text.strip("`"))
            if line is None or abs(line - int(fragment[1:])) > NEAR:
                wrong.append(f"{text} of {path} is {'gone' if line is None else f'in line {line}'}")

    assert [] == wrong


def statements_of(query: RoomQuery, path: Path) -> list[str]:
    """Return the statements that SQLite runs for a page of the query among the sample rooms."""
    upgrade(path)
    with closing(SqliteRepo(path, SQLITE_REVISION)) as repository:
        repository.load(sample_rooms())
    statements: list[str] = []
    with closing(opened(path, state_of(path)).connection) as connection:
        connection.set_trace_callback(statements.append)
        first_rooms(connection, query, query.limit + 1)
    return statements


def test_the_statements_of_the_search_are_those_that_run(tmp_path: Path) -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    (url,) = re.findall(r"^`GET /rooms\?(.*?)`", text, re.MULTILINE)
    (shown,) = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    query = parse_search(parse_qsl(url)).query

    expected = [" ".join(statement.split()) for statement in shown.split(";") if statement.strip()]
    patterns = [".*".join(map(re.escape, statement.split("…"))) for statement in expected]
    made = statements_of(query, tmp_path / "rooms.db")
    assert len(patterns) == len(made), made
    assert all(map(re.fullmatch, patterns, made)), made


def lists_of_places() -> Iterator[tuple[str, str]]:
    """Yield what comes before each list of docs/extending.md, and the rows of the list."""
    text = (DOCS / "extending.md").read_text(encoding="utf-8")
    yield from re.findall(r"([^\n|]+:)\n\n\| place \| what \|\n\|---\|---\|\n((?:\|.*\n)+)", text)


def places(rows: str) -> set[str]:
    """Return the paths in the first column, relative to the root of the project."""
    named = {path for row in rows.splitlines() for path in re.findall(r"`([^`]+)`", row.split("|")[1])}
    return {path if (ROOT / path).exists() else f"src/rentomatic/{path}" for path in named}


LISTS = [*lists_of_places()]


@pytest.mark.parametrize(("before", "rows"), LISTS, ids=[before[:60] for before, _ in LISTS])
def test_places_to_extend_exist(before: str, rows: str) -> None:
    assert set() == {path for path in places(rows) if not (ROOT / path).exists()}


TRACED = [(before, rows) for before, rows in LISTS if "files of" in before]


def containing(texts: list[str]) -> set[str]:
    """Return the files of the source that contain one of the texts."""
    files = (path for path in SOURCE.rglob("*") if path.suffix in (".py", ".html", ".js"))
    own = (path for path in files if not {"contract", "vendor"} & set(path.parts))
    return {
        str(path.relative_to(ROOT))
        for path in own
        if any(text in path.read_text(encoding="utf-8") for text in texts)
    }


@pytest.mark.parametrize(("before", "rows"), TRACED, ids=[before[-40:] for before, _ in TRACED])
def test_the_traced_list_of_places_is_complete(before: str, rows: str) -> None:
    texts = re.findall(r"`([^`]+)`", before.rpartition("files of `src` with")[2])

    assert texts
    assert containing(texts) == places(rows)


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    """Yield each line of the pages that runs a `rentomatic` command, here or in the stack, and its words."""
    for page in PAGES:
        for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            for line in re.findall(r"^\$ (.*)$", block.replace("\\\n", " "), re.MULTILINE):
                words = shlex.split(re.sub(r" [<>|#].*", "", line))
                words = words[next((i for i, word in enumerate(words) if "=" not in word), 0) :]
                if words[:1] == ["./manage.py"]:
                    yield line, words[2:] if words[1:2] == ["stack"] else words[1:]


@pytest.mark.parametrize(("line", "words"), [*shown_commands()])
def test_shown_commands_exist_and_take_their_options(line: str, words: list[str]) -> None:
    name, *arguments = words

    if name in cli.commands:
        cli.commands[name].make_context(name, arguments)  # raises UsageError for unknown options
    assert name in {*cli.commands, *DEVELOPER_COMMANDS, *ELSEWHERE, *UPKEEP}, line
