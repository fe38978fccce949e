"""One stack for all deployment tests, and a table of their measurements."""

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
    """Measurements worth reporting, printed at the end of the output and saved in results/figures.txt."""

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
    """A copy of the project; its stack is removed at the end."""
    stack = copy_of_the_project(tmp_path_factory.mktemp("deployment"))
    try:
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="session")
def tutorial(project: Stack) -> Walk:
    """The tutorial, with its output; the stack runs afterwards."""
    return walk(project)


@pytest.fixture(scope="session")
def rooms(tutorial: Walk) -> int:
    """Load sample rooms; return the number of rooms including the tutorial's."""
    stack = tutorial.stack
    stack.tool("import", "-", text=listing(ROOMS))
    return stack.count()


@pytest.fixture
def stack(tutorial: Walk, rooms: int) -> Stack:
    """The stack with rooms, two `web` containers and every container healthy."""
    try:
        tutorial.stack.wait_until_served()
    except AssertionError:  # left in this state by a failed test
        tutorial.stack.up()
    return tutorial.stack
