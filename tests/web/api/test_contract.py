"""`/openapi.json` describes everything that the application does, and nothing else.

Every test of the web accepts only documented responses, see `contract.py`; here each of them is provoked.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from falcon import testing
from openapi_spec_validator import validate as validate_document

from rentomatic.domain.fields import FIELDS
from rentomatic.domain.search import SORTS
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.requests.listing import IMPORT_PARAMETERS, MAPPING
from rentomatic.requests.search import FILTERS, MATCH_PARAMETERS, PAGE_PARAMETERS
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.serializers import json as json_of_rooms
from rentomatic.settings import ApiKey, Scope
from rentomatic.use_cases.errors import OutOfTime, RepositoryUnavailable, StorageReadOnly, WordsNotStored
from rentomatic.web.app import create_app
from rentomatic.web.http.problems import PREFIX, TYPES
from rentomatic.web.limits.tuning import USUAL, Tuning
from tests.web.conftest import client_of, get, key_of
from tests.web.contract import DOCUMENT, Kind, documented, follow, operations, validate

PAGES = ("/docs", "/parts/", "/photos/", "/room/", "/staff")
OF_THE_PROXY = 429
CODE = FIRST_ROOMS[0].code
ROOM = json_of_rooms.encode(FIRST_ROOMS[0])
NEW = ROOM.replace(CODE.encode(), b"r1")
LISTING = b"code,size,price,latitude,longitude\nr1,20,60,51.5,-0.12\n"

Request = tuple[str, str, bytes | None, dict[str, str]]

GOOD: dict[str, Request] = {
    "searchRooms": ("GET", "/rooms", None, {}),
    "summariseRooms": ("GET", "/rooms/summary", None, {}),
    "clusterRooms": ("GET", "/rooms/clusters?bbox=-1,51,1,52&zoom=10", None, {}),
    "getRoom": ("GET", f"/rooms/{CODE}", None, {}),
    "addRoom": ("POST", "/rooms", NEW, {"Content-Type": "application/json"}),
    "putRoom": ("PUT", f"/rooms/{CODE}", ROOM, {"Content-Type": "application/json"}),
    "deleteRoom": ("DELETE", f"/rooms/{CODE}", None, {}),
    "importRooms": ("POST", "/rooms/import", LISTING, {"Content-Type": "text/csv"}),
    "getContract": ("GET", "/openapi.json", None, {}),
    "isLive": ("GET", "/health/live", None, {}),
    "isReady": ("GET", "/health/ready", None, {}),
    "getMetrics": ("GET", "/metrics", None, {}),
}
WRITES = ("addRoom", "putRoom", "deleteRoom", "importRooms")
KEY, ENTRY = key_of("all", *Scope)


class Failing:
    """A storage that fails on every call."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*arguments: object, **options: object) -> Any:
            raise self.error

        return fail


class Asking(MemRepo):
    """A storage that sends the application a request while it handles one itself."""

    also: Callable[[], object]

    def get(self, code: str) -> Any:
        self.also()
        return super().get(code)


class Walk:
    """Sends requests, and collects the kinds of responses."""

    def __init__(self) -> None:
        self.seen: set[Kind] = set()

    def ask(
        self,
        request: Request,
        more: str = "",
        storage: Any = None,
        key: ApiKey | None = ENTRY,
        tuning: Tuning = USUAL,
        **header: str,
    ) -> None:
        keys = [key] if key is not None else []
        client = client_of(storage or MemRepo(FIRST_ROOMS), keys=keys, tuning=tuning)
        self.send(client, request, more, **header)

    def send(self, client: Any, request: Request, more: str = "", **header: str) -> None:
        method, path, body, headers = request
        given = {name.replace("_", "-"): text for name, text in header.items()}
        sent = {"Authorization": f"Bearer {KEY}", **headers, **given}
        client.simulate_request(method, path + more, body=body, headers=sent)
        self.seen |= client.seen


def test_the_openapi_document_is_valid() -> None:
    validate_document(DOCUMENT)

    assert DOCUMENT["openapi"].startswith("3.1")


def test_exactly_the_existing_routes_are_documented() -> None:
    app = create_app(MemRepo())
    routes: dict[str, set[str]] = {}

    def collect(nodes: Any) -> Iterator[tuple[str, Any]]:
        for node in nodes:
            if node.resource is not None:
                yield node.uri_template, node.method_map
            yield from collect(node.children)

    for path, methods in collect(app._router._roots):
        allowed = {
            name for name, responder in methods.items() if "method_not_allowed" not in responder.__qualname__
        }
        routes[path] = {name.lower() for name in allowed} & {"get", "put", "post", "delete", "patch"}

    documented_routes: dict[str, set[str]] = {}
    for path, method, _ in operations():
        documented_routes.setdefault(path, set()).add(method)
    of_programs = {path for path in routes if path != "/" and not path.startswith(PAGES)}
    assert documented_routes == {path: routes[path] for path in of_programs}


@pytest.mark.parametrize("name", GOOD)
def test_exactly_the_parsed_parameters_are_documented(name: str) -> None:
    filters = set(FILTERS)
    expected = {
        "searchRooms": {*filters, *MATCH_PARAMETERS, *PAGE_PARAMETERS},
        "summariseRooms": {*filters, *MATCH_PARAMETERS},
        "clusterRooms": {*filters, *MATCH_PARAMETERS, "zoom"},
        "getRoom": {"format"},
        "importRooms": {*IMPORT_PARAMETERS, MAPPING},
    }

    (operation,) = (found for _, _, found in operations() if found["operationId"] == name)
    parameters = [follow(parameter) for parameter in operation["parameters"]]
    assert expected.get(name, set()) == {found["name"] for found in parameters if found["in"] == "query"}


