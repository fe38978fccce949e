"""Settings from the environment: invalid ones are refused by name, without showing secrets."""

from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict
from pymongo.uri_parser import parse_uri

from rentomatic.domain.prices import Per, PriceTerms
from rentomatic.repository.memory.backend import MemoryBackend
from rentomatic.repository.mongo.backend import MongoBackend
from rentomatic.repository.postgres.backend import PostgresBackend
from rentomatic.repository.sqlite.backend import SqliteBackend
from rentomatic.settings import (
    DEFAULTS,
    Settings,
    SettingsError,
    read_settings,
)

AWKWARD = ["@", "/", "#", "%", ":", "'", "\\", " ", '"', "?", "&", "=", "%41", "ü", "😀", "@/#%:'\\ ?x"]
HOST = {"POSTGRES_HOSTNAME": "db", "MONGODB_HOSTNAME": "db"}


def refused(**environment: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as refusal:
        read_settings(environment)
    return {problem.parameter: problem.message for problem in refusal.value.problems}


def postgres(**environment: str) -> PostgresBackend:
    found = read_settings(environment).database
    assert isinstance(found, PostgresBackend)
    return found


def mongo(**environment: str) -> MongoBackend:
    found = read_settings(environment).database
    assert isinstance(found, MongoBackend)
    return found


def test_an_empty_environment_is_a_file_served_on_loopback() -> None:
    expected = Settings(
        database=SqliteBackend(Path("rentomatic.db")),
        pool_size=4,
        pool_timeout=3,
        connect_timeout=5,
        read_timeout=1,
        statement_timeout=10,
        export_timeout=600.0,
        prepared_statements=True,
        host="127.0.0.1",
        port=8000,
        server="granian",
        workers=1,
        threads=4,
        worker_lifetime=0,
        start_timeout=0,
        backup_directory=Path("backups"),
        backup_keep=14,
        certificate=None,
        trusted_proxies=(),
        api_keys=(),
        cors_origins=("*",),
        prices=PriceTerms(None, Per.DAY),
        locale="en",
        photos=None,
        photo_hosts=(),
        static_directory=None,
        tiles="",
        tiles_attribution="",
        log_level="info",
        audit_log=None,
        stack="",
    )

    assert expected == read_settings({})


def test_inside_the_stack_the_target_is_the_stack_and_has_no_secret() -> None:
    url = {"DATABASE_URL": "postgresql://ann:s3cret@db/rooms"}

    assert "postgresql://db/rooms" == read_settings(url).target
    assert "the production stack mine" == read_settings({**url, "RENTOMATIC_STACK": "mine"}).target


@pytest.mark.parametrize(
    ("url", "database"),
    [
        ("memory:", MemoryBackend()),
        ("sqlite:///rooms.db", SqliteBackend(Path("rooms.db"))),
        ("sqlite:////var/lib/rooms.db", SqliteBackend(Path("/var/lib/rooms.db"))),
        ("sqlite:///a%20b/%C3%A9.db", SqliteBackend(Path("a b/é.db"))),
    ],
)
def test_a_url_chooses_the_storage(url: str, database: MemoryBackend | SqliteBackend) -> None:
    assert database == read_settings({"DATABASE_URL": url}).database


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("no_such_package:STORAGE", "cannot be loaded: No module named 'no_such_package'"),
        ("json:STORAGE", "cannot be loaded: module 'json' has no attribute 'STORAGE'"),
        ("json:dumps", "is not a Storage of rentomatic.repository.backend"),
    ],
)
def test_installed_storage_that_cannot_be_loaded_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    installed = tmp_path / "theirs-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (installed / "entry_points.txt").write_text(f"[rentomatic.storages]\ntheirs = {value}\n")
    monkeypatch.syspath_prepend(tmp_path)

    message = refused(DATABASE_URL="theirs://rooms")["DATABASE_URL"]

    assert f"names {value}, which {said}" == message


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_url_of_postgresql_is_passed_to_libpq(scheme: str) -> None:
    url = f"{scheme}://ann:s3cret!@a:1,b:2/rooms?sslmode=verify-full&options=-c%20geqo%3Doff"

    found = postgres(DATABASE_URL=url)

    same = {"host": "a,b", "port": "1,2", "user": "ann", "password": "s3cret!"}
    same |= {"sslmode": "verify-full", "options": "-c geqo=off"}
    assert {**same, "dbname": "rooms"} == conninfo_to_dict(found.conninfo)
    assert {**same, "dbname": "postgres"} == conninfo_to_dict(found.maintenance)
    assert ("rooms", "postgresql://a:1,b:2/rooms") == (found.name, found.label)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("postgresql://", "postgresql:///application"),
        ("postgresql://db", "postgresql://db/application"),
        ("postgresql://[::1]:5432/rooms", "postgresql://[::1]:5432/rooms"),
        ("postgresql:///rooms?host=/run/postgresql", "postgresql://%2Frun%2Fpostgresql/rooms"),
        ("postgresql:///rooms?hostaddr=10.0.0.1", "postgresql://10.0.0.1/rooms"),
        ("mongodb://db", "mongodb://db/application"),
        ("mongodb://ann:pw@a:1,b/rooms?replicaSet=r", "mongodb://a:1,b/rooms"),
        ("mongodb+srv://ann:pw@cluster.example.net/rooms", "mongodb+srv://cluster.example.net/rooms"),
        (
            "mongodb+srv://cluster.example.net/?srvMaxHosts=2&tls=true",
            "mongodb+srv://cluster.example.net/application",
        ),
        ("sqlite:///rooms.db", "rooms.db"),
        ("memory:", "memory:"),
    ],
)
def test_a_label_says_where_the_rooms_are(url: str, label: str) -> None:
    assert label == read_settings({"DATABASE_URL": url}).database.label


