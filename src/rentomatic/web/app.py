"""The WSGI application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.access.keys import Keys
from rentomatic.web.access.sessions import Sessions
from rentomatic.web.api.clusters import ClustersResource
from rentomatic.web.api.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.api.imports import ImportResource, Imports
from rentomatic.web.api.openapi import OpenApiResource
from rentomatic.web.api.room import ROOM_BODY, RoomResource
from rentomatic.web.api.rooms import RoomsResource, SummaryResource
from rentomatic.web.api.writes import Writes
from rentomatic.web.http import errors
from rentomatic.web.http.bodies import SmallBodies
from rentomatic.web.http.cors import CorsMiddleware
from rentomatic.web.http.middleware import RequestMiddleware
from rentomatic.web.http.static_files import FOLDER, StaticFiles
from rentomatic.web.limits.admitted import AdmittedRepository
from rentomatic.web.limits.turns import App, Turns
from rentomatic.web.limits.visitors import NO_PROXIES, Proxies
from rentomatic.web.pages.desk import Desk
from rentomatic.web.pages.docs import DocsPage
from rentomatic.web.pages.error import ErrorPage
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.room import RoomPage
from rentomatic.web.pages.search import SearchPage
from rentomatic.web.pages.slashes import StrictApi, add_page
from rentomatic.web.pages.staff import FindRoom, SignIn, SignOut, StartPage
from rentomatic.web.pages.staff_import import ImportPage
from rentomatic.web.pages.staff_rooms import AddRoomPage, EditRoomPage, RemoveRoomPage
from rentomatic.web.pages.tiles import NO_TILES, Tiles

if TYPE_CHECKING:
    from rentomatic.web.telemetry.metrics import Metrics


def create_app(
    repository: RoomRepository,
    threads: int = 4,
    metrics: "Metrics | None" = None,
    keys: Keys | None = None,
    origins: Sequence[str] = ("*",),
    tiles: Tiles = NO_TILES,
    export_timeout: float = 600.0,
    read_timeout: float = 1.0,
    proxies: Proxies = NO_PROXIES,
) -> App:
    """The application over a repository.

    threads: how many requests read at a time; `Lanes` says how they are shared.
    metrics: where requests are counted, those of this application alone unless given.
    keys: of those who may write; nobody may unless given.
    origins: of the sites whose scripts may ask, see `CorsMiddleware`.
    tiles: of the map, those of the bundled one unless given.
    export_timeout: seconds for an export, made and sent.
    read_timeout: seconds that the storage may take for all that one request asks of it.
    proxies: in front of the server, those of this machine alone unless given.
    """
    from rentomatic.web.telemetry.metrics import Metrics, Sources
    from rentomatic.web.telemetry.observed import ObservedRepository, StorageTime

    metrics = metrics or Metrics(Sources(repository=repository))
    keys = keys or Keys()
    spent = StorageTime()
    turns = Turns(threads, metrics, proxies)
    admitted = AdmittedRepository(ObservedRepository(repository, metrics, spent), turns)

    def new_budget() -> Budget:
        return Budget(read_timeout, clock=lambda: spent.seconds)  # waiting for a turn costs nothing

    bodies = SmallBodies(ROOM_BODY, turns, turns.lanes.bodies)
    writes = Writes(admitted, keys, turns)
    imports = Imports(admitted, keys, turns)
    app = App(turns, middleware=RequestMiddleware(turns, metrics, spent))
    app.add_middleware([CorsMiddleware(origins), StrictApi(), StaticFiles()])
    sessions = Sessions(keys)
    layout = Layout(tiles, sessions)
    errors.install(app, metrics, ErrorPage(layout).show)
    add_page(app, "/", SearchPage(admitted, layout, new_budget))
    app.add_route(
        "/parts/rooms", SearchPage(admitted, layout, new_budget, "parts/rooms.html", with_prices=False)
    )
    app.add_route(
        "/parts/prices", SearchPage(admitted, layout, new_budget, "parts/prices.html", with_rooms=False)
    )
    add_page(app, "/room/{code}", RoomPage(admitted, layout, new_budget))
    app.add_route("/rooms", RoomsResource(admitted, new_budget, keys, bodies, writes, turns, export_timeout))
    app.add_route("/rooms/clusters", ClustersResource(admitted, new_budget))
    app.add_route("/rooms/import", ImportResource(imports, keys))
    app.add_route("/rooms/summary", SummaryResource(admitted, new_budget))
    app.add_route("/rooms/{code}", RoomResource(admitted, keys, bodies, writes))
    app.add_route("/openapi.json", OpenApiResource())
    add_page(app, "/docs", DocsPage(layout))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(admitted))
    app.add_route("/metrics", MetricsResource(metrics))
    _add_staff_pages(app, Desk(layout, sessions, turns), sessions, admitted, writes, imports)
    app.add_static_route("/static", FOLDER)
    return app


def _add_staff_pages(
    app: App,
    desk: Desk,
    sessions: Sessions,
    repository: RoomRepository,
    writes: Writes,
    imports: Imports,
) -> None:
    desk.install(app)
    start = StartPage(desk, sessions)
    add_page(app, "/staff", start)
    add_page(app, "/staff/sign-in", SignIn(desk, sessions, start))
    app.add_route("/staff/sign-out", SignOut(desk, sessions))
    add_page(app, "/staff/rooms", FindRoom(desk, repository, start))
    add_page(app, "/staff/add", AddRoomPage(desk, repository, writes))
    add_page(app, "/staff/rooms/{code}", EditRoomPage(desk, repository, writes))
    add_page(app, "/staff/rooms/{code}/remove", RemoveRoomPage(desk, repository, writes))
    add_page(app, "/staff/import", ImportPage(desk, imports))
