"""The search for expensive requests: what it sends, that it can be repeated, and what it reports."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.worst import command
from benchmarks.worst.asking import Asker
from benchmarks.worst.hunt import Catch, Hunt, shape_of
from benchmarks.worst.measuring import Application, Cost, NoServer
from benchmarks.worst.requests import PAGED, ROUTES, Request, Route, makes_sense, of_saved
from benchmarks.worst.values import Known, Values
from rentomatic.domain.search import SORTS, Field, Operator
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.requests.search import FILTERS, MAX_CONDITIONS, MAX_VALUES, Format
from rentomatic.sample_rooms import sample_rooms
from rentomatic.web.app import create_app
from rentomatic.web.http.middleware import MAX_URL

KNOWN = Known([*sample_rooms(60)])

UNDERSTOOD = {200, 304, 404, 412, 406}
"""406 and 412: made-up headers ask for formats and versions that do not exist."""

BY_NAME = {route.name: route for route in ROUTES}


def asker(seed: int = 1, known: Known = KNOWN) -> Asker:
    chance = random.Random(seed)
    return Asker(Values(known, chance), chance)


def requests(route: Route, number: int, seed: int = 1) -> Iterator[Request]:
    """Yield random requests, and variants of each."""
    ask = asker(seed)
    for _ in range(number):
        request = ask.any(route)
        yield request
        for _ in range(4):
            request = ask.variant(request)
            yield request


@pytest.fixture(scope="module")
def application() -> Application:
    return Application(create_app(MemRepo(KNOWN.rooms)), NoServer())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_generated_requests_are_accepted(route: Route, application: Application) -> None:
    wrong = []
    for request in requests(route, 8):
        status, _, body = application.answer(request.path, request.query, request.method, request.headers)
        text = b"".join(body)
        if status not in UNDERSTOOD and not has_slip(request):
            wrong.append((status, request.target[:200], text[:300]))

    assert wrong == []


def test_mistakes_are_refused_by_name(application: Application) -> None:
    slipped = [request for request in requests(BY_NAME["summary"], 30) if has_slip(request)]
    statuses = {application.cost(request).status for request in slipped}

    assert slipped
    assert statuses == {400}


def test_every_filter_sort_format_and_parameter_is_generated() -> None:
    few = asker(known=Known(KNOWN.rooms[:5]))
    asked = {pair for _ in range(30) for route in ROUTES for pair in few.any(route).parameters}
    names = {name for name, _ in asked}

    assert set(FILTERS) - names == set()
    assert {parameter for route in ROUTES for parameter in route.parameters} - names == set()
    assert set(SORTS) - {text for name, text in asked if name == "sort"} == set()
    assert {*map(str, Format)} - {text for name, text in asked if name == "format"} == set()


def test_requests_reach_but_do_not_exceed_the_limits_of_the_parser() -> None:
    asked = [request for route in ROUTES for request in requests(route, 12)]
    values = [len(r.parameters[at][1].split(",")) for r in asked for at in r.lists()]
    conditions = [len(request.conditions()) for request in asked]
    targets = [replace(request, after=None).target.replace("?", "") for request in asked]

    assert max(values) == MAX_VALUES
    assert max(conditions) == MAX_CONDITIONS
    assert max(map(len, targets)) <= MAX_URL
    assert all(map(makes_sense, asked))


@pytest.mark.parametrize("name", PAGED)
def test_later_pages_are_requested_with_valid_cursors(name: str, application: Application) -> None:
    deep = [r for r in requests(BY_NAME[name], 12) if r.after and not has_slip(r) and not r.headers]
    statuses = Counter(application.cost(request).status for request in deep)

    assert set(statuses) == {200}


def test_equal_seeds_give_equal_requests() -> None:
    def targets(seed: int) -> list[str]:
        return [request.target for route in ROUTES for request in requests(route, 3, seed)]

    assert targets(1) == targets(1)
    assert targets(1) != targets(2)


def test_requests_can_be_generated_without_rooms() -> None:
    ask = asker(known=Known([]))
    asked = [ask.variant(ask.any(route)) for route in ROUTES for _ in range(20)]

    assert all(map(makes_sense, asked))


def test_the_hunt_knows_rooms_of_each_order(application: Application) -> None:
    known = application.known()

    assert {room.code for room in known.rooms} == {room.code for room in KNOWN.rooms}
    assert known.values["price"] == sorted({room.price for room in KNOWN.rooms})


class FakeClock:
    """The clock of a hunt in which each request takes a second."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def expensive(request: Request) -> float:
    """Return a high cost for many latitudes near a point, and a lower one for either alone."""
    latitudes = [
        text.count(",") + 1
        for name, text in request.parameters
        if FILTERS.get(name) == (Field.LATITUDE, Operator.IN)
    ]
    near = 10 if "near" in request.names() else 1
    return near * (min(max(latitudes, default=0), 50) + 1) + len(request.parameters) / 1000


