"""The page that shows the contract: all of it, without JavaScript, and every link on it works."""

import re

import pytest
from falcon import testing

from rentomatic.repository.memory import MemRepo
from rentomatic.sample_rooms import sample_rooms
from rentomatic.web.docs import TRIES, words
from rentomatic.web.openapi.parameters import filters
from tests.web.conftest import client_of, get
from tests.web.contract import DOCUMENT, documented, operations


@pytest.fixture(scope="module")
def page() -> str:
    return get(client_of(MemRepo()), "/docs").text


def test_it_shows_every_operation_parameter_answer_and_schema(page: str) -> None:
    for path, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in page
        assert f"<code>{path}</code>" in page
    for name in (*DOCUMENT["components"]["parameters"], *(kind for _, _, kind in documented() if kind)):
        assert f"<code>{name}</code>" in page
    for name in DOCUMENT["components"]["schemas"]:
        assert f'id="schema-{name}"' in page


def test_it_loads_nothing_from_elsewhere_and_runs_nothing(client: testing.TestClient, page: str) -> None:
    policy = get(client, "/docs").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style| style=| on\w+=", page)
    assert set() == {link for link in re.findall(r'(?:href|src)="([^"]+)"', page) if link[0] not in "/#"}


def test_every_link_on_it_leads_somewhere(page: str) -> None:
    client = client_of(MemRepo(sample_rooms()))
    for link in set(re.findall(r'(?:href|src)="([^"]+)"', page)):
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in page
        else:
            assert get(client, link.replace("&amp;", "&")).status_code == 200


def test_whatever_can_be_read_can_be_tried(page: str) -> None:
    names = {operation["operationId"] for _, method, operation in operations() if method == "get"}

    assert TRIES.keys() <= names
    assert all(target.replace("&", "&amp;") in page for targets in TRIES.values() for target in targets)


def test_a_line_for_a_shell_names_this_server() -> None:
    answer = client_of(MemRepo()).simulate_get("/docs", host="rooms.example")

    assert "curl -X PUT http://rooms.example/rooms/{code}" in answer.text


def test_what_a_value_may_be_is_said_in_words() -> None:
    schemas = {found["name"]: found["schema"] for found in filters()}

    assert words(schemas["filter_latitude__lt"]) == "number, -90 to 90"
    assert words(schemas["filter_price__in"]) == "list of integer, -2,147,483,648 to 2,147,483,647"
    assert words(DOCUMENT["components"]["schemas"]["Summary"]["properties"]["size"]) == "Range or null"
