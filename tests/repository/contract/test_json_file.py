"""A third-party storage passes the contract and works on the command line, without changing the program."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rentomatic.cli.main import run
from rentomatic.repository.backend import Limits
from rentomatic.repository.contract import RepositoryContract
from rentomatic.sample_rooms import sample_rooms
from rentomatic.serializers import csv
from rentomatic.settings import SettingsError, read_settings
from rentomatic.use_cases.ports import RoomRepository
from tests.repository.json_file import JsonFileBackend

URL = "json-file:///rooms.json"


class TestJsonFile(RepositoryContract):
    @classmethod
    @contextmanager
    def empty(cls) -> Iterator[RoomRepository]:
        with TemporaryDirectory() as folder:
            backend = JsonFileBackend(Path(folder) / "rooms.json")
            backend.migrate()
            yield backend.open(Limits())


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an installer leaves for a package with the storage, and rooms to import."""
    package = tmp_path / "json_file-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: json-file\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(
        "[rentomatic.storages]\njson-file = tests.repository.json_file:STORAGE\n"
    )
    (tmp_path / "rooms.csv").write_bytes(b"".join(csv.write(sample_rooms(50), None)))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", URL)


@pytest.mark.usefixtures("installed")
def test_url_selects_the_storage_of_an_installed_package() -> None:
    assert JsonFileBackend(Path("rooms.json")) == read_settings({"DATABASE_URL": URL}).database


@pytest.mark.usefixtures("installed")
def test_unknown_url_is_refused_with_a_list_of_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"memory:, sqlite:///.*, mongodb://… or json-file://…, not one"):
        read_settings({"DATABASE_URL": "mysql://db/rooms"})


@pytest.mark.usefixtures("installed")
def test_rooms_are_imported_searched_and_copied(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", "rooms.csv"]) == 0
    assert run(["search", "--format", "json"]) == 0
    assert run(["copy", URL, "json-file:///copy.json"]) == 0
    assert run(["copy", "json-file:///copy.json", "sqlite:///rooms.db"]) == 0

    assert "50 added" in capsys.readouterr().out
    assert json.loads(Path("rooms.json").read_bytes()) == json.loads(Path("copy.json").read_bytes())


@pytest.mark.usefixtures("installed")
def test_backup_is_verified_and_restores_lost_rooms(capsys: pytest.CaptureFixture[str]) -> None:
    run(["import", "rooms.csv"])
    before = Path("rooms.json").read_bytes()

    assert run(["backup", "--verify"]) == 0
    Path("rooms.json").write_text("[]")
    assert run(["restore", "latest"]) == 0

    assert "Both contain the same rooms." in capsys.readouterr().out
    assert before == Path("rooms.json").read_bytes()


@pytest.mark.usefixtures("installed")
def test_backup_over_the_storages_own_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run(["import", "rooms.csv"])

    assert run(["backup", "-o", "rooms.json"]) == 2
    assert "is the file that stores the rooms" in capsys.readouterr().err


@pytest.mark.usefixtures("installed")
def test_doctor_migrate_and_serve_treat_it_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    missing = run(["doctor", "--format", "json"]), capsys.readouterr().out
    migrated = run(["migrate"]), capsys.readouterr().out
    there = run(["doctor", "--format", "json"]), capsys.readouterr().out

    assert (missing[0], there[0]) == (1, 0)
    assert "There is no rooms.json: check its path" in missing[1]
    assert migrated == (0, "This storage needs no schema.\n")
    assert {"storage", "disk", "backup"} <= {check["check"] for check in json.loads(there[1])}
