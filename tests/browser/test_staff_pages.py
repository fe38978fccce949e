"""The pages of staff in a browser, with and without scripts, on a server that knows their key."""

import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from falcon.inspect import inspect_routes
from playwright.sync_api import Browser, FilePayload, Page, expect

from rentomatic.domain.room import Room
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.repository.sqlite.migrate import upgrade as upgrade_sqlite
from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from rentomatic.repository.sqlite.repository import SqliteRepo
from rentomatic.sample_rooms import sample_rooms
from rentomatic.settings import Scope
from rentomatic.web.app import create_app
from tests.browser.axe import violations
from tests.browser.conftest import Camera, assert_fits, both_sizes, opened
from tests.browser.test_keyboard import A_ROOM, PAGES, assert_all_reached, leave_the_page
from tests.builders import make_room
from tests.servers import Server, rentomatic
from tests.web.conftest import key_of

KEY, ENTRY = key_of("anna", Scope.WRITE, Scope.IMPORT)
IMPORTER, IMPORTER_ENTRY = key_of("loader", Scope.IMPORT)
HEADER = "code,size,price,latitude,longitude\n"
MEANT = tuple(f"status of {status}" for status in (400, 403, 404, 409, 413, 422, 429, 500, 503))
"""A page that explains a failure has its status, which Chromium reports on the console."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("staff")
    upgrade_sqlite(folder / "rooms.db")
    with closing(SqliteRepo(folder / "rooms.db", SQLITE_REVISION)) as repository:
        repository.load(sample_rooms(200))
    keys = f"{ENTRY.entry},{IMPORTER_ENTRY.entry}"
    url, photos = f"sqlite:///{folder}/rooms.db", folder / "photos"
    photos.mkdir()
    with rentomatic(url, folder / "log", RENTOMATIC_API_KEYS=keys, RENTOMATIC_PHOTOS=str(photos)) as running:
        yield running


@pytest.fixture(params=[False, True], ids=["without scripts", "with scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def page(browser: Browser, desk: Server, scripts: bool) -> Iterator[Page]:
    """A desktop without scripts and a phone with them; `live` has scripts on both."""
    with opened(
        browser, desk, "phone" if scripts else "desktop", *MEANT, java_script_enabled=scripts
    ) as page:
        yield page


@pytest.fixture
def live(browser: Browser, desk: Server, size: str) -> Iterator[Page]:
    with opened(browser, desk, size, *MEANT, "ERR_FAILED", "ERR_UPLOAD_FILE_CHANGED") as page:
        yield page


def sign_in(page: Page, key: str = KEY, target: str = "/staff") -> None:
    page.goto(target)
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def put(server: Server, room: Room) -> None:
    """Change a room through the API."""
    members = {name: getattr(room, name) for name in ("size", "price", "latitude", "longitude")}
    request = urllib.request.Request(
        f"{server.url}/rooms/{room.code}",
        data=json.dumps(members).encode(),
        method="PUT",
        headers={"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status in (200, 201)


def room_in(server: Server, code: str) -> dict[str, object] | None:
    answer = server.get(f"/rooms/{code}")
    return dict(answer.json) if answer.status == 200 else None


def fill(page: Page, **fields: str) -> None:
    for name, text in fields.items():
        page.locator(f"main input[name={name}]").fill(text)


def test_signing_in_and_out(page: Page, camera: Camera) -> None:
    page.goto("/staff/import")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    page.get_by_label("Key", exact=True).fill("rom_wrong")
    page.get_by_role("button", name="Sign in").click()
    field = page.get_by_label("Key", exact=True)
    expect(field).to_have_value("")
    expect(field).to_have_accessible_description(
        "Unknown or revoked key. It begins with rom_. "
        "The operator of this server makes keys with rentomatic make-key."
    )
    camera.take(page, full_page=True)
    field.fill(KEY)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_title("Import · Rent-o-matic")
    (cookie,) = page.context.cookies()
    assert (True, "Strict", "/") == (cookie["httpOnly"], cookie["sameSite"], cookie["path"])
    page.get_by_role("navigation").get_by_role("link", name="Staff").click()
    camera.take(page, full_page=True)
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert [] == page.context.cookies()


def test_a_room_is_added_found_edited_and_removed(page: Page, desk: Server, camera: Camera) -> None:
    sign_in(page)
    page.get_by_role("navigation").get_by_role("link", name="Add a room").click()
    fill(page, code="by-hand", price="cheap", latitude="51.5", longitude="")
    page.get_by_role("button", name="Add the room").click()
    expect(page.get_by_role("alert")).to_contain_text("2 fields to correct")
    camera.take(page, full_page=True)
    fill(page, price="70", longitude="-0.1")
    page.get_by_role("button", name="Add the room").click()
    expect(page).to_have_url(f"{desk.url}/room/by-hand?done=added")
    camera.take(page, full_page=True)

    page.goto("/staff")
    page.get_by_label("Code of a room").fill("by-hand")
    page.get_by_role("button", name="Find the room").click()
    fill(page, price="75", size="30")
    camera.take(page, full_page=True)
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_url(f"{desk.url}/room/by-hand?done=saved")
    found = room_in(desk, "by-hand")
    assert found == {"code": "by-hand", "size": 30, "price": 75, "latitude": 51.5, "longitude": -0.1}

    page.goto("/staff/rooms/by-hand")
    page.get_by_role("link", name="Remove this room").click()
    camera.take(page, full_page=True)
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_role("status")).to_have_text("The room by-hand was removed.")
    assert room_in(desk, "by-hand") is None


def test_the_slower_of_two_editors_sees_both_versions_and_decides(
    page: Page, desk: Server, camera: Camera
) -> None:
    put(desk, make_room(code="contested"))
    sign_in(page, target="/staff/rooms/contested")
    fill(page, price="65")
    put(desk, make_room(code="contested", price=99, size=None))
    page.get_by_role("button", name="Save").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Someone else changed this room")
    row = page.get_by_role("row", name="Price per day")
    expect(row).to_contain_text("differs")
    assert ["65", "99"] == row.get_by_role("cell").all_inner_texts()
    camera.take(page, full_page=True)
    page.get_by_role("button", name="Overwrite with mine").click()
    expect(page).to_have_url(f"{desk.url}/room/contested?done=saved")
    assert (room_in(desk, "contested") or {})["price"] == 65


def test_a_listing_is_previewed_and_imported(
    page: Page, desk: Server, scripts: bool, tmp_path: Path, camera: Camera
) -> None:
    code = f"listed-{page.viewport_size and page.viewport_size['width']}-{scripts}"
    file = tmp_path / "spring.csv"
    refused = "".join(f"bad{number},20,<b>much</b>,51.5,-0.1\n" for number in range(3))
    file.write_text(f"{HEADER}{code},20,60,51.5,-0.12\n{refused}")
    sign_in(page, target="/staff/import")
    camera.take(page, full_page=True)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="What spring.csv would change")).to_be_visible()
    assert room_in(desk, code) is None
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("row").nth(1)).to_contain_text("<b>much</b>")
    camera.take(page, full_page=True)
    if not scripts:  # a browser does not fill in a file again
        page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import now").click()

    expect(page.get_by_role("heading", name="What spring.csv changed")).to_be_visible()
    assert room_in(desk, code)
    camera.take(page, full_page=True)


def slowly(page: Page, rate: int = 1_000_000) -> None:
    """Limit the page's uploads to `rate` bytes a second."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send(
        "Network.emulateNetworkConditions",
        {"offline": False, "latency": 5, "downloadThroughput": -1, "uploadThroughput": rate},
    )


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A listing of three megabytes, whose rooms exist after the first import."""
    file = tmp_path / "large.csv"
    line = ",20,60,51.5,-0.12," + "x" * 300 + "\n"
    rows = "".join(f"large{number}{line}" for number in range(9000))
    file.write_text("code,size,price,latitude,longitude,note\n" + rows)
    return file


def test_a_large_file_shows_its_progress(live: Page, large: Path, camera: Camera) -> None:
    sign_in(live, target="/staff/import")
    slowly(live)
    live.get_by_label("File", exact=True).set_input_files(large)
    live.evaluate(
        """() => {
            window.seen = [];
            const stage = document.getElementById("stage");
            new MutationObserver(() => window.seen.push(stage.textContent)).observe(stage, {childList: true});
        }"""
    )
    live.get_by_role("button", name="Preview").click()
    bar = live.get_by_role("progressbar")
    expect(bar).to_be_visible()
    expect(live.get_by_role("button", name="Cancel")).to_be_focused()
    camera.take(live, full_page=True)
    expect(live.get_by_role("heading", name="What large.csv would change")).to_be_visible(timeout=60_000)

    expect(bar).to_be_hidden()
    stages: list[str] = live.evaluate("window.seen")
    percents = [int(stage.split()[1]) for stage in stages if stage.startswith("Uploading")]
    assert percents == sorted(percents)
    assert [percent for percent in percents if 0 < percent < 100]
    assert stages[-1] == "Checking the lines …"


def test_an_upload_can_be_cancelled(live: Page, desk: Server, large: Path) -> None:
    sign_in(live, target="/staff/import")
    slowly(live, 300_000)
    live.get_by_label("File", exact=True).set_input_files(large)
    live.get_by_role("button", name="Import", exact=True).click()
    live.get_by_role("button", name="Cancel").click()

    expect(live.get_by_role("alert")).to_have_text("Cancelled. Nothing was imported.")
    expect(live.get_by_role("button", name="Preview")).to_be_enabled()
    assert room_in(desk, "large8999") is None


def refuse(live: Page, status: int, body: str = "") -> None:
    live.route(
        "**/staff/import",
        lambda route: (
            route.fulfill(status=status, body=body, content_type="text/html")
            if route.request.method == "POST"
            else route.continue_()
        ),
    )


@pytest.mark.parametrize(
    ("status", "told"),
    [(413, "file is too large"), (503, "too busy"), (429, "Try again"), (500, "answered 500")],
)
def test_refusals_by_the_server_or_a_proxy_are_shown(
    live: Page, tmp_path: Path, status: int, told: str
) -> None:
    sign_in(live, target="/staff/import")
    refuse(live, status)
    (tmp_path / "rooms.csv").write_text(HEADER)
    live.get_by_label("File", exact=True).set_input_files(tmp_path / "rooms.csv")
    live.get_by_role("button", name="Preview").click()

    expect(live.get_by_role("alert")).to_contain_text(told)


def test_a_file_changed_after_the_preview_must_be_chosen_again(live: Page, tmp_path: Path) -> None:
    sign_in(live, target="/staff/import")
    file = tmp_path / "rooms.csv"
    file.write_text(HEADER)
    live.get_by_label("File", exact=True).set_input_files(file)
    live.get_by_role("button", name="Preview").click()
    now = live.get_by_role("button", name="Import now")
    expect(now).to_be_visible()
    file.write_text(f"{HEADER}changed,20,60,51.5,-0.12\n")
    os.utime(file, (0, 0))  # Chromium compares whole seconds
    now.click()

    expect(live.get_by_role("alert")).to_contain_text("Choose it again.")


@pytest.mark.parametrize("size_of_file", ["small", "large"])
def test_an_expired_session_is_reported(live: Page, large: Path, size_of_file: str) -> None:
    sign_in(live, target="/staff/import")
    if size_of_file == "small":
        large.write_text(HEADER)
    live.get_by_label("File", exact=True).set_input_files(large)
    live.context.clear_cookies()
    live.get_by_role("button", name="Import", exact=True).click()

    expect(live.get_by_role("alert")).to_contain_text("you are not signed in")


def test_a_lost_connection_is_reported(live: Page, tmp_path: Path) -> None:
    sign_in(live, target="/staff/import")
    live.route("**/staff/import", lambda route: route.abort())
    (tmp_path / "rooms.csv").write_text(HEADER)
    live.get_by_label("File", exact=True).set_input_files(tmp_path / "rooms.csv")
    live.get_by_role("button", name="Preview").click()

    expect(live.get_by_role("alert")).to_contain_text("The file did not arrive")


def test_a_missing_or_invalid_file_is_reported(live: Page, tmp_path: Path) -> None:
    sign_in(live, target="/staff/import")
    live.get_by_role("button", name="Preview").click()
    expect(live.get_by_role("alert")).to_have_text("Choose a file.")
    (tmp_path / "rooms.csv").write_text("a,b\n1,2\n")
    live.get_by_label("File", exact=True).set_input_files(tmp_path / "rooms.csv")
    live.get_by_role("button", name="Preview").click()

    expect(live.get_by_role("alert")).to_contain_text("no column for the code")


def test_a_form_from_another_site_does_nothing(browser: Browser, desk: Server) -> None:
    put(desk, make_room(code="attacked"))
    with opened(browser, desk, "desktop", *MEANT) as page:
        sign_in(page)
        form = f'<form action="{desk.url}/staff/rooms/attacked/remove" method="post"><button>Go</button>'
        elsewhere = desk.url.replace("127.0.0.1", "localhost")  # another site to a browser
        page.route(
            f"{elsewhere}/",
            lambda route: route.fulfill(content_type="text/html", body=form),
        )
        page.goto(f"{elsewhere}/")
        page.get_by_role("button", name="Go").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("This form came from another site")

    assert room_in(desk, "attacked")


STATES = {
    "start": "/staff",
    "no such room": "/staff/rooms?code=nope",
    "removed": "/staff?done=removed&code=a1",
    "add": "/staff/add",
    "edit": "/staff/rooms/stated",
    "remove": "/staff/rooms/stated/remove",
    "missing": "/staff/rooms/nope",
    "import": "/staff/import",
}


def show_wrong_fields(page: Page, server: Server) -> None:
    page.goto("/staff/add")
    page.get_by_role("button", name="Add the room").click()
    expect(page.get_by_role("alert")).to_be_visible()


def show_conflict(page: Page, server: Server) -> None:
    page.goto("/staff/rooms/stated")
    fill(page, price="61")
    put(server, make_room(code="stated", price=int(time.time())))
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_be_visible()


def show_missing_scope(page: Page, server: Server) -> None:
    page.context.clear_cookies()
    sign_in(page, IMPORTER)
    page.goto("/staff/add")


@both_sizes
def test_axe_finds_nothing(live: Page, desk: Server) -> None:
    put(desk, make_room(code="stated"))
    live.goto("/staff")
    found = {"sign in": violations(live)}
    sign_in(live)
    for state, address in STATES.items():
        live.goto(address)
        found[state] = violations(live)
    for show in (show_wrong_fields, show_conflict, show_missing_scope):
        show(live, desk)
        found[show.__name__] = violations(live)

    assert {} == {state: wrong for state, wrong in found.items() if wrong}


@both_sizes
@pytest.mark.parametrize("act", ["Preview", "Import", "refused", "under way"])
def test_axe_finds_nothing_in_import_results(live: Page, tmp_path: Path, large: Path, act: str) -> None:
    sign_in(live, target="/staff/import")
    live.get_by_text("File format").click()
    (tmp_path / "rooms.csv").write_text(f"{HEADER}listed,20,60,51.5,-0.12\nbad,20,much,51.5,-0.1\n")
    live.get_by_label("File", exact=True).set_input_files(tmp_path / "rooms.csv")
    if act == "refused":
        live.get_by_label("Import nothing if a line is refused").check()
    if act == "under way":
        slowly(live, 100_000)
        live.get_by_label("File", exact=True).set_input_files(large)
    named = act if act in ("Preview", "Import") else "Preview"
    live.get_by_role("button", name=named, exact=True).click()
    expect(
        live.get_by_role("progressbar") if act == "under way" else live.locator("#answer *").first
    ).to_be_visible()

    assert violations(live) == []


def test_nothing_is_wider_than_the_screen(live: Page, desk: Server) -> None:
    put(desk, make_room(code="x" * 36))
    sign_in(live)
    for address in (*STATES.values(), f"/staff/rooms/{'x' * 36}"):
        live.goto(address)
        assert_fits(live, (3840, 1920, 320))


@both_sizes
def test_a_room_can_be_added_with_the_keyboard_alone(live: Page, size: str) -> None:
    sign_in(live, target="/staff/add")
    live.get_by_label("Code", exact=True).focus()
    one_line = (f"typed-{size}", "A room", "Studio", "Soho", "70", "20", "2", "3")
    for text in (*one_line, "Desk, Wifi", "Quiet.", "https://example.com", "51.5", "-0.1", "a.jpg"):
        live.keyboard.type(text)
        live.keyboard.press("Tab")
    live.keyboard.press("Tab")  # past the new photos
    live.keyboard.press("Enter")

    expect(live).to_have_url(re.compile(r"/room/typed\S*\?done=added"))


def show_what_an_import_changed(page: Page, server: Server) -> None:
    page.goto("/staff/import")
    listing = f"{HEADER}listed,20,60,51.5,-0.12\nbad,20,much,51.5,-0.1\n"
    file: FilePayload = {"name": "rooms.csv", "mimeType": "text/csv", "buffer": listing.encode()}
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.locator("#answer h2")).to_be_visible()


def test_tab_reaches_everything_on_the_pages_of_staff(live: Page, desk: Server) -> None:
    put(desk, make_room(code="stated"))
    live.goto("/staff")
    assert_all_reached(live)
    sign_in(live)
    for address in STATES.values():
        live.goto(address)
        stops = [stop["stop"] for stop in assert_all_reached(live)]

        assert sorted(stops) == stops, address
    for show in (show_wrong_fields, show_conflict, show_what_an_import_changed):
        show(live, desk)
        leave_the_page(live)
        assert_all_reached(live)


def test_every_page_is_covered_by_the_tab_tests() -> None:
    app = create_app(MemRepo())
    paths = {route.path for route in inspect_routes(app)}
    pages = {path for path in paths if path == "/" or f"{path}/" in paths}
    addresses = (*PAGES.values(), A_ROOM, *STATES.values(), "/staff/sign-in")
    found = [app._router.find(address.partition("?")[0]) for address in addresses]

    assert pages == {template for _, _, _, template in filter(None, found)}
