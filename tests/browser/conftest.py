"""The pages in a real browser. Without one, these tests are skipped by name."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Error, Page, Response, ViewportSize, expect, sync_playwright

from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.sample_rooms import sample_rooms
from tests.servers import Server, rentomatic

SCREENSHOTS = Path(__file__).parent / "screenshots"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 900},
    "phone": {"width": 360, "height": 740},
}
both_sizes = pytest.mark.parametrize("size", SIZES)
"""For tests of the layout. Scripts never ask for the size, so one size is enough for their behaviour."""

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
"""The first of these that exists is used: the headless shell opens a page with a sixth of the work."""

CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)
PATIENCE = 30_000
"""Milliseconds in which a page shows what is expected, even on a busy machine."""

QUIET = (
    "--no-sandbox",  # tests may run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

expect.set_options(timeout=PATIENCE)

_OTHER_NETWORK = "ERR_NETWORK_CHANGED"
"""When Docker changes the machine's networks, Chromium aborts what it is loading."""

_MEANT = ("400 (Bad Request)", "ERR_ABORTED", _OTHER_NETWORK)
"""Expected failures: a page that explains a bad value is a 400, and leaving a page aborts what it loads."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install the package `chromium-headless-shell` or `chromium`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("browser")
    upgrade_sqlite(folder / "rooms.db")
    with closing(SqliteRepo(folder / "rooms.db", SQLITE_REVISION)) as repository:
        repository.load(sample_rooms())
    with rentomatic(f"sqlite:///{folder}/rooms.db", folder / "log") as running:
        yield running


@contextmanager
def opened(browser: Browser, server: Server, size: str, *meant: str, **options: Any) -> Iterator[Page]:
    """A page of a desktop's or a phone's size; errors in it fail the test, unless they are `meant`.

    options: of the browser's context.
    """
    context = browser.new_context(base_url=server.url, viewport=SIZES[size], **options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    setattr(page, "goto", _whatever_the_network_does(page.goto))  # noqa: B010 - mypy forbids assigning it
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(f"{failed.url}: {failed.failure}"))
    try:
        yield page
    finally:
        context.close()

    assert [said for said in complaints if not any(part in said for part in (*_MEANT, *meant))] == []


def _whatever_the_network_does(goto: Callable[..., Response | None]) -> Callable[..., Response | None]:
    """Retry if the machine's network changed on the way."""

    def go(address: str, **options: Any) -> Response | None:
        for _ in range(3):
            try:
                return goto(address, **options)
            except Error as error:
                if _OTHER_NETWORK not in error.message:
                    raise
        return goto(address, **options)

    return go


@pytest.fixture
def size() -> str:
    """The size of the screen: a desktop's, except for tests marked `both_sizes`."""
    return "desktop"


def assert_fits(
    page: Page, widths: Sequence[int], prepare: Callable[[Page], None] = lambda page: None
) -> None:
    """Check that nothing is wider than a window of any of these widths.

    prepare: opens what a width hides.
    """
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        prepare(page)
        beyond = page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")

        assert (width, 0) == (width, beyond), page.url


@pytest.fixture
def page(browser: Browser, server: Server, size: str) -> Iterator[Page]:
    """A page without JavaScript."""
    with opened(browser, server, size, java_script_enabled=False) as page:
        yield page


@pytest.fixture
def live(browser: Browser, server: Server, size: str) -> Iterator[Page]:
    """A page with JavaScript."""
    with opened(browser, server, size) as page:
        yield page


class Camera:
    """Takes pictures of pages, light and dark, with `--screenshots`, because they are slow."""

    def __init__(self, wanted: bool, name: str) -> None:
        self._wanted = wanted
        self._name = name
        self._taken = 0

    def take(self, page: Page, *, full_page: bool = False) -> None:
        if not self._wanted:
            return
        self._taken += 1
        schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for scheme in schemes:
            page.emulate_media(color_scheme=scheme)
            path = SCREENSHOTS / f"{self._name}-{self._taken}-{scheme}.png"
            page.screenshot(path=path, full_page=full_page)


@pytest.fixture
def camera(request: pytest.FixtureRequest) -> Camera:
    name = re.sub(r"[^\w.-]+", "-", request.node.name).strip("-")  # the name may contain an address
    return Camera(request.config.getoption("--screenshots"), name)


@pytest.fixture
def screenshot(request: pytest.FixtureRequest, camera: Camera) -> None:
    """Take a picture of the page as the test left it; a test may open more pages."""
    used = {"live", "page"} & set(request.fixturenames)
    if used:
        page: Page = request.getfixturevalue(used.pop())
        request.addfinalizer(lambda: camera.take(page))