def hunt(seed: int = 1, seconds: float = 300, route: str = "search") -> Hunt:
    clock = FakeClock()

    def price(request: Request) -> float:
        clock.now += 1
        return expensive(request)

    found = Hunt(asker(seed), price, clock)
    found.run(seconds, [BY_NAME[route]])
    return found


def test_the_hunt_finds_expensive_requests_and_shrinks_them() -> None:
    first, *_ = hunt().most_expensive(5)

    assert set(first.request.names()) == {"near", "filter_latitude__in"}
    assert 510 * 0.8 <= first.price <= 511


def test_equal_seeds_and_costs_give_equal_results() -> None:
    def found(seed: int) -> list[str]:
        return [catch.request.target for catch in hunt(seed, 100).most_expensive(5)]

    assert found(3) == found(3)
    assert found(3) != found(4)


def test_similar_requests_are_reported_once() -> None:
    found = hunt().most_expensive(20)
    shapes = [shape_of(catch.request) for catch in found]

    assert len(set(shapes)) == len(shapes)
    assert [shape for shape in shapes[1:] if set(shape) >= set(shapes[0])] == []


def test_a_hunt_ends_when_its_time_is_over() -> None:
    found = hunt(seconds=40)
    found.most_expensive(5, seconds=10)

    assert 40 <= found.asked <= 51


def test_an_expensive_route_takes_no_more_than_its_share_of_the_time() -> None:
    clock, asked = FakeClock(), Counter[str]()

    def price(request: Request) -> float:
        clock.now += 10 if request.route.exports else 1
        asked[request.route.name] += 1
        return 1.0

    Hunt(asker(), price, clock).run(400, [BY_NAME["export"], BY_NAME["summary"]])

    assert asked == {"export": 20, "summary": 200}


def test_a_request_is_shrunk_to_what_makes_it_expensive() -> None:
    codes = ",".join(room.code for room in KNOWN.rooms)
    request = Request(
        BY_NAME["search"],
        "/rooms",
        (
            ("near", "51.5,-0.1"),
            ("filter_latitude__in", ",".join(f"{n}" for n in range(80))),
            ("filter_code__in", codes),
            ("radius", "10"),
            ("count", "exact"),
        ),
        after=KNOWN.rooms[0],
        method="HEAD",
        headers=(("Accept", "*/*"),),
    )

    small = Hunt(asker(), expensive, FakeClock()).shrunk(Catch(request, expensive(request)))

    assert small.request == Request(
        BY_NAME["search"],
        "/rooms",
        (("near", "51.5,-0.1"), ("filter_latitude__in", ",".join(f"{n}" for n in range(40)))),
    )


def test_a_saved_request_is_repeated_unchanged() -> None:
    saved = [request.saved() for route in ROUTES for request in requests(route, 5)]

    assert [of_saved(one).saved() for one in saved] == saved


def test_a_cost_includes_the_size_and_the_storages_operations(application: Application) -> None:
    request = Request(BY_NAME["start page"], "/", (("filter_price__gt", "1"),))
    body = b"".join(application.answer("/", "filter_price__gt=1")[2])
    cost = application.steady_cost(request)

    assert (cost.status, cost.size) == (200, len(body))
    assert cost.calls == {"search": 1, "count": 1, "summarise": 1}


def test_saved_results_can_be_replayed(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    first = command.hunted(application, "sqlite", 1, 0.3, [BY_NAME["summary"], BY_NAME["room"]], 5)
    path = report.save(len(KNOWN.rooms), 1, None, {"worst": [first]})
    again = command.asked_again(application, "sqlite", command.load(path)["sqlite"])

    assert first.found
    assert [one.request for one in again.found] == [one.request for one in first.found]
    assert [one.before for one in again.found] == [one.cost for one in first.found]


def test_table_shows_shortened_requests_and_their_earlier_cost() -> None:
    values = ",".join(map(str, range(1000)))
    request = Request(BY_NAME["search"], "/rooms", (("filter_price__in", values), ("limit", "5")))
    cost = Cost(0.5, 0.25, 1.0, 200, 1500, {"search": 1})
    found = command.Found(request.saved(), cost, replace(cost, thread=1.25))
    output = StringIO()

    command.show(Console(file=output, width=200), command.Findings("sqlite", None, 0, 1, [found]))

    (row,) = [line.split() for line in output.getvalue().splitlines() if "/rooms" in line]
    assert row[:9] == ["1.500", "0.750", "0.500", "0.250", "1.000", "200", "2", "search", "1"]
    assert "".join(row[9:]) == "/rooms?filter_price__in=0,1,2,…[997more]&limit=5"
    assert "Above 1.0 s: 0 of 1" in output.getvalue()


def has_slip(request: Request) -> bool:
    """Whether the request has an unknown name."""
    return bool(request.slips())
