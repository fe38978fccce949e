"""doctor."""

import json
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rentomatic.repository.sqlite.migrations import SQLITE_REVISION
from tests.builders import make_room
from tests.cli.conftest import CommandLine, Storage
from tests.cli.test_certificate import REAL, pem
from tests.permissions import require_permissions, run_bound
from tests.postgres_server import running

DAY = timedelta(days=1)


def test_a_healthy_machine_passes_every_check(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())
    rentomatic("backup")

    done = rentomatic("doctor")

    findings = [line.partition(" good ")[0].strip() for line in done.out.splitlines() if " good " in line]
    assert (done.code, done.err) == (0, "")
    about_rooms = ["storage", "SQLite", "words", "writing", "disk", "backup", "rooms left", "backup disk"]
    assert findings == ["Python", "variables", *about_rooms]
    assert f"schema {SQLITE_REVISION}, 1 room" in done.out


def flattened(table: str) -> str:
    """Return the text of a table whose cells span several lines."""
    return " ".join(table.split())


def test_a_missing_storage_is_reported_and_not_created(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///new.db")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "storage wrong There is no new.db: check its path, or make it with" in flattened(done.out)
    assert not Path("new.db").exists()


def test_an_unknown_variable_is_reported(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RENTOMATIC_PROT", "8000")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "variables wrong unknown: RENTOMATIC_PROT" in flattened(done.out)


def test_an_invalid_configuration_is_reported(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RENTOMATIC_PORT", "http")

    done = rentomatic("doctor")

    assert (done.code, done.err) == (1, "")
    assert "variables wrong RENTOMATIC_PORT: must be a whole number such as 60" in flattened(done.out)
    assert "Nothing else was checked." in flattened(done.out)


@pytest.mark.usefixtures("storage")
def test_checks_depend_on_the_storage(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "memory:")
    memory = rentomatic("doctor")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@127.0.0.1:1/rooms")
    server = rentomatic("doctor")

    assert (0, 1) == (memory.code, server.code)
    assert "storage good memory:, 0 rooms" in flattened(memory.out)
    assert "storage wrong The storage cannot be reached." in flattened(server.out)
    assert "(postgresql://127.0.0.1:1/rooms)" in flattened(server.out)
    for out in (memory.out, server.out):
        assert not {"SQLite", "hunter2"} & set(out.split())
    assert "disk" not in memory.out
    assert "backup not checked a storage in memory is lost when the process ends" in flattened(memory.out)
    assert "disk not checked the disk of the database server" in flattened(server.out)


def found(rentomatic: CommandLine) -> dict[str, tuple[str, str]]:
    """Return state and facts of each check."""
    done = rentomatic("doctor", "--format", "json")
    findings: list[dict[str, Any]] = json.loads(done.out)
    assert [each["good"] for each in findings] == [each["state"] != "wrong" for each in findings]
    assert done.code == (0 if all(each["good"] for each in findings) else 1)
    return {each["check"]: (each["state"], each["found"]) for each in findings}


def test_programs_get_json(rentomatic: CommandLine, storage: Storage) -> None:
    storage.put(make_room())

    findings = json.loads(rentomatic("doctor", "--format", "json").out)

    expected = {
        "check": "storage",
        "good": True,
        "state": "good",
        "found": f"rooms.db, schema {SQLITE_REVISION}, 1 room",
    }
    assert expected in findings


def test_a_pending_migration_is_named_with_its_remedy(rentomatic: CommandLine, storage: Storage) -> None:
    with sqlite3.connect(storage.path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    connection.close()

    state, facts = found(rentomatic)["storage"]

    assert state == "wrong"
    assert f"is 0000, this program needs {SQLITE_REVISION}: run `rentomatic migrate`." in facts


def test_rooms_without_stored_words_are_counted_until_a_migration(
    rentomatic: CommandLine, storage: Storage
) -> None:
    storage.put(make_room(title="Quiet"))
    with sqlite3.connect(storage.path) as connection:
        connection.execute("UPDATE room SET title = 'Loud'")
    connection.close()

    before, migrated, after = found(rentomatic), rentomatic("migrate"), found(rentomatic)

    slow = "which makes searches for words slower: run `rentomatic migrate`"
    assert ("warning", f"not stored yet for 1 room, {slow}") == before["words"]
    assert "The words of 1 room are stored now.\n" in migrated.out
    assert ("good", "stored for all rooms") == after["words"]


@pytest.mark.parametrize(
    ("password", "state", "said"),
    [
        ("", "not checked", "none in the settings"),
        (":Xq7-long-enough!", "good", "16 characters or more"),
        (":Xq7-too-short!!", "warning", "shorter than 16 characters"),
        (":postgres", "warning", "a password that anyone could guess: production refuses it"),
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql", "mongodb"])
def test_a_weak_password_is_reported_but_not_shown(
    rentomatic: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    password: str,
    state: str,
    said: str,
) -> None:
    monkeypatch.setenv("RENTOMATIC_CONNECT_TIMEOUT", "0.1")
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://ann{password}@127.0.0.1:1/rooms")

    findings = found(rentomatic)

    assert (state, said) == findings["password"]
    assert "Xq7" not in str(findings)


def test_production_does_not_start_with_a_guessable_password(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPLICATION_CONFIG", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:postgres@127.0.0.1:1/rooms")

    assert found(rentomatic)["variables"][0] == "wrong"


@pytest.mark.parametrize(("workers", "state"), [("1", "good"), ("2", "wrong")])
def test_connections_must_suffice_for_one_more_server(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, workers: str, state: str
) -> None:
    with running("shared_buffers=16MB", "max_connections=16", "superuser_reserved_connections=4") as server:
        url = f"postgresql://postgres@127.0.0.1:{server.port}/postgres"
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("RENTOMATIC_WORKERS", workers)
        rentomatic("migrate")
        alone = found(rentomatic)["connections"]
        with psycopg.connect(f"{url}?application_name=rentomatic"):
            beside = found(rentomatic)["connections"]

    needed = 2 * int(workers) * 4
    facts = f"1 server and one more of {workers} workers × 4 connections need {needed}, PostgreSQL has 12"
    assert (state, facts) == alone == beside


def put_backup(rentomatic: CommandLine, age: timedelta) -> None:
    rentomatic("backup", "-o", "rooms.gz")
    Path("backups").mkdir(exist_ok=True)
    shutil.move("rooms.gz", f"backups/rooms-{datetime.now(UTC) - age:%Y%m%dT%H%M%SZ}.ndjson.gz")


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("age", "told", "state"),
    [(DAY, "1 day", "good"), (timedelta(hours=27), "1 day", "wrong"), (5 * DAY, "5 days", "wrong")],
)
def test_production_needs_a_daily_backup(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, age: timedelta, told: str, state: str
) -> None:
    put_backup(rentomatic, age)
    elsewhere = found(rentomatic)["backup"]
    monkeypatch.setenv("APPLICATION_CONFIG", "production")
    in_production = found(rentomatic)["backup"]

    assert ("good", state) == (elsewhere[0], in_production[0])
    assert elsewhere[1] == in_production[1]
    assert f"age: {told}, 0.0 MB, rooms: 0" in elsewhere[1]


@pytest.mark.usefixtures("storage")
def test_production_needs_a_backup(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = "no backup of this storage in backups: run `rentomatic backup`"

    elsewhere = found(rentomatic)["backup"]
    monkeypatch.setenv("APPLICATION_CONFIG", "production")

    assert ("warning", facts) == elsewhere
    assert ("wrong", facts) == found(rentomatic)["backup"]


def test_a_backup_of_another_storage_does_not_count(
    rentomatic: CommandLine, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    rentomatic("backup")
    monkeypatch.setenv("DATABASE_URL", "sqlite:///other.db")
    storage.put(make_room())

    without = found(rentomatic)["backup"]
    put_backup(rentomatic, DAY)  # older than the backup of the other storage

    assert ("warning", "no backup of this storage in backups: run `rentomatic backup`") == without
    assert "age: 1 day, 0.0 MB, rooms: 1" in found(rentomatic)["backup"][1]


@pytest.mark.usefixtures("storage")
def test_the_name_of_a_backup_is_never_cut_off(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("RENTOMATIC_BACKUP_DIRECTORY", f"{'long' * 10}-folder")
    rentomatic("backup")
    (backup,) = Path(f"{'long' * 10}-folder").iterdir()

    assert str(backup) in "".join(rentomatic("doctor").out.split())


@pytest.mark.usefixtures("storage")
def test_a_truncated_backup_is_wrong_everywhere(rentomatic: CommandLine) -> None:
    put_backup(rentomatic, DAY)
    (path,) = Path("backups").iterdir()
    path.write_bytes(path.read_bytes()[:-1])

    state, facts = found(rentomatic)["backup"]

    assert (state, facts.endswith("rooms: damaged")) == ("wrong", True)


@pytest.mark.usefixtures("storage")
def test_a_backup_directory_that_is_a_file_is_wrong(rentomatic: CommandLine) -> None:
    Path("backups").touch()

    assert found(rentomatic)["backup"][0] == "wrong"


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("start", "end", "state", "said"),
    [
        (-DAY, 15 * DAY, "warning", "is valid until"),
        (-DAY, 13 * DAY, "wrong", "is valid until"),
        (-9 * DAY, -DAY, "wrong", "expired on"),
        (DAY, 90 * DAY, "wrong", "is only valid from"),
    ],
)
def test_a_certificate_that_expires_soon_is_wrong(
    rentomatic: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    start: timedelta,
    end: timedelta,
    state: str,
    said: str,
) -> None:
    now = datetime.now(UTC)
    Path("tls.pem").write_text(pem(now + start, now + end), encoding="ascii")
    monkeypatch.setenv("RENTOMATIC_CERTIFICATE", "tls.pem")

    finding = found(rentomatic)["certificate"]

    assert state == finding[0]
    assert f"tls.pem {said} {now + (start if 'from' in said else end):%Y-%m-%d %H:%M} UTC" in finding[1]


MAKE_CERTIFICATE = (
    *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
    *("-subj", "/CN=localhost", "-days", "30", "-keyout", "tls.key", "-out", "tls.crt"),
)


@pytest.mark.usefixtures("storage")
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_certificate_without_its_key_is_not_good(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(MAKE_CERTIFICATE, capture_output=True, timeout=30, check=True)
    monkeypatch.setenv("RENTOMATIC_CERTIFICATE", "tls.crt")

    with_key = found(rentomatic)["certificate"]
    Path("tls.key").unlink()
    without = found(rentomatic)["certificate"]

    assert ("good", "warning") == (with_key[0], without[0])
    assert without[1].endswith("its key was not checked because there is no tls.key")


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    ("variables", "state", "said"),
    [
        ({}, "not checked", "RENTOMATIC_CERTIFICATE is not set"),
        ({"APPLICATION_CONFIG": "production"}, "warning", "cross the network unencrypted"),
        (
            {"APPLICATION_CONFIG": "production", "RENTOMATIC_TRUSTED_PROXIES": "127.0.0.1"},
            "warning",
            "cross the network unencrypted",
        ),
        (
            {"APPLICATION_CONFIG": "production", "RENTOMATIC_TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8"},
            "not checked",
            "the proxy in front (10.0.0.0/8) has to serve HTTPS",
        ),
    ],
)
def test_a_missing_certificate_is_reported(
    rentomatic: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    state: str,
    said: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    finding = found(rentomatic)["certificate"]

    assert (state, True) == (finding[0], said in finding[1])


@pytest.mark.usefixtures("storage")
def test_an_audit_log_is_reported_with_its_size_and_the_free_space(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnamed = found(rentomatic)["audit log"]
    monkeypatch.setenv("RENTOMATIC_AUDIT_LOG", "audit.jsonl")
    new = found(rentomatic)["audit log"]
    with Path("audit.jsonl").open("wb") as file:
        file.truncate(2 << 30)
    large = found(rentomatic)["audit log"]
    monkeypatch.setenv("RENTOMATIC_AUDIT_LOG", "nowhere/audit.jsonl")
    missing = found(rentomatic)["audit log"]

    assert ("not checked", "good", "warning", "wrong") == (unnamed[0], new[0], large[0], missing[0])
    assert "audit.jsonl, 0.0 MB, " in new[1] and "GB free" in new[1]
    assert "audit.jsonl, 2,147.5 MB: rotate it" in large[1]
    assert "nowhere/audit.jsonl, 0.0 MB, cannot be written" == missing[1]


@pytest.mark.usefixtures("storage")
def test_production_needs_an_audit_log(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPLICATION_CONFIG", "production")

    assert "warning" == found(rentomatic)["audit log"][0]


@pytest.mark.usefixtures("storage")
def test_a_certificate_with_the_key_of_another_is_wrong(
    rentomatic: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tls.crt").write_text(REAL)
    (tmp_path / "tls.key").write_text("another key")
    monkeypatch.setenv("RENTOMATIC_CERTIFICATE", str(tmp_path / "tls.crt"))

    state, facts = found(rentomatic)["certificate"]

    assert ("wrong", True) == (state, "tls.key is not the key of" in facts)


@pytest.mark.usefixtures("storage")
@pytest.mark.parametrize(
    "content", [None, "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_certificate_that_cannot_be_read_is_wrong(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    if content is not None:
        Path("tls.pem").write_text(content, encoding="ascii")
    monkeypatch.setenv("RENTOMATIC_CERTIFICATE", "tls.pem")

    state, facts = found(rentomatic)["certificate"]

    assert (state, "tls.pem" in facts) == ("wrong", True)


def test_keys_are_listed_with_their_scopes(rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    none = found(rentomatic)["keys"]
    ann, bob = (
        rentomatic("make-key", *words).out.strip()
        for words in (("ann", "--scope", "write"), ("bob", "--scope", "import", "--scope", "write"))
    )
    monkeypatch.setenv("RENTOMATIC_API_KEYS", f"{ann} {bob}")
    some = found(rentomatic)["keys"]

    assert ("warning", "none, so writing over HTTP is off: add one with `rentomatic make-key`") == none
    assert ("good", "2: ann (write), bob (write+import)") == some


@pytest.mark.usefixtures("storage")
def test_a_photo_folder_is_checked_if_there_is_one(
    rentomatic: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unnamed = found(rentomatic)
    monkeypatch.setenv("RENTOMATIC_PHOTOS", "photos")
    missing = found(rentomatic)["photos"]
    Path("photos").mkdir()
    there = found(rentomatic)["photos"]

    assert "photos" not in unnamed
    assert ("wrong", "RENTOMATIC_PHOTOS: photos cannot be read: No such file or directory") == missing
    assert ("good", "photos, ") == (there[0], there[1][: len("photos, ")])


def test_a_photo_folder_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    require_permissions()
    folder = tmp_path / "photos"
    folder.mkdir(mode=0o555)
    variables = {"DATABASE_URL": "memory:", "RENTOMATIC_PHOTOS": str(folder)}
    checks = json.loads(run_bound("doctor", "--format", "json", variables=variables).stdout)

    (photos,) = [check for check in checks if check["check"] == "photos"]
    told = ("warning", f"{folder} cannot be written: staff cannot upload photos")
    assert told == (photos["state"], photos["found"])
