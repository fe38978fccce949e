"""Where the rooms are: from a URL, or from the parts of one. No message repeats what may be a password."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from rentomatic.domain.quoting import quoted

APPLICATION_DB = "application"
MAINTENANCE_DB = "postgres"
_NAME_BYTES = 63  # PostgreSQL cuts longer names, MongoDB refuses them

_DEFAULT_PASSWORDS = {
    *("12345678", "admin", "changeme", "change-me", "default", "example", "mongo", "mongodb", "pass"),
    *("passwd", "password", "postgres", "postgresql", "rentomatic", "root", "secret", "test", "user"),
}
"""What examples and images come with, and so what strangers try first."""

GOOD_LENGTH = 16
"""Characters of a password that nobody finds by trying."""


@dataclass(frozen=True, slots=True)
class MemoryDatabase:
    """Rooms that end with the process."""

    @property
    def label(self) -> str:
        return "memory:"


@dataclass(frozen=True, slots=True)
class SqliteDatabase:
    """Rooms in a file."""

    path: Path

    @property
    def label(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class PostgresDatabase:
    """Rooms in a database of PostgreSQL.

    conninfo: how libpq connects to it. maintenance: the same to the database that is there before it.
    label: where it is, for messages; holds no secret.
    """

    name: str
    label: str
    conninfo: str = field(repr=False)
    maintenance: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MongoDatabase:
    """Rooms in a database of MongoDB. label: where it is, for messages; holds no secret."""

    name: str
    label: str
    uri: str = field(repr=False)


Database = MemoryDatabase | SqliteDatabase | PostgresDatabase | MongoDatabase

Address = tuple[str, str]
"""A host and its port, either of them empty where the driver is to choose."""


def database(url: str, application: str = APPLICATION_DB, maintenance: str = MAINTENANCE_DB) -> Database:
    """The storage of a URL: memory:, sqlite:///…, postgresql://… or mongodb://….

    application: the database where the URL of a server names none.
    maintenance: where one connects to PostgreSQL while that database is not there yet.

    Raises ValueError, which does not repeat the URL: it may hold a password.
    """
    if url == "memory:":
        return MemoryDatabase()
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite":
        return _sqlite(rest)
    if separator and scheme in ("postgresql", "postgres"):
        return _postgres_of_url(url, application, maintenance)
    if separator and scheme in ("mongodb", "mongodb+srv"):
        return _mongo_of_url(url, application)
    known = "memory:, sqlite:///relative/path.db, sqlite:////absolute/path.db, postgresql://… or mongodb://…"
    raise ValueError(
        f"must be {known}" + (f", not one that starts with {quoted(scheme)}" if separator else "")
    )


def postgres(
    addresses: list[Address], user: str, password: str, application: str, maintenance: str
) -> PostgresDatabase:
    """PostgreSQL, from the parts; without a password libpq looks for one, or for a certificate."""
    hosts, ports = (",".join(part) for part in zip(*addresses, strict=True))
    parameters = {"host": hosts, "port": ports, "user": user, **({"password": password} if password else {})}
    return _postgres(parameters, application, maintenance)


def mongo(addresses: list[Address], user: str, password: str, application: str) -> MongoDatabase:
    """MongoDB, from the parts; users are those of the database `admin`."""
    login = f"{quote_plus(user)}:{quote_plus(password)}@" if user else ""
    source = "?authSource=admin" if user else ""
    hosts = ",".join(map(_shown, addresses))
    return _mongo_of_url(f"mongodb://{login}{hosts}/{source}", application)


def database_name(text: str) -> str:
    """The name of a database. Raises ValueError."""
    if not text or "\0" in text or len(text.encode(errors="replace")) > _NAME_BYTES:
        raise ValueError(f"must be the name of a database, of at most {_NAME_BYTES} bytes")
    return plain_text(text)


def plain_text(text: str) -> str:
    """The text as it is. Raises ValueError where it cannot be sent to a server."""
    try:
        text.encode()
    except UnicodeError:
        raise ValueError("must be text in UTF-8") from None
    return text


def has_weak_password(where: Database) -> bool:
    """Whether a stranger would guess the password: a usual default, or a name that is known anyway."""
    if not isinstance(where, PostgresDatabase | MongoDatabase):
        return False
    user, password = _login(where)
    known = {*_DEFAULT_PASSWORDS, user.casefold(), where.name.casefold()}
    return bool(password) and password.casefold() in known


def has_password(where: Database) -> bool:
    """Whether there is a password in the settings."""
    return isinstance(where, PostgresDatabase | MongoDatabase) and bool(_login(where)[1])


def has_short_password(where: Database) -> bool:
    """Whether there is a password, of fewer than `GOOD_LENGTH` characters."""
    if not isinstance(where, PostgresDatabase | MongoDatabase):
        return False
    return 0 < len(_login(where)[1]) < GOOD_LENGTH


def _login(where: PostgresDatabase | MongoDatabase) -> tuple[str, str]:
    """User and password, each empty where it is not stated."""
    if isinstance(where, PostgresDatabase):
        parameters = _libpq_parameters(where.conninfo)
        return parameters.get("user", ""), parameters.get("password", "")
    parsed = _parsed_mongo(where.uri)
    return parsed["username"] or "", parsed["password"] or ""


def _sqlite(path: str) -> SqliteDatabase:
    if "?" in path or ":memory:" in path:
        raise ValueError("takes a path and no options; rooms in memory are at memory:")
    if not path.startswith("/") or len(path) == 1:
        raise ValueError("must be sqlite:///relative/path.db or sqlite:////absolute/path.db")
    return SqliteDatabase(Path(unquote(path[1:])))


_CHOICES = {
    "sslmode": {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"},
    "target_session_attrs": {"any", "read-write", "read-only", "primary", "standby", "prefer-standby"},
}
"""What libpq itself checks only when it connects."""

_ESCAPE = "; in a user name or password, percent-encode what is no letter or digit: @ as %40, / as %2F"


def _postgres_of_url(url: str, application: str, maintenance: str) -> PostgresDatabase:
    _require_escapes(url)
    parameters = _libpq_parameters(url)
    for name, choices in _CHOICES.items():
        if parameters.get(name, "") not in {"", *choices}:
            raise ValueError(f"has an {name} that is none of {', '.join(sorted(choices))}")
    ports = parameters.get("port", "").split(",")
    if len(ports) not in (1, len(parameters.get("host", "").split(","))) or not all(map(_is_port, ports)):
        raise ValueError(f"has a port that is no whole number from 1 to 65535{_ESCAPE}")
    return _postgres(parameters, parameters.get("dbname") or application, maintenance)


def _libpq_parameters(conninfo: str) -> dict[str, str]:
    from psycopg import Error
    from psycopg.conninfo import conninfo_to_dict

    try:
        return {name: str(value) for name, value in conninfo_to_dict(conninfo).items()}
    except (Error, UnicodeError):  # both quote what they do not understand, which may be a password
        raise ValueError(f"is no URL that libpq understands{_ESCAPE}") from None


def _postgres(parameters: dict[str, str], application: str, maintenance: str) -> PostgresDatabase:
    from psycopg.conninfo import make_conninfo

    hosts = (parameters.get("host") or parameters.get("hostaddr", "")).split(",")
    ports = parameters.get("port", "").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    shown = ",".join(map(_shown, zip(hosts, ports, strict=True)))
    name = database_name(application)
    return PostgresDatabase(
        name=name,
        label=f"postgresql://{shown}/{quote(name)}",
        conninfo=make_conninfo(**{**parameters, "dbname": name}),
        maintenance=make_conninfo(**{**parameters, "dbname": maintenance}),
    )


def _mongo_of_url(url: str, application: str) -> MongoDatabase:
    _require_escapes(url)
    parsed = _parsed_mongo(url)
    if parsed["collection"]:
        raise ValueError("names a collection behind the database: leave it out")
    name = database_name(parsed["database"] or application)
    if re.search(r'[/\\. "$*<>:|?]', name):
        raise ValueError("has a database whose name MongoDB does not take")
    scheme = url.partition("://")[0]
    shown = ",".join(_shown((host, str(port or ""))) for host, port in parsed["nodelist"])
    return MongoDatabase(name=name, label=f"{scheme}://{shown}/{quote(name)}", uri=url)


def _parsed_mongo(url: str) -> dict[str, Any]:
    from pymongo.errors import PyMongoError
    from pymongo.uri_parser import parse_uri

    # The driver resolves the name behind mongodb+srv while it parses; here no network is wanted.
    srv = url.startswith("mongodb+srv://")
    rest, _, options = url.partition("://")[2].partition("?")
    kept = "&".join(o for o in options.split("&") if not (srv and o.lower().startswith("srv")))
    try:
        parsed = dict(parse_uri(f"mongodb://{rest}" + (f"?{kept}" if kept else ""), default_port=None))
    except (PyMongoError, ValueError, TypeError, OSError):  # which quote what they do not understand
        raise ValueError(f"is no URI that MongoDB's drivers understand{_ESCAPE}") from None
    if srv and (len(parsed["nodelist"]) != 1 or parsed["nodelist"][0][1] is not None):
        raise ValueError("must name one host and no port behind mongodb+srv://")
    return parsed


def _require_escapes(url: str) -> None:
    """Refuse a bare @ or / in a password: the rest of it would be taken for a host or a database."""
    authority, _, path = url.partition("://")[2].partition("/")
    if authority.count("@") > 1 or "@" in path.partition("?")[0]:
        raise ValueError(f"holds an @ too many{_ESCAPE}")


def _is_port(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= 65535)


def _shown(address: Address) -> str:
    host, port = address
    name = f"[{host}]" if ":" in host else quote(host, safe="")
    return f"{name}:{port}" if port else name
