"""The WSGI application."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rentomatic.money import NO_CURRENCY, Money
from rentomatic.use_cases.budget import Budget, NewBudget
from rentomatic.use_cases.ports import RoomRepository
from rentomatic.web.access.keys import Keys
from rentomatic.web.access.sessions import Sessions
from rentomatic.web.api.clusters import ClustersResource
from rentomatic.web.api.health import LiveResource, MetricsResource, ReadyResource
from rentomatic.web.api.imports import ImportResource, Imports
from rentomatic.web.api.openapi import OpenApiResource
from rentomatic.web.api.room import RoomResource, room_body
from rentomatic.web.api.rooms import RoomsResource, SummaryResource
from rentomatic.web.api.writes import Writes
from rentomatic.web.http import errors
from rentomatic.web.http.bodies import SmallBodies
from rentomatic.web.http.cors import CorsMiddleware
from rentomatic.web.http.middleware import RequestMiddleware
from rentomatic.web.http.photos import PhotosResource
from rentomatic.web.http.static_files import FOLDER, StaticFiles
from rentomatic.web.limits.admitted import AdmittedRepository
from rentomatic.web.limits.tuning import USUAL, Tuning
from rentomatic.web.limits.turns import App, Turns
from rentomatic.web.limits.visitors import NO_PROXIES, Proxies
from rentomatic.web.pages.desk import Desk
from rentomatic.web.pages.docs import DocsPage
from rentomatic.web.pages.error import ErrorPage
from rentomatic.web.pages.layout import Layout
from rentomatic.web.pages.photos import NO_PHOTOS, Photos
from rentomatic.web.pages.room import RoomPage
from rentomatic.web.pages.room_forms import RoomForms
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
    tuning: Tuning = USUAL,
    metrics: "Metrics | None" = None,
    keys: Keys | None = None,
    origins: Sequence[str] = ("*",),
    tiles: Tiles = NO_TILES,
    proxies: Proxies = NO_PROXIES,
    money: Money = NO_CURRENCY,
    photos: Photos = NO_PHOTOS,
) -> App:
    """Return the application for a repository.

    tuning: how much work it accepts, and how long things may take.
    metrics: where requests are counted; by default, those of this application alone.
    keys: of clients that may write; by default, nobody may.
    origins: of the sites whose scripts may send requests, see `CorsMiddleware`.
    tiles: of the map; by default, the bundled map.
    proxies: trusted ones in front of the server; by default, only those on this machine.
    money: how prices are shown, and what those of listings must be.
    photos: where those of rooms may come from; by default, only the drawings of the sample rooms are shown.
    """
    from rentomatic.web.telemetry.metrics import Metrics, Sources
    from rentomatic.web.telemetry.observed import ObservedRepository, StorageTime

    metrics = metrics or Metrics(Sources(repository=repository))
    spent = StorageTime()
    turns = Turns(tuning, metrics, proxies)
    admitted = AdmittedRepository(ObservedRepository(repository, metrics, spent), turns)
    # Waiting for a turn is not charged.
    shared = _shared(admitted, lambda: Budget(tuning.read_timeout, lambda: spent.seconds), turns, keys, money)
    sessions = Sessions(shared.keys)
    layout = Layout(tiles, sessions, money, photos)
    app = App(turns, middleware=RequestMiddleware(turns, metrics, spent))
    app.add_middleware([CorsMiddleware(origins), StrictApi(), StaticFiles()])
    errors.install(app, metrics, ErrorPage(layout).show)
    _add_api(app, shared)
    _add_pages(app, shared, layout)
    _add_staff_pages(app, shared, layout, sessions)
    app.add_route("/metrics", MetricsResource(metrics))
    app.add_route("/photos/{name}", PhotosResource(photos.folder))
    app.add_static_route("/static", FOLDER)
    return app


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What the API and the pages work with. new_budget: creates the storage time for one request."""

    repository: RoomRepository
    new_budget: NewBudget
    turns: Turns
    keys: Keys
    writes: Writes
    imports: Imports
    money: Money


def _shared(
    repository: RoomRepository, new_budget: NewBudget, turns: Turns, keys: Keys | None, money: Money
) -> _Shared:
    keys = keys or Keys()
    return _Shared(
        repository=repository,
        new_budget=new_budget,
        turns=turns,
        keys=keys,
        writes=Writes(repository, keys, turns),
        imports=Imports(repository, keys, turns, money.terms),
        money=money,
    )


def _add_api(app: App, shared: _Shared) -> None:
    repository, new_budget, keys, writes = shared.repository, shared.new_budget, shared.keys, shared.writes
    turns = shared.turns
    bodies = SmallBodies(room_body(turns.tuning.room_timeout), turns, turns.lanes.bodies)
    rooms = RoomsResource(repository, new_budget, keys, bodies, writes, turns)
    app.add_route("/rooms", rooms)
    app.add_route("/rooms/clusters", ClustersResource(repository, new_budget))
    app.add_route("/rooms/import", ImportResource(shared.imports, keys))
    app.add_route("/rooms/summary", SummaryResource(repository, new_budget, shared.money.terms))
    app.add_route("/rooms/{code}", RoomResource(repository, keys, bodies, writes))
    app.add_route("/openapi.json", OpenApiResource(shared.money))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(repository))


def _add_pages(app: App, shared: _Shared, layout: Layout) -> None:
    search = partial(SearchPage, shared.repository, layout, shared.new_budget)
    add_page(app, "/", search())
    app.add_route("/parts/rooms", search("parts/rooms.html", with_prices=False))
    app.add_route("/parts/prices", search("parts/prices.html", with_rooms=False))
    add_page(app, "/room/{code}", RoomPage(shared.repository, layout, shared.new_budget))
    add_page(app, "/docs", DocsPage(layout))


def _add_staff_pages(app: App, shared: _Shared, layout: Layout, sessions: Sessions) -> None:
    repository, writes = shared.repository, shared.writes
    desk = Desk(layout, sessions, shared.turns)
    desk.install(app)
    start = StartPage(desk, sessions)
    add_page(app, "/staff", start)
    add_page(app, "/staff/sign-in", SignIn(desk, sessions, start))
    app.add_route("/staff/sign-out", SignOut(desk, sessions))
    add_page(app, "/staff/rooms", FindRoom(desk, repository, start))
    forms = RoomForms(desk, shared.turns, shared.keys, layout.photos.folder)
    for path, page in (
        ("/staff/add", AddRoomPage),
        ("/staff/rooms/{code}", EditRoomPage),
        ("/staff/rooms/{code}/remove", RemoveRoomPage),
    ):
        add_page(app, path, page(desk, repository, writes, forms))
    add_page(app, "/staff/import", ImportPage(desk, shared.imports))