def test_a_url_without_a_database_means_the_one_of_the_application() -> None:
    variables = {"APPLICATION_DB": "rooms", "POSTGRES_DB": "template1"}

    found = postgres(DATABASE_URL="postgresql://db", **variables)

    assert ("rooms", "rooms") == (found.name, conninfo_to_dict(found.conninfo)["dbname"])
    assert conninfo_to_dict(found.maintenance)["dbname"] == "template1"
    assert mongo(DATABASE_URL="mongodb://db", **variables).name == "rooms"


def test_a_url_of_mongodb_is_passed_on_unchanged() -> None:
    url = "mongodb://ann:s3cret@a:1,b:2/rooms?replicaSet=r&tls=true&authSource=admin"

    found = mongo(DATABASE_URL=url)

    assert (url, "rooms", "mongodb://a:1,b:2/rooms") == (found.uri, found.name, found.label)


def test_the_parts_of_postgresql_make_a_storage() -> None:
    found = postgres(POSTGRES_HOSTNAME="db")

    expected = {"host": "db", "port": "5432", "user": "postgres"}
    assert {**expected, "dbname": "application"} == conninfo_to_dict(found.conninfo)
    assert {**expected, "dbname": "postgres"} == conninfo_to_dict(found.maintenance)
    assert found.label == "postgresql://db:5432/application"


def test_the_parts_of_postgresql_may_name_several_servers() -> None:
    one = postgres(POSTGRES_HOSTNAME="a,b,::1", POSTGRES_PORT="5433")
    each = postgres(POSTGRES_HOSTNAME="a,b", POSTGRES_PORT="5432,5433", POSTGRES_USER="ann")

    assert ("a,b,::1", "5433,5433,5433") == tuple(conninfo_to_dict(one.conninfo)[n] for n in ("host", "port"))
    assert one.label == "postgresql://a:5433,b:5433,[::1]:5433/application"
    assert each.label == "postgresql://a:5432,b:5433/application"


def test_the_parts_of_mongodb_make_a_storage() -> None:
    plain = mongo(MONGODB_HOSTNAME="db")
    login = mongo(
        MONGODB_HOSTNAME="a,b",
        MONGODB_PORT="1,2",
        MONGODB_USER="ann",
        MONGODB_PASSWORD="pw",
        APPLICATION_DB="r",
    )

    assert ("mongodb://db:27017/", "application") == (plain.uri, plain.name)
    assert ("mongodb://ann:pw@a:1,b:2/?authSource=admin", "r") == (login.uri, login.name)


