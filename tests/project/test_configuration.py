"""What `./manage.py` fills in for unset variables, and the description of every variable."""

import json
import re
from pathlib import Path

import pytest

import manage
from rentomatic.repository.memory.backend import MemoryBackend
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.settings import DEFAULTS, SettingsError, read_settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def configured_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder, with a configuration `mine` that chooses an SQLite file."""
    monkeypatch.setattr(manage, "ROOT", tmp_path)
    write(tmp_path, DATABASE_URL="sqlite:///rentomatic.db", RENTOMATIC_PORT=8001)
    return tmp_path


def write(folder: Path, **variables: object) -> None:
    entries = [{"name": name, "value": value} for name, value in variables.items()]
    (folder / "config").mkdir(exist_ok=True)
    (folder / "config" / "mine.json").write_text(json.dumps(entries), encoding="utf-8")


def configured(**environment: str) -> dict[str, str]:
    filled = manage.configured({"APPLICATION_CONFIG": "mine", **environment})
    return {name: value for name, value in filled.items() if name != "APPLICATION_CONFIG"}


def test_unset_and_empty_variables_are_filled_from_the_file(configured_by: Path) -> None:
    expected = {"DATABASE_URL": f"sqlite:///{configured_by}/rentomatic.db", "RENTOMATIC_PORT": "8001"}

    assert expected == configured()
    assert expected == configured(DATABASE_URL="", RENTOMATIC_PORT="")


def test_scheme_of_a_relative_file_may_be_in_upper_case(configured_by: Path) -> None:
    write(configured_by, DATABASE_URL="SQLite:///rentomatic.db")

    assert f"sqlite:///{configured_by}/rentomatic.db" == configured()["DATABASE_URL"]


@pytest.mark.usefixtures("configured_by")
@pytest.mark.parametrize("suffix", ["", "_FILE"])
@pytest.mark.parametrize("name", ["DATABASE_URL", "POSTGRES_HOSTNAME", "MONGODB_HOSTNAME"])
def test_a_storage_that_the_environment_chooses_is_not_overridden(name: str, suffix: str) -> None:
    assert {name + suffix: "x", "RENTOMATIC_PORT": "8001"} == configured(**{name + suffix: "x"})


@pytest.mark.usefixtures("configured_by")
def test_a_server_in_the_environment_is_the_storage() -> None:
    found = read_settings(configured(POSTGRES_HOSTNAME="db", POSTGRES_PASSWORD="pw")).database

    assert isinstance(found, PostgresBackend)
    assert found.label == "postgresql://db:5432/application"


def test_a_url_in_the_environment_wins_over_a_server_in_the_file(configured_by: Path) -> None:
    write(configured_by, POSTGRES_HOSTNAME="db", POSTGRES_USER="ann")

    assert MemoryBackend() == read_settings(configured(DATABASE_URL="memory:")).database


def test_a_password_completes_a_server_in_the_file(configured_by: Path) -> None:
    write(configured_by, POSTGRES_HOSTNAME="db", POSTGRES_USER="ann")

    found = read_settings(configured(POSTGRES_PASSWORD="pw")).database

    assert isinstance(found, PostgresBackend)


@pytest.mark.usefixtures("configured_by")
def test_a_part_of_a_server_without_its_host_is_never_the_sqlite_file_of_the_configuration() -> None:
    with pytest.raises(SettingsError, match="POSTGRES_HOSTNAME"):
        read_settings(configured(POSTGRES_HOSTNAME="", POSTGRES_USER="ann"))


def test_production_has_a_configuration_and_names_its_storage() -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL"):
        read_settings(manage.configured({"APPLICATION_CONFIG": "production"}))


def test_every_variable_is_described_and_no_other() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    table = [line.split("|") for line in page.splitlines() if line.startswith("| `")]

    described = [(name, row[2]) for row in table for name in re.findall(r"`([A-Z_]+)`", row[1])]
    assert sorted(DEFAULTS) == sorted(name for name, _ in described)
    for name, unset in described:
        assert not DEFAULTS[name] or f"`{DEFAULTS[name]}`" in unset


MADE_BY_THE_STACK = {"COMPOSE_PROJECT_NAME", "MIGRATION", "MONGODB_HOSTNAME", "POSTGRES_HOSTNAME"}
"""Variables of docker/production.yml that `stack` sets, besides those beginning with STACK_."""


def test_every_variable_of_the_stack_is_described_with_its_value() -> None:
    entries = json.loads((ROOT / "config" / "production.json").read_text(encoding="utf-8"))
    values = {entry["name"]: str(entry["value"]) for entry in entries}
    compose = (ROOT / "docker" / "production.yml").read_text(encoding="utf-8")
    taken = set(re.findall(r"\$\{([A-Z_]+)", compose))
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = manual.partition("\n## Configuration\n")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| `")]
    pairs = [
        pair
        for row in rows
        for pair in zip(re.findall(r"`([A-Z_]+)`", row[1]), re.findall(r"`([^`]+)`", row[2]), strict=True)
    ]
    own = {name for name in taken - MADE_BY_THE_STACK if not name.startswith("STACK_")}

    assert values == {name: value for name, value in pairs if name in values}
    assert set() == (own | values.keys()) - set(re.findall(r"`([A-Z_]+)`", section))
    assert {name for name, _ in pairs} <= own | values.keys()
