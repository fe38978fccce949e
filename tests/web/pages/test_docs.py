"""The page that shows the contract: complete, without JavaScript, and with working links."""

import html
import os
import re
import subprocess
from pathlib import Path

import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS, sample_rooms
from rentomatic.settings import Scope
from rentomatic.web.api.openapi.parameters import filters
from rentomatic.web.pages import docs
from rentomatic.web.pages.docs import TRIES, words
from tests.servers import rentomatic
from tests.web.conftest import client_of, get, key_of
from tests.web.contract import DOCUMENT, documented, operations

CODE = FIRST_ROOMS[0].code


@pytest.fixture(scope="module")
def page() -> str:
    return get(client_of(MemRepo()), "/docs").text


def test_the_page_shows_every_operation_parameter_response_and_schema(page: str) -> None:
    for path, _, operation in operations():
        assert f'id="{operation["operationId"]}"' in page
        assert f"<code>{path}</code>" in page
    for name in (*DOCUMENT["components"]["parameters"], *(kind for _, _, kind in documented() if kind)):
        assert f"<code>{name}</code>" in page
    for name in DOCUMENT["components"]["schemas"]:
        assert f'id="schema-{name}"' in page


def test_the_page_loads_nothing_from_other_sites_and_runs_no_scripts(
    client: testing.TestClient, page: str
) -> None:
    policy = get(client, "/docs").headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|<style| style=| on\w+=", page)
    assert set() == {link for link in re.findall(r'(?:href|src)="([^"]+)"', page) if link[0] not in "/#"}


def test_every_link_on_the_page_works(page: str) -> None:
    client = client_of(MemRepo(sample_rooms()))
    for link in set(re.findall(r'(?:href|src)="([^"]+)"', page)):
        if link.startswith("#"):
            assert f'id="{link[1:]}"' in page
        else:
            assert get(client, link.replace("&amp;", "&")).status_code == 200


def test_every_read_operation_can_be_tried(page: str) -> None:
    names = {operation["operationId"] for _, method, operation in operations() if method == "get"}

    assert TRIES.keys() <= names
    assert all(target.replace("&", "&amp;") in page for targets in TRIES.values() for target in targets)


def lines_for_a_shell(page: str) -> list[str]:
    return [html.unescape(line) for line in re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)]


def test_shell_examples_name_this_server() -> None:
    for host in ("rooms.example", "other.example"):
        answer = client_of(MemRepo()).simulate_get("/docs", host=host)

        assert f"curl -X PUT http://{host}/rooms/{CODE}" in answer.text


def test_a_forged_host_cannot_inject_into_shell_examples() -> None:
    page = client_of(MemRepo()).simulate_get("/docs", headers={"Host": "x;$(id)<b>"}).text

    assert "<b>" not in page
    assert all(line.split()[3].startswith("'http://x;$(id)<b>'/") for line in lines_for_a_shell(page))


def test_every_shell_example_works(tmp_path: Path) -> None:
    key, entry = key_of("reader", *Scope)
    database = f"sqlite:///{tmp_path}/rooms.db"
    with rentomatic(database, tmp_path / "log", RENTOMATIC_API_KEYS=entry.entry) as server:
        lines = lines_for_a_shell(server.get("/docs").body.decode())
        answers = [status_of(line, key) for line in lines]

    asked = [line.split()[2] + (" import" if "/import" in line else "") for line in lines]
    assert {"POST": 201, "PUT": 200, "DELETE": 204, "POST import": 200} == dict(
        zip(asked, answers, strict=True)
    )


def status_of(line: str, key: str) -> int:
    """Run a shell example and return its response."""
    done = subprocess.run(
        ["bash", "-euc", 'curl() { command curl -sS -o /dev/null -w "%{http_code}" "$@"; }\n' + line],
        env={**os.environ, "KEY": key},
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    return int(done.stdout)


def test_the_page_is_rendered_once(client: testing.TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    get(client, "/docs")
    monkeypatch.setattr(docs, "template", None)

    assert get(client, "/docs").status_code == 200


def test_allowed_values_are_described_in_words() -> None:
    schemas = {found["name"]: found["schema"] for found in filters()}

    assert words(schemas["filter_latitude__lt"]) == "number, -90 to 90"
    assert words(schemas["filter_price__in"]) == "list of integer, -2,147,483,648 to 2,147,483,647"
    assert words(DOCUMENT["components"]["schemas"]["Summary"]["properties"]["size"]) == "Range or null"