@pytest.mark.parametrize("password", AWKWARD)
def test_a_password_may_hold_any_character(password: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{password}\n", encoding="utf-8")
    kept = [
        postgres(POSTGRES_HOSTNAME="db", POSTGRES_PASSWORD=password),
        postgres(POSTGRES_HOSTNAME="db", POSTGRES_PASSWORD_FILE=str(tmp_path / "password")),
        postgres(DATABASE_URL=f"postgresql://ann:{quote(password, safe='')}@db/rooms"),
    ]
    parts = mongo(MONGODB_HOSTNAME="db", MONGODB_USER=f"u{password}", MONGODB_PASSWORD=password)

    for found in kept:
        assert password == conninfo_to_dict(found.conninfo)["password"]
        assert password == conninfo_to_dict(found.maintenance)["password"]
    login = parse_uri(parts.uri)
    assert (f"u{password}", password) == (login["username"], login["password"])


@pytest.mark.parametrize("url", ["postgresql://ann:%s@db/rooms", "mongodb://ann:%s@db/rooms"])
def test_no_text_of_the_settings_contains_a_password(url: str) -> None:
    settings = read_settings({"DATABASE_URL": url % "hunter2"})

    assert "hunter2" not in f"{settings!r} {settings} {settings.database!r} {settings.database.label}"
    assert "db/rooms" in repr(settings.database)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://root:hunter2@db/rooms",
        "hunter2",
        "postgresql://ann:hunter2%zz@db/rooms",
        "postgresql://ann:hunter2%00@db/rooms",
        "postgresql://ann:hunter2%ff@db/rooms",
        "postgresql://ann:hunter2 x@db/rooms",
        "postgresql://ann:x@hunter2@db/rooms",
        "postgresql://ann:1/hunter2@db/rooms",
        "postgresql://ann:hunter2/x@db/rooms",
        "postgresql://ann:hunter2",
        "postgresql://ann:hunter2\udcff@db/rooms",
        "postgresql://ann:hunter2@db/rooms?nothing=hunter2",
        "mongodb://ann:hunter2%zz@db/rooms",
        "mongodb://ann:x@hunter2@db/rooms",
        "mongodb://ann:1/hunter2@db",
        "mongodb://ann:1?hunter2@db",
        "mongodb://ann:hunter2@",
        "mongodb://ann:hunter2@db/rooms?authMechanism=hunter2",
    ],
)
def test_a_refusal_shows_no_password(url: str) -> None:
    problems = refused(DATABASE_URL=url)

    assert ["DATABASE_URL"] == list(problems)
    assert "hunter2" not in str(problems)


def test_an_empty_variable_counts_as_unset() -> None:
    assert read_settings({}) == read_settings(dict.fromkeys(DEFAULTS, ""))


def test_a_value_may_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("sqlite:////srv/rooms.db\n")

    settings = read_settings({"DATABASE_URL_FILE": str(tmp_path / "url")})

    assert SqliteBackend(Path("/srv/rooms.db")) == settings.database


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    message = refused(DATABASE_URL_FILE=str(tmp_path / "gone"))["DATABASE_URL"]

    assert "DATABASE_URL_FILE" in message
    assert "gone" in message


@pytest.mark.parametrize("content", [b"", b"\n", b"hunter2\xff", b"hunter2\0"])
def test_a_file_that_is_not_text_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "password").write_bytes(content)

    problems = refused(POSTGRES_HOSTNAME="db", POSTGRES_PASSWORD_FILE=str(tmp_path / "password"))

    assert "POSTGRES_PASSWORD_FILE" in problems["POSTGRES_PASSWORD"]
    assert "hunter2" not in str(problems)


def test_a_value_and_a_file_for_it_cannot_both_be_set() -> None:
    assert "DATABASE_URL_FILE" in refused(DATABASE_URL="memory:", DATABASE_URL_FILE="/x")["DATABASE_URL"]


def test_a_url_wins_over_the_parts() -> None:
    parts = {"POSTGRES_HOSTNAME": "db", "POSTGRES_PORT": "x", "MONGODB_HOSTNAME": "db"}

    assert MemoryBackend() == read_settings({**parts, "DATABASE_URL": "memory:"}).database


