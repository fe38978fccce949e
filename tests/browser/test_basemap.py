"""The base map alone, on a page with the real page's Content-Security-Policy."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE, Camera

WEB = Path(__file__).parents[2] / "src" / "rentomatic" / "web"
CITIES = {"London": (51.507, -0.128), "Barcelona": (41.387, 2.17), "Tokyo": (35.69, 139.7)}
WATER, LAND = (207, 223, 230), (244, 245, 241)
WATER_AT_NIGHT = (14, 29, 37)
HAS_COLOUR = """([x, y, colour]) => [...document.querySelectorAll("#map canvas")].some((canvas) => {
  const { left, top, right, bottom } = canvas.getBoundingClientRect();
  if (x < left || x >= right || y < top || y >= bottom) return false;
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  pixel.drawImage(canvas, left - x, top - y);
  return pixel.getImageData(0, 0, 1, 1).data.slice(0, 3).join() === colour;
})"""
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'"
HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Map</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/static/vendor/leaflet/leaflet.css">
<link rel="stylesheet" href="/static/rentomatic.css"><link rel="stylesheet" href="/static/map.css">
<link rel="stylesheet" href="/page.css"><div id="map" {data}></div>
<script type="module" src="/page.js"></script></html>"""
CSS = "#map { height: 100vh; }"
JS = """import L from "/static/vendor/leaflet/leaflet.js";
import { addBaseMap } from "/static/js/basemap.js";
const [zoom, ...middle] = location.hash.slice(1).split("/").map(Number);
window.map = L.map("map", { zoomAnimation: false, fadeAnimation: false }).setView(middle, zoom);
const layer = addBaseMap(window.map);
layer.on("load", () => document.body.setAttribute("data-drawn", ""));
"""
DATA = 'data-tiles="/tiles/{z}/{x}/{y}.png" data-tiles-attribution="© A &amp; B &lt;b>"'


class Handler(SimpleHTTPRequestHandler):
    """Serves the files, and a page with a map; `?tiles` sets its tile server."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments, directory=str(WEB))  # type: ignore[arg-type]

    def do_GET(self) -> None:
        made = {"/": ("text/html", HTML), "/page.js": ("text/javascript", JS), "/page.css": ("text/css", CSS)}
        address = urlsplit(self.path)
        if address.path not in made:
            super().do_GET()
            return
        kind, content = made[address.path]
        tiles = "tiles" in parse_qs(address.query, keep_blank_values=True)
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.end_headers()
        self.wfile.write(content.replace("{data}", DATA if tiles else "").encode())

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str, camera: Camera) -> Iterator[Page]:
    """A page that may load only from here; errors on it fail the test."""
    context = browser.new_context(base_url=address, viewport={"width": 800, "height": 600})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    camera.take(page)
    context.close()

    assert complaints == []


def look(page: Page, zoom: int, latitude: float, longitude: float, query: str = "") -> None:
    """Open the page with the map at a place, and wait until it is drawn completely."""
    page.goto(f"/{query}#{zoom}/{latitude}/{longitude}")
    page.wait_for_selector("[data-drawn]", state="attached")
    page.wait_for_load_state("networkidle")


def expect_colour(page: Page, wanted: tuple[int, ...], x: int, y: int) -> None:
    """Check the colour of the base map at a pixel of the page."""
    page.wait_for_function(HAS_COLOUR, arg=[x, y, ",".join(map(str, wanted))])


@pytest.mark.parametrize("city", CITIES)
def test_cities_are_drawn_at_every_zoom(page: Page, city: str) -> None:
    look(page, 2, *CITIES[city])
    expect(page.get_by_text("Natural Earth · © GeoNames")).to_be_visible()
    for zoom in (5, 8, 11, 13):
        page.evaluate("zoom => { delete document.body.dataset.drawn; map.setZoom(zoom); }", zoom)
        page.wait_for_selector("[data-drawn]", state="attached")

        expect(page.locator("#map canvas").first).to_be_visible()


def test_land_and_lakes_are_drawn_in_their_colours(page: Page) -> None:
    look(page, 8, 46.45, 6.6)  # in Lake Geneva

    expect_colour(page, WATER, 400, 300)
    expect_colour(page, LAND, 400, 170)


def test_the_map_follows_a_change_of_the_colour_scheme(page: Page) -> None:
    look(page, 5, 40, -40)  # in the Atlantic
    expect_colour(page, WATER, 400, 300)

    page.emulate_media(color_scheme="dark")

    expect_colour(page, WATER_AT_NIGHT, 400, 300)


@pytest.mark.parametrize("longitude", [180, -180, 540])
def test_the_map_continues_across_the_antimeridian(page: Page, longitude: int) -> None:
    look(page, 7, -16.8, longitude)  # Taveuni, which it crosses, is right of Vanua Levu and left of the ocean

    expect_colour(page, LAND, 400 - 75, 300 - 30)
    expect_colour(page, WATER, 700, 300)


def test_only_visible_cells_are_fetched(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    look(page, 11, *CITIES["Barcelona"])

    cells = [path for path in fetched if path.startswith("/static/basemap/")]
    assert cells[0] == "/static/basemap/world.json"
    assert sorted(cells[1:]) == ["/static/basemap/6/32/23.json", "/static/basemap/6/32/24.json"]


def test_cells_that_failed_to_load_are_retried(page: Page) -> None:
    page.route("**/6/32/23.json", lambda route: route.fulfill(status=200, body="cut o"), times=1)
    look(page, 8, *CITIES["Barcelona"])

    with page.expect_response("**/6/32/23.json") as answer:
        page.evaluate("map.setZoom(9)")
    assert answer.value.json()["labels"]


def test_a_tile_server_replaces_the_bundled_map(page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    icon = (WEB / "static" / "icon.svg").read_bytes()
    page.route("**/tiles/**", lambda route: route.fulfill(body=icon, content_type="image/svg+xml"))
    look(page, 3, 0, 0, "?tiles")

    assert "/tiles/3/4/4.png" in fetched
    assert not [path for path in fetched if "basemap/" in path]
    expect(page.get_by_text("© A & B <b>")).to_be_visible()
