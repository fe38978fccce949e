"""The WSGI application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import falcon
from falcon import Request, Response

from rentomatic.use_cases.budget import Budget
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web import errors
from rentomatic.web.bodies import SmallBodies
from rentomatic.web.clusters import ClustersResource
from rentomatic.web.cors import CorsMiddleware
from rentomatic.web.docs import DocsPage
from rentomatic.web.gate import Gates
from rentomatic.web.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.imports import ImportResource, Imports
from rentomatic.web.keys import Keys
from rentomatic.web.middleware import RequestMiddleware
from rentomatic.web.openapi import OpenApiResource
from rentomatic.web.pages.desk import Desk
from rentomatic.web.pages.error import ErrorPage
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.room import RoomPage
from rentomatic.web.pages.search import SearchPage
from rentomatic.web.pages.slashes import StrictApi, add_page
from rentomatic.web.pages.staff import FindRoom, SignIn, SignOut, StartPage
from rentomatic.web.pages.staff_import import ImportPage
from rentomatic.web.pages.staff_rooms import AddRoomPage, EditRoomPage, RemoveRoomPage
from rentomatic.web.room import ROOM_BODY, RoomResource
from rentomatic.web.rooms import RoomsResource, SummaryResource
from rentomatic.web.sessions import Sessions
from rentomatic.web.static_files import FOLDER, StaticFiles
from rentomatic.web.tiles import NO_TILES, Tiles
from rentomatic.web.writes import Writes

if TYPE_CHECKING:
    from rentomatic.web.metrics import Metrics

App = falcon.App[Request, Response]


def create_app(
    repository: RoomRepository,
    threads: int = 4,
    metrics: "Metrics | None" = None,
    keys: Keys | None = None,
    origins: Sequence[str] = ("*",),
    tiles: Tiles = NO_TILES,
    export_timeout: float = 600.0,
    read_timeout: float = 1.0,
) -> App:
    """The application over a repository.

    threads: how many requests the server hands over at a time; `Gates` says how they are shared.
    metrics: where requests are counted, those of this application alone unless given.
    keys: of those who may write; nobody may unless given.
    origins: of the sites whose scripts may ask, see `CorsMiddleware`.
    tiles: of the map, those of the bundled one unless given.
    export_timeout: seconds for an export, made and sent.
    read_timeout: seconds that the storage may take for all that one request asks of it.
    """
    from rentomatic.web.metrics import Metrics, Sources
    from rentomatic.web.observed import ObservedRepository, StorageTime

    metrics = metrics or Metrics(Sources(repository=repository))
    keys = keys or Keys()
    spent = StorageTime()
    observed = ObservedRepository(repository, metrics, spent)

    def new_budget() -> Budget:
        return Budget(read_timeout, clock=lambda: spent.seconds)  # waiting for a turn costs nothing

    gates = Gates(threads)
    bodies = SmallBodies(ROOM_BODY, gates.bodies)
    writes = Writes(observed, keys, gates.writes)
    imports = Imports(observed, keys, gates.imports)
    app = falcon.App(middleware=RequestMiddleware(gates.requests, metrics, spent))
    app.add_middleware([CorsMiddleware(origins), StrictApi(), StaticFiles()])
    sessions = Sessions(keys)
    layout = Layout(tiles, sessions)
    errors.install(app, metrics, ErrorPage(layout))
    add_page(app, "/", SearchPage(observed, layout, new_budget))
    app.add_route(
        "/parts/rooms", SearchPage(observed, layout, new_budget, "parts/rooms.html", with_prices=False)
    )
    app.add_route(
        "/parts/prices", SearchPage(observed, layout, new_budget, "parts/prices.html", with_rooms=False)
    )
    add_page(app, "/room/{code}", RoomPage(observed, layout, new_budget))
    app.add_route("/rooms", RoomsResource(observed, new_budget, keys, bodies, writes, gates, export_timeout))
    app.add_route("/rooms/clusters", ClustersResource(observed, new_budget))
    app.add_route("/rooms/import", ImportResource(imports, keys))
    app.add_route("/rooms/summary", SummaryResource(observed, new_budget))
    app.add_route("/rooms/{code}", RoomResource(observed, keys, bodies, writes))
    app.add_route("/openapi.json", OpenApiResource())
    add_page(app, "/docs", DocsPage(layout))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(observed))
    app.add_route("/metrics", MetricsResource(metrics))
    _add_staff_pages(app, Desk(layout, sessions, gates.forms), sessions, observed, writes, imports)
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