def test_two_servers_are_refused() -> None:
    assert "MONGODB_HOSTNAME" in refused(**HOST)["POSTGRES_HOSTNAME"]


PARTS = [n for n in DEFAULTS if n.startswith(("POSTGRES_", "MONGODB_")) and not n.endswith("_HOSTNAME")]


@pytest.mark.parametrize("suffix", ["", "_FILE"])
@pytest.mark.parametrize("name", PARTS)
def test_a_part_without_its_host_is_never_an_sqlite_file(name: str, suffix: str) -> None:
    host = f"{name.partition('_')[0]}_HOSTNAME"

    assert {host: f"is missing, but set: {name}"} == refused(**{name + suffix: "hunter2"})


def test_a_database_without_a_host_is_never_an_sqlite_file() -> None:
    assert "POSTGRES_HOSTNAME" in refused(APPLICATION_DB="rooms")["APPLICATION_DB"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "rooms.db"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:////"),
        ("DATABASE_URL", "sqlite:///."),
        ("DATABASE_URL", "sqlite:///a%00b.db"),
        ("DATABASE_URL", "sqlite://rooms.db"),
        ("DATABASE_URL", "sqlite:///rooms.db?mode=ro"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "mysql://root@db/rooms"),
        ("DATABASE_URL", "postgresql:rooms"),
        ("DATABASE_URL", "postgresql://db:0/rooms"),
        ("DATABASE_URL", "postgresql://db:65536/rooms"),
        ("DATABASE_URL", "postgresql://db:http/rooms"),
        ("DATABASE_URL", "postgresql://a,b/rooms?port=1,2,3"),
        ("DATABASE_URL", "postgresql://db/rooms?sslmode=requre"),
        ("DATABASE_URL", "postgresql://db/rooms?target_session_attrs=writable"),
        ("DATABASE_URL", "postgresql://db/rooms?colour=red"),
        ("DATABASE_URL", "postgresql://db/" + "x" * 64),
        ("DATABASE_URL", "mongodb://"),
        ("DATABASE_URL", "mongodb://db:http/rooms"),
        ("DATABASE_URL", "mongodb://db/rooms.room"),
        ("DATABASE_URL", "mongodb://db/ro$ms"),
        ("DATABASE_URL", "mongodb://db/rooms?tls=perhaps"),
        ("DATABASE_URL", "mongodb://db/rooms?tlsCAFile=/no/such/file"),
        ("DATABASE_URL", "mongodb+srv://a.example.net,b.example.net/rooms"),
        ("DATABASE_URL", "mongodb+srv://a.example.net:27017/rooms"),
        ("RENTOMATIC_POOL_SIZE", "0"),
        ("RENTOMATIC_POOL_SIZE", "101"),
        ("RENTOMATIC_POOL_TIMEOUT", "0"),
        ("RENTOMATIC_CONNECT_TIMEOUT", "never"),
        ("RENTOMATIC_PREPARED_STATEMENTS", "maybe"),
        ("RENTOMATIC_PORT", "0"),
        ("RENTOMATIC_PORT", "65536"),
        ("RENTOMATIC_PORT", "http"),
        ("RENTOMATIC_WORKERS", "0"),
        ("RENTOMATIC_THREADS", "-1"),
        ("RENTOMATIC_READ_TIMEOUT", "0"),
        ("RENTOMATIC_STATEMENT_TIMEOUT", "0"),
        ("RENTOMATIC_STATEMENT_TIMEOUT", "soon"),
        ("RENTOMATIC_EXPORT_TIMEOUT", "0"),
        ("RENTOMATIC_LOG_LEVEL", "loud"),
        ("RENTOMATIC_CURRENCY", "EURO"),
        ("RENTOMATIC_CURRENCY", "€"),
        ("RENTOMATIC_CURRENCY", "XXX"),
        ("RENTOMATIC_CURRENCY", "DEM"),
        ("RENTOMATIC_PRICE_PER", "year"),
        ("RENTOMATIC_LOCALE", "xx"),
        ("RENTOMATIC_LOCALE", "en-XX"),
        ("RENTOMATIC_LOCALE", "root"),
        ("RENTOMATIC_LOCALE", "../en"),
    ],
)
def test_a_wrong_value_is_refused_by_name(name: str, value: str) -> None:
    assert [name] == list(refused(**{name: value}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOSTNAME", "a,"),
        ("HOSTNAME", "db:5432"),
        ("HOSTNAME", "ann@db"),
        ("HOSTNAME", "d b"),
        ("PORT", "0"),
        ("PORT", "http"),
        ("PORT", "1,2"),
        ("USER", "\udcff"),
        ("PASSWORD", "\udcff"),
    ],
)
@pytest.mark.parametrize("server", ["POSTGRES", "MONGODB"])
def test_a_wrong_part_is_refused_by_name(server: str, name: str, value: str) -> None:
    parts = {f"{server}_{n}": v for n, v in (("HOSTNAME", "db"), ("USER", "ann"), ("PASSWORD", "pw"))}

    assert [f"{server}_{name}"] == list(refused(**{**parts, f"{server}_{name}": value}))


