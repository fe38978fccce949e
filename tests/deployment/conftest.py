"""One stack for all tests of deployment, and a table of what they measured."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deployment import engine
from tests.deployment.project import Stack, copy_of_the_project, listing
from tests.deployment.tutorial import Walk, walk

RESULTS = Path(__file__).parent / "results"
ROOMS = 20_000

_figures: list[tuple[str, str]] = []


class Figures:
    """What is worth knowing of a run; it stands at the end of the output and in results/figures.txt."""

    def add(self, what: str, found: object) -> None:
        _figures.append((what, str(found)))
        print(f"{what}: {found}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not _figures:
        return
    width = max(len(what) for what, _ in _figures)
    lines = [f"{what:{width}}  {found}" for what, found in _figures]
    terminalreporter.section("figures of the stack")
    terminalreporter.write_line("\n".join(lines))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "figures.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="session")
def figures() -> Figures:
    return Figures()


@pytest.fixture(scope="session")
def docker_engine() -> None:
    reason = engine.missing()
    if reason is not None:
        pytest.skip(f"no Docker engine: {reason}")


@pytest.fixture(scope="session")
def project(docker_engine: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A copy of the project whose stack is gone at the end."""
    stack = copy_of_the_project(tmp_path_factory.mktemp("deployment"))
    try:
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="session")
def tutorial(project: Stack) -> Walk:
    """The tutorial's walk, and what it showed; the stack runs after it."""
    return walk(project)


@pytest.fixture(scope="session")
def rooms(tutorial: Walk) -> int:
    """Load sample rooms; how many there are with the one of the tutorial."""
    stack = tutorial.stack
    stack.tool("import", "-", text=listing(ROOMS))
    return stack.count()


@pytest.fixture
def stack(tutorial: Walk, rooms: int) -> Stack:
    """The stack with rooms in it, two `web` and all that is there in good health."""
    try:
        tutorial.stack.wait_until_served()
    except AssertionError:  # a test that failed left it so
        tutorial.stack.up()
    return tutorial.stack
