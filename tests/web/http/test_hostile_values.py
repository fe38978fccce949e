"""Text from users is quoted as typed: never as a Python literal, never with hidden characters."""

import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote, urlencode

import pytest
from falcon import testing

from rentomatic.domain.quoting import is_hidden
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.requests.listing import IMPORT_PARAMETERS, MAPPING
from rentomatic.requests.search import MATCH_PARAMETERS, PAGE_PARAMETERS
from tests.builders import make_room
from tests.web.staff import Staff

HOSTILE = (
    "Família",
    "it's",
    'say "no"',
    "C:\\dir",
    "\x1b[31mred",
    "a\u202eb\u2066c\u2069\u200ed\u200f\u061c",
    "6\n0",
    "\x00",
    "6\u20280",
    "é" * 5000,
)
TRACES = re.compile(r"\\x|\\u|\\[nrt\\]|, not \"")
"""Traces of a text's `repr`."""

FILTERS = (
    "filter_code__eq",
    "filter_code__in",
    "filter_price__lte",
    "filter_size__in",
    "filter_latitude__gt",
)
"""One example of each way in which a value is read."""

OF_THE_API = (
    *(("/rooms", name) for name in (*FILTERS, *MATCH_PARAMETERS, *PAGE_PARAMETERS, "colour")),
    *(("/rooms/summary", name) for name in (*MATCH_PARAMETERS, "filter_price__in", "format")),
    *(("/rooms/clusters", name) for name in (*MATCH_PARAMETERS, "zoom")),
    *(("/rooms/a1", name) for name in ("format", "colour")),
)
OF_PAGES = (
    *(("/", name) for name in (*FILTERS, *MATCH_PARAMETERS, *PAGE_PARAMETERS, "colour", "filter_colour__eq")),
    *(("/parts/rooms", name) for name in (*FILTERS, *MATCH_PARAMETERS, *PAGE_PARAMETERS)),
    *(("/room/a1", name) for name in ("done", "colour")),
    *(("/staff", name) for name in ("next", "code", "done", "colour")),
    *(("/staff/rooms", name) for name in ("code", "colour")),
    *(("/staff/add", name) for name in ("code", "colour")),
    *(("/docs", name) for name in ("colour",)),
)
PATHS = ("/room/{}", "/rooms/{}", "/staff/rooms/{}", "/staff/rooms/{}/remove", "/{}", "/static/{}")
FORMS = {
    "/staff/add": ("code", "title", "price", "size", "latitude", "longitude", "fresh"),
    "/staff/rooms/a1": ("title", "price", "size", "latitude", "longitude", "version"),
    "/staff/rooms/a1/remove": ("version",),
    "/staff/sign-in": ("key", "next"),
}
MEMBERS = ("code", "price", "size", "latitude", "longitude")


@pytest.fixture(scope="module")
def staff() -> Staff:
    return Staff(MemRepo([make_room(code="a1")]))


@pytest.mark.parametrize("text", HOSTILE)
def test_the_api_quotes_parameters_as_typed(staff: Staff, text: str) -> None:
    for path, name in OF_THE_API:
        answer = staff.get(f"{path}?{urlencode({name: text})}")

        assert answer.status_code < 500
        assert_clean(answer, f"{path}?{name}")


@pytest.mark.parametrize("text", HOSTILE)
def test_pages_quote_parameters_as_typed(staff: Staff, text: str) -> None:
    for path, name in OF_PAGES:
        answer = staff.get(f"{path}?{urlencode({name: text})}", accept="text/html")

        assert answer.status_code < 500
        assert_clean(answer, f"{path}?{name}")


@pytest.mark.parametrize("text", HOSTILE)
def test_names_and_paths_are_shown_as_typed(staff: Staff, text: str) -> None:
    targets = [f"/rooms?{urlencode({text: '1'})}", f"/?{urlencode({text: '1', f'filter_{text}': '1'})}"]
    targets += [path.format(quote(text[:500], safe="")) for path in PATHS]
    for target in targets:
        for accept in ("application/json", "text/html"):
            answer = staff.get(target, accept=accept)

            assert answer.status_code < 500
            assert_clean(answer, target)


@pytest.mark.parametrize("text", HOSTILE)
def test_forms_quote_their_fields_as_typed(staff: Staff, text: str) -> None:
    for path, names in FORMS.items():
        for name in names:
            assert_clean(staff.post(path, {name: text}), f"{path} {name}")


@pytest.mark.parametrize("text", HOSTILE)
def test_the_api_quotes_members_and_listings_as_sent(staff: Staff, text: str) -> None:
    key = {"Authorization": f"Bearer {staff.key}"}
    for member in MEMBERS:
        room = {"code": "b2", "price": 60, "size": 20, "latitude": 51, "longitude": 0, member: text}
        headers = {**key, "Content-Type": "application/json"}
        answer = staff.client.simulate_post("/rooms", body=json.dumps(room), headers=headers)
        assert_clean(answer, f"member {member}")

        listing = f"{json.dumps(room)}\n"
        headers = {**key, "Content-Type": "application/x-ndjson"}
        answer = staff.client.simulate_post("/rooms/import?dry_run=true", body=listing, headers=headers)
        assert_clean(answer, f"listing with {member}")
    for name in (*IMPORT_PARAMETERS, MAPPING, "colour"):
        headers = {**key, "Content-Type": "text/csv"}
        query = urlencode({name: f"price={text}" if name == MAPPING else text})
        header = "code,price,latitude,longitude\n"
        answer = staff.client.simulate_post("/rooms/import", query_string=query, body=header, headers=headers)
        assert_clean(answer, f"import?{name}")


def assert_clean(answer: testing.Result, what: str) -> None:
    for text in _texts(answer):
        assert not [sign for sign in {*text} if is_hidden(sign) and sign != "\n"], (what, text[-500:])
        assert not TRACES.search(text), (what, text[-500:])
    for name, text in answer.headers.items():
        assert text.isprintable(), (what, name)


def _texts(answer: testing.Result) -> Iterator[str]:
    """Yield all text that a user sees."""
    if "json" in answer.headers.get("content-type", ""):
        yield from _strings(answer.json)
    else:
        yield unescape(answer.text)


def _strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from _strings(item)
        case dict():
            for item in value.values():
                yield from _strings(item)
