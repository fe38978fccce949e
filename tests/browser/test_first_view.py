"""The cost of the first view of the list, which must not wait for scripts."""

import gzip
from collections import Counter
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Request, Route, expect

from rentomatic.web.http.photos import PHOTOS
from rentomatic.web.http.static_files import prefix
from tests.browser.conftest import both_sizes, opened
from tests.browser.test_live_search import settled
from tests.servers import Server

MOST = 250_000
"""Bytes, compressed as nginx does by default."""

HEADERS = 300
"""Bytes of a response's headers, approximately."""


def test_the_first_view_transfers_little_data(live: Page) -> None:
    sizes: dict[str, int] = {}

    def weigh(request: Request) -> None:
        response = request.response()
        assert response
        body = response.body()
        sizes[request.url] = min(len(body), len(gzip.compress(body, compresslevel=1))) + HEADERS

    live.on("requestfinished", weigh)
    live.goto("/", wait_until="networkidle")
    settled(live)

    print(sum(sizes.values()), sorted(sizes.items(), key=lambda found: -found[1]))
    assert len(sizes) > 5
    assert sum(sizes.values()) <= MOST


def test_the_first_view_sends_three_requests_besides_files(live: Page) -> None:
    """The page, and the pins of the world and of the rooms' area: requests that work on the storage."""
    asked: list[str] = []
    live.on("request", lambda request: asked.append(urlsplit(request.url).path))
    live.goto("/", wait_until="networkidle")
    settled(live)
    files = [path for path in asked if path.startswith((f"{prefix()}/", PHOTOS))]

    assert {"/": 1, "/rooms/clusters": 2} == Counter(path for path in asked if path not in files)
    assert len(files) > 12


def test_the_second_view_requests_no_file_again(live: Page, server: Server) -> None:
    live.goto("/", wait_until="networkidle")
    settled(live)
    first = server.log.read_text().count(f"GET {prefix()}/")
    live.goto("/docs", wait_until="networkidle")
    live.goto("/", wait_until="networkidle")
    settled(live)

    assert first + 1 == server.log.read_text().count(f"GET {prefix()}/")  # the style of /docs


@both_sizes
def test_the_rooms_are_visible_before_scripts_run(browser: Browser, server: Server, size: str) -> None:
    with opened(browser, server, size, "ERR_FAILED") as page:
        held: list[Route] = []
        page.route("**/*.js", lambda route: held.append(route))  # noqa: PLW0108 - it takes no built-in
        with page.expect_request("**/*.js"):  # the rooms may be there before it
            page.goto("/", wait_until="commit")

        expect(page.get_by_role("heading", level=1)).to_have_text("3,000 rooms")
        expect(page.locator(".room")).to_have_count(24)
        assert held
        for route in held:
            route.abort()


@both_sizes
def test_the_page_keeps_its_shape_while_scripts_and_map_arrive(live: Page) -> None:
    live.goto("/")
    settled(live)
    shift = live.evaluate(
        """() => new Promise((done) => {
            let sum = 0;
            new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
                .observe({type: "layout-shift", buffered: true});
            setTimeout(() => done(sum), 300);
        })"""
    )

    assert shift < 0.1  # "good" by web.dev/cls