def test_every_field_operator_and_sort_is_documented() -> None:
    parameters = DOCUMENT["components"]["parameters"]
    search = DOCUMENT["paths"]["/rooms"]["get"]["parameters"]
    (sort,) = (found for found in search if found.get("name") == "sort")

    filters = {f"filter_{field.name}__{operator}" for field in FIELDS for operator in field.operators}
    assert filters == {name for name in parameters if name.startswith("filter_")}
    assert list(SORTS) == sort["schema"]["enum"]


def test_every_type_of_problem_is_documented() -> None:
    types = {kind.removeprefix(PREFIX) for _, _, kind in documented()} - {"", "about:blank"}

    assert set(TYPES) == types


def test_exactly_the_documented_responses_are_sent() -> None:
    walk = Walk()
    for name, request in GOOD.items():
        walk.ask(request)
        walk.ask(request, "?nonsense=1")
        walk.ask(request, "?x=" + "9" * 9000)
        walk.ask(request, storage=Failing(RepositoryUnavailable("away")))
        walk.ask(request, storage=Failing(OutOfTime()))
        walk.ask(request, storage=Failing(ZeroDivisionError()))
        walk.ask(request, If_Match='"other"', If_None_Match="*" if name != "putRoom" else '"x"')
        walk.ask(request, If_None_Match="no tag", If_Match="no tag")
        walk.ask(request, If_None_Match="*")
        walk.ask(request, Accept="image/png")
        busy(walk, request)
    for name in WRITES:
        refused(walk, GOOD[name])
    for name in ("searchRooms", "summariseRooms", "clusterRooms"):
        walk.ask(GOOD[name], storage=Failing(WordsNotStored()))
    unusual(walk)

    assert {kind for kind in documented() if kind[1] != OF_THE_PROXY} == walk.seen


def busy(walk: Walk, request: Request) -> None:
    """While the only place is taken."""
    repository = Asking(FIRST_ROOMS)
    client = client_of(repository, threads=1, keys=[ENTRY], tuning=Tuning(wait=0.05))
    repository.also = lambda: walk.send(client, request)
    client.simulate_get(f"/rooms/{CODE}")


def refused(walk: Walk, request: Request) -> None:
    """Refusals because of the client, of the storage, or of the body."""
    walk.ask(request, storage=Failing(StorageReadOnly()))
    walk.ask(request, Authorization="Bearer rom_x")
    walk.ask(request, key=None)
    walk.ask(request, key=ApiKey("none", frozenset(), ENTRY.digest))
    if request[2] is not None:
        walk.ask(request, Content_Type="application/xml")
        walk.ask(request, Content_Length=str(USUAL.listing_bytes + 1))
        walk.ask((*request[:2], request[2][:9], request[3]), Content_Length="20")
        walk.ask((*request[:2], b"{}", request[3]))


def unusual(walk: Walk) -> None:
    """Responses that only some requests can get."""
    walk.ask((*GOOD["addRoom"][:2], ROOM, {"Content-Type": "application/json"}))
    walk.ask(("PUT", "/rooms/r1", NEW, {"Content-Type": "application/json"}))
    for method in ("GET", "DELETE"):
        walk.ask((method, "/rooms/nope", None, {}))
    listing, taken = GOOD["importRooms"], LISTING.replace(b"r1", CODE.encode())
    walk.ask((*listing[:2], taken, listing[3]), "?on_conflict=fail")
    walk.ask((*listing[:2], LISTING + b"r2\n", listing[3]), "?atomic=true")
    walk.ask((*listing[:2], None, listing[3]))
    bomb = gzip.compress(LISTING * 100)
    packed = {**listing[3], "Content-Encoding": "gzip"}
    walk.ask((*listing[:2], bomb, packed), tuning=Tuning(listing_bytes=200))
    for name in ("addRoom", "putRoom", "importRooms"):
        walk.ask(GOOD[name], tuning=Tuning(room_timeout=-1.0, listing_timeout=-1.0))


def test_every_example_is_accepted_and_fits_its_schema() -> None:
    for _, _, operation in operations():
        for parameter in map(follow, operation["parameters"]):
            validate(parameter["schema"], parameter["example"])
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            validate(content["schema"], content["example"])
            method, path, _, _ = GOOD[operation["operationId"]]
            example = content["example"]
            body = json.dumps(example).encode() if isinstance(example, dict) else example.encode()
            client = client_of(MemRepo(), keys=[ENTRY])
            headers = {"Authorization": f"Bearer {KEY}", "Content-Type": media_type}
            assert client.simulate_request(method, path, body=body, headers=headers).status_code < 300
    for schema in DOCUMENT["components"]["schemas"].values():
        for example in schema.get("examples", []):
            validate(schema, example)


def test_the_document_is_served_with_a_validator(client: testing.TestClient) -> None:
    answer = get(client, "/openapi.json")

    assert DOCUMENT == answer.json
    assert get(client, "/openapi.json", If_None_Match=answer.headers["etag"]).status_code == 304