@pytest.mark.parametrize(
    ("host", "name", "value"),
    [
        ("POSTGRES_HOSTNAME", "APPLICATION_DB", "x" * 64),
        ("POSTGRES_HOSTNAME", "POSTGRES_DB", "ü" * 32),
        ("MONGODB_HOSTNAME", "APPLICATION_DB", "ro.ms"),
        ("MONGODB_HOSTNAME", "APPLICATION_DB", "ro$ms"),
    ],
)
def test_an_invalid_database_name_is_refused(host: str, name: str, value: str) -> None:
    assert [name] == list(refused(**{host: "db", name: value}))


def test_user_and_password_of_mongodb_go_together() -> None:
    assert ["MONGODB_PASSWORD"] == list(refused(MONGODB_HOSTNAME="db", MONGODB_USER="ann"))
    assert ["MONGODB_USER"] == list(refused(MONGODB_HOSTNAME="db", MONGODB_PASSWORD="pw"))


def test_all_wrong_values_are_named_at_once() -> None:
    assert {"RENTOMATIC_PORT", "RENTOMATIC_WORKERS", "DATABASE_URL"} == set(
        refused(RENTOMATIC_PORT="x", RENTOMATIC_WORKERS="y", DATABASE_URL="z")
    )


@pytest.mark.parametrize("password", ["postgres", "password", "ChangeMe", "secret", "admin", "ann", "rooms"])
def test_production_refuses_a_guessable_password(password: str) -> None:
    given = {"APPLICATION_CONFIG": "production", "APPLICATION_DB": "rooms"}
    for server in ("POSTGRES", "MONGODB"):
        parts = {f"{server}_HOSTNAME": "db", f"{server}_USER": "ann", f"{server}_PASSWORD": password}

        assert [f"{server}_PASSWORD"] == list(refused(**given, **parts))
        assert isinstance(read_settings(parts), Settings)
    for scheme in ("postgresql", "mongodb"):
        url = f"{scheme}://ann:{password}@db/rooms"

        assert ["DATABASE_URL"] == list(refused(**given, DATABASE_URL=url))
        assert isinstance(read_settings({"DATABASE_URL": url}), Settings)


@pytest.mark.parametrize("server", ["POSTGRES", "MONGODB"])
def test_production_refuses_parts_without_a_password(server: str) -> None:
    parts = {f"{server}_HOSTNAME": "db", "APPLICATION_CONFIG": "production"}

    assert [f"{server}_PASSWORD"] == list(refused(**parts))


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "memory:"},
        {"DATABASE_URL": "postgresql://ann@db/rooms"},  # a password file, peer, or a certificate
        {"DATABASE_URL": "postgresql://ann:Xq7-long-enough@db/rooms"},
        {"POSTGRES_HOSTNAME": "db", "POSTGRES_PASSWORD": "Xq7-long-enough"},
        {"MONGODB_HOSTNAME": "db", "MONGODB_USER": "ann", "MONGODB_PASSWORD": "Xq7-long-enough"},
    ],
)
def test_production_accepts_other_passwords(environment: dict[str, str]) -> None:
    assert read_settings(environment) == read_settings({**environment, "APPLICATION_CONFIG": "production"})


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ("*",)),
        ("*", ("*",)),
        ("none", ()),
        ("https://partner.example", ("https://partner.example",)),
        (
            "https://partner.example, http://localhost:5173",
            ("https://partner.example", "http://localhost:5173"),
        ),
    ],
)
def test_allowed_origins_are_read(text: str, origins: tuple[str, ...]) -> None:
    assert origins == read_settings({"RENTOMATIC_CORS_ORIGINS": text}).cors_origins


