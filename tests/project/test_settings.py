from pathlib import Path

import pytest

from rentomatic.settings import DEFAULTS, Database, SettingsError, read_settings


def refused(**environment: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as refusal:
        read_settings(environment)
    return {problem.parameter: problem.message for problem in refusal.value.problems}


def test_an_empty_environment_is_a_file_served_on_loopback() -> None:
    settings = read_settings({})

    assert Database("sqlite", Path("rentomatic.db")) == settings.database
    assert ("127.0.0.1", 8000, 1, 4) == (settings.host, settings.port, settings.workers, settings.threads)


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("memory:", Database("memory")),
        ("sqlite:///rooms.db", Database("sqlite", Path("rooms.db"))),
        ("sqlite:////var/lib/rooms.db", Database("sqlite", Path("/var/lib/rooms.db"))),
        ("sqlite:///a%20b/%C3%A9.db", Database("sqlite", Path("a b/é.db"))),
    ],
)
def test_a_url_says_where_the_rooms_are(url: str, database: Database) -> None:
    assert database == read_settings({"DATABASE_URL": url}).database


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings({}) == read_settings(dict.fromkeys(DEFAULTS, ""))


def test_a_value_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:////srv/rooms.db\n")

    settings = read_settings({"DATABASE_URL_FILE": str(tmp_path / "url")})

    assert Database("sqlite", Path("/srv/rooms.db")) == settings.database


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    message = refused(DATABASE_URL_FILE=str(tmp_path / "gone"))["DATABASE_URL"]

    assert "DATABASE_URL_FILE" in message
    assert "gone" in message


def test_a_value_and_a_file_for_it_cannot_both_count() -> None:
    assert "DATABASE_URL_FILE" in refused(DATABASE_URL="memory:", DATABASE_URL_FILE="/x")["DATABASE_URL"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "rooms.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite://rooms.db"),
        ("DATABASE_URL", "sqlite:///rooms.db?mode=ro"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "mysql://root@db/rooms"),
        ("RENTOMATIC_PORT", "0"),
        ("RENTOMATIC_PORT", "65536"),
        ("RENTOMATIC_PORT", "http"),
        ("RENTOMATIC_WORKERS", "0"),
        ("RENTOMATIC_THREADS", "-1"),
        ("RENTOMATIC_STATEMENT_TIMEOUT", "0"),
        ("RENTOMATIC_STATEMENT_TIMEOUT", "soon"),
        ("RENTOMATIC_LOG_LEVEL", "loud"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    assert [name] == list(refused(**{name: value}))


def test_all_wrong_values_are_named_at_once() -> None:
    assert {"RENTOMATIC_PORT", "RENTOMATIC_WORKERS"} == set(
        refused(RENTOMATIC_PORT="x", RENTOMATIC_WORKERS="y")
    )


def test_a_password_is_never_shown() -> None:
    assert "hunter2" not in str(refused(DATABASE_URL="mysql://root:hunter2@db/rooms"))
