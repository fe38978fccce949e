"""`docs/http-api.md` is correct: every example in it is run, in the order of the page."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from falcon import testing

from rentomatic.domain.search import SORTS, Field, Operator
from rentomatic.repository.memory.repository import MemRepo
from rentomatic.requests.listing import IMPORT_PARAMETERS, MAPPING
from rentomatic.requests.search import MATCH_PARAMETERS, PAGE_PARAMETERS, Format
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.serializers.formats import WRITERS
from rentomatic.settings import Scope
from rentomatic.web.http.problems import TYPES
from tests.servers import ROOT
from tests.web.conftest import client_of, key_of
from tests.web.contract import DOCUMENT, ContractClient, follow, operations

PAGE = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
KEY, ENTRY = key_of("partner", *Scope)


@dataclass
class Example:
    """A shell command and the response shown below it."""

    command: str
    shown: list[str]
    method: str = "GET"
    target: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    with_head: bool = False

    def __post_init__(self) -> None:
        words = iter(as_curl_gets_it(self.command))
        for word in words:
            match word:
                case "-X":
                    self.method = next(words)
                case "-H":
                    name, _, text = next(words).partition(": ")
                    self.headers[name] = text
                case "-i" | "-I":
                    self.with_head = True
                    self.method = "HEAD" if word == "-I" else self.method
                case "--data-binary":
                    self.body = next(words).replace("\\n", "\n").encode()
                case _:
                    assert word.startswith("localhost:8000/"), word
                    self.target = word.removeprefix("localhost:8000")

    def run(self, client: ContractClient) -> testing.Result:
        path, _, query = self.target.partition("?")
        return client.simulate_request(
            self.method, path, query_string=query, headers=self.headers, body=self.body
        )


def as_curl_gets_it(command: str) -> list[str]:
    """Return the words into which a shell splits a command, after expansion and quoting."""
    done = subprocess.run(
        ["bash", "-euc", f"curl() {{ printf '%s\\0' \"$@\"; }}\n{command}"],
        env={**os.environ, "KEY": KEY},
        stdout=subprocess.PIPE,
        text=True,
        timeout=10,
        check=True,
    )
    return done.stdout.split("\0")[:-1]


def examples() -> Iterator[Example]:
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for part in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            yield Example(command, [line for line in shown if line])


def test_every_example_gives_the_documented_response() -> None:
    client = client_of(MemRepo(FIRST_ROOMS), keys=[ENTRY])
    for example in examples():
        answer = example.run(client)
        body = example.shown
        if example.with_head:
            head = [line for line in body if re.match(r"HTTP/|[A-Za-z-]+: ", line)]
            body = body[len(head) :]
            assert_head(head, answer)
        assert_body("\n".join(body), answer, example.command)


def assert_head(shown: list[str], answer: testing.Result) -> None:
    status, *headers = shown
    assert status.removeprefix("HTTP/1.1 ") == answer.status
    for line in headers:
        name, _, text = line.partition(": ")
        assert_alike(text, answer.headers[name.lower()], line)


def assert_body(shown: str, answer: testing.Result, command: str) -> None:
    if (
        answer.headers.get("content-type", "").endswith("json")
        and "ndjson" not in answer.headers["content-type"]
    ):
        expected = json.loads(shown or "null")
        assert_alike(expected, answer.json if answer.content else None, command)
    else:
        assert shown.splitlines() == answer.text.splitlines(), command


def assert_alike(shown: Any, given: Any, where: str) -> None:
    """Check that both are the same; … stands for any text, and at the end for the rest."""
    match shown:
        case dict():
            assert shown.keys() == given.keys(), where
            for name, value in shown.items():
                assert_alike(value, given[name], f"{where} {name}")
        case list():
            assert len(shown) == len(given), where
            for one, other in zip(shown, given, strict=True):
                assert_alike(one, other, where)
        case str() if "…" in shown:
            assert re.fullmatch(".*".join(map(re.escape, shown.split("…"))), given), where
        case _:
            assert shown == given, where


def words() -> set[str]:
    """Return everything that the page marks as code."""
    quoted = re.findall(r"`([^`\n]+)`", PAGE)
    return {word for text in quoted for word in (text, *re.split(r"[^\w*/+{}.-]+", text))}


def test_every_operation_is_described() -> None:
    assert {f"{method.upper()} {path}" for path, method, _ in operations()} <= words()


def test_every_field_operator_sort_and_format_is_described() -> None:
    formats = {*Format, *(writer.media_type for writer in WRITERS.values())}

    assert {*map(str, Field), *map(str, Operator), *SORTS, *map(str, formats)} <= words()


def test_every_parameter_is_described() -> None:
    assert {*MATCH_PARAMETERS, *PAGE_PARAMETERS, *IMPORT_PARAMETERS, MAPPING} <= words()


def test_every_header_is_described() -> None:
    sent = {
        parameter["name"]
        for _, _, operation in operations()
        for parameter in map(follow, operation["parameters"])
        if parameter["in"] == "header"
    }

    assert {*sent, *DOCUMENT["components"]["headers"], "Authorization"} <= words()


def test_every_type_of_problem_is_described() -> None:
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE))

    assert {name: str(int(kind.status)) for name, kind in TYPES.items()} == rows


def test_the_page_is_at_the_address_in_the_readme() -> None:
    assert "docs/http-api.md" in (Path(ROOT) / "README.md").read_text(encoding="utf-8")