@pytest.mark.parametrize(
    "text", ["partner.example", "https://partner.example/", "https://Partner.example", "* https://a.example"]
)
def test_an_invalid_origin_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="RENTOMATIC_CORS_ORIGINS"):
        read_settings({"RENTOMATIC_CORS_ORIGINS": text})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://tiles.example/{z}/{x}/{y}.png",
        "http://localhost:8080/osm/{z}/{x}/{y}{r}.webp?key=a-b_c",
    ],
)
def test_the_tile_server_is_read(url: str) -> None:
    found = read_settings({"RENTOMATIC_TILES": url, "RENTOMATIC_TILES_ATTRIBUTION": "© Tiles & Co."})

    assert (url, "© Tiles & Co.") == (found.tiles, found.tiles_attribution)


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example/{z}/{x}/{y}.png",
        "ftp://tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}.png",
        "https://tiles.example/{z}/{x}/{y}/{token}.png",
        "https://{s}.tiles.example/{z}/{x}/{y}.png",
        "https://user:secret@tiles.example/{z}/{x}/{y}.png",
        "https://tiles.example/a b/{z}/{x}/{y}.png",
        "https://tiles.example/{z}/{x}/{y}.png; script-src *",
        "https://tiles.example/{z}/{x}/{y}.png'",
        "https://tiles.example;script-src/{z}/{x}/{y}.png",
    ],
)
def test_an_invalid_tile_template_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="RENTOMATIC_TILES"):
        read_settings({"RENTOMATIC_TILES": url})


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("", ()),
        ("photos.example", ("photos.example",)),
        ("Photos.Example, *.cdn.example", ("photos.example", "*.cdn.example")),
        ("10.0.0.1", ("10.0.0.1",)),
    ],
)
def test_hosts_of_photos_are_read(text: str, hosts: tuple[str, ...]) -> None:
    assert hosts == read_settings({"RENTOMATIC_PHOTO_HOSTS": text}).photo_hosts


@pytest.mark.parametrize(
    "text",
    [
        "https://photos.example",
        "photos.example:8443",
        "photos.example/rooms",
        "photos.example;script-src",
        "*",
        "*.example",
        "a.*.example",
        "-a.example",
        "a..example",
        "'self'",
        "fotos.münchen.example",
        "a" * 64 + ".example",
    ],
)
def test_something_else_than_a_host_of_photos_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="RENTOMATIC_PHOTO_HOSTS: must be names of hosts"):
        read_settings({"RENTOMATIC_PHOTO_HOSTS": text})


def test_settings_give_currency_period_and_locale() -> None:
    found = read_settings(
        {"RENTOMATIC_CURRENCY": "gbp", "RENTOMATIC_PRICE_PER": "Night", "RENTOMATIC_LOCALE": "en_GB"}
    )

    assert (PriceTerms("GBP", Per.NIGHT), "en-GB") == (found.prices, found.locale)


def test_refusal_of_a_currency_says_what_is_allowed() -> None:
    expected = {
        "RENTOMATIC_CURRENCY": (
            "must be the ISO 4217 code of a currency in use, such as EUR, GBP or USD, and no sign, not 'EURO'"
        ),
        "RENTOMATIC_PRICE_PER": "must be one of day, night, week, month, not 'year'",
        "RENTOMATIC_LOCALE": "must be a locale of CLDR, such as en, en-GB, de or fr-CH, not 'xx'",
    }

    assert expected == refused(
        RENTOMATIC_CURRENCY="EURO", RENTOMATIC_PRICE_PER="year", RENTOMATIC_LOCALE="xx"
    )
