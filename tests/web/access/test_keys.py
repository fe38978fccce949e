"""Who may write: keys, their scopes, and what the log says about them."""

import hmac
import logging
from typing import Any

import pytest
from falcon import testing

from rentomatic.repository.memory.repository import MemRepo
from rentomatic.sample_rooms import FIRST_ROOMS
from rentomatic.settings import ApiKey, Scope, new_key
from rentomatic.web.telemetry.logs import logging_configuration
from tests.web.conftest import client_of, key_of
from tests.web.http.test_errors import assert_problem

STAFF, STAFF_ENTRY = key_of("staff", Scope.WRITE, Scope.IMPORT)
WRITER, WRITER_ENTRY = key_of("writer", Scope.WRITE)
UNKNOWN = new_key()
ENTRIES = (WRITER_ENTRY, STAFF_ENTRY)
LISTING = "code,price,latitude,longitude\nnew,50,51.5,-0.1\n"


def send(authorization: str | None = None, entries: tuple[ApiKey, ...] = ENTRIES) -> testing.Result:
    client = client_of(MemRepo(FIRST_ROOMS), keys=entries)
    headers = {} if authorization is None else {"Authorization": authorization}
    return client.simulate_post(
        "/rooms/import", body=LISTING, headers={"Content-Type": "text/csv", **headers}
    )


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.name == "rentomatic.audit"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_with_the_scope_is_accepted(scheme: str) -> None:
    assert 200 == send(f"{scheme} {STAFF}").status_code


@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer ", "Basic eDp5", "rom_alone"])
def test_a_request_without_a_key_is_told_what_to_send(given: str | None) -> None:
    answer = send(given)

    problem = assert_problem(answer, 401, "urn:rentomatic:problem:unauthorized")
    assert 'Bearer realm="rentomatic"' == answer.headers["WWW-Authenticate"]
    assert "Authorization: Bearer" in problem["detail"]


@pytest.mark.parametrize(
    "given",
    [UNKNOWN, STAFF[:-1], f"{STAFF}x", STAFF.upper(), f"{STAFF} {STAFF}", "ÿ", "x" * 4000],
    ids=["unknown", "too short", "too long", "upper case", "two", "no ASCII", "huge"],
)
def test_an_unknown_key_is_refused(given: str) -> None:
    answer = send(f"Bearer {given}")

    assert_problem(answer, 401, "urn:rentomatic:problem:unauthorized")
    assert 'Bearer realm="rentomatic", error="invalid_token"' == answer.headers["WWW-Authenticate"]
    assert given not in answer.text


def test_the_hash_of_a_key_is_not_a_key() -> None:
    assert 401 == send(f"Bearer {STAFF_ENTRY.digest.hex()}").status_code


def test_a_key_without_the_scope_is_refused_with_its_name() -> None:
    answer = send(f"Bearer {WRITER}")

    problem = assert_problem(answer, 403, "urn:rentomatic:problem:insufficient-scope")
    assert "`import`" in problem["detail"]
    expected = 'Bearer realm="rentomatic", error="insufficient_scope", scope="import"'
    assert expected == answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("given", [None, f"Bearer {STAFF}"], ids=["none", "a key"])
def test_a_server_without_keys_says_how_to_enable_writing(given: str | None) -> None:
    answer = send(given, ())

    problem = assert_problem(answer, 403, "urn:rentomatic:problem:writes-off")
    assert "rentomatic make-key" in problem["detail"]
    assert "RENTOMATIC_API_KEYS" in problem["detail"]
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("given", [STAFF, WRITER, UNKNOWN], ids=["staff", "writer", "unknown"])
def test_every_key_is_compared_whichever_was_given(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    send(f"Bearer {given}")

    assert [entry.digest for entry in ENTRIES] == compared


def test_the_log_shows_who_wrote_what(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "rentomatic.audit")
    answer = send(f"Bearer {STAFF}")

    (line,) = audited(caplog)
    assert ("staff", "import", 1) == (line["key"], line["act"], line["added"])
    assert answer.headers["X-Request-ID"] == line["request_id"]


@pytest.mark.parametrize(
    ("given", "label", "reason"),
    [(WRITER, "writer", "insufficient-scope"), (UNKNOWN, None, "unauthorized")],
    ids=["writer", "unknown"],
)
def test_the_log_shows_who_was_refused(
    given: str, label: str | None, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    send(f"Bearer {given}")

    (line,) = [vars(record) for record in caplog.records if record.name == "rentomatic.keys"]
    assert (label, "denied", reason) == (line["key"], line["act"], line["reason"])


@pytest.mark.parametrize("given", [STAFF, WRITER, UNKNOWN], ids=["staff", "writer", "unknown"])
def test_no_key_appears_in_the_log_or_a_response(given: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = send(f"Bearer {given}")

    told = answer.text + "".join(str(vars(record)) for record in caplog.records)
    assert given not in told
    assert [] == [entry.label for entry in ENTRIES if entry.digest.hex() in told]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_writes_are_logged_at_any_level_and_strangers_at_the_configured_one(level: str) -> None:
    loggers = logging_configuration(level)["loggers"]

    assert "INFO" == loggers["rentomatic.audit"]["level"]
    assert "rentomatic.keys" not in loggers  # so that the level of "rentomatic" applies
    assert level.upper() == loggers["rentomatic"]["level"]
