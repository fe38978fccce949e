"""The page in a real browser. Where there is none, these tests are skipped by name."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from rentomatic.migrations import SQLITE_REVISION
from rentomatic.migrations.runner import upgrade_sqlite
from rentomatic.repository.sqlite import SqliteRepo
from rentomatic.sample_rooms import sample_rooms
from tests.servers import Server, rentomatic

SCREENSHOTS = Path(__file__).parent / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--no-sandbox",  # tests may run as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium: install the package `chromium`")
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


@pytest.fixture(params=["desktop", "phone"])
def page(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a desktop's and of a phone's size; what goes wrong in it fails the test."""
    size = {"desktop": (1280, 900), "phone": (360, 740)}[request.param]
    context = browser.new_context(
        base_url=server.url, viewport={"width": size[0], "height": size[1]}, java_script_enabled=False
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("requestfailed", lambda failed: complaints.append(f"{failed.url}: {failed.failure}"))
    yield page
    context.close()

    # A page that explains a bad value is a 400; what a page still loads when one leaves it is given up.
    meant = ("400 (Bad Request)", "ERR_ABORTED")
    assert [said for said in complaints if not any(part in said for part in meant)] == []
