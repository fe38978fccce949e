"""Reads variables into settings: each is typed and in its range, or refused by name."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import TypeVar

from rentomatic.domain.prices import CURRENCIES, PLAIN, Per, PriceTerms
from rentomatic.domain.quoting import quoted
from rentomatic.money import DEFAULT_LOCALE, Money, locale_tag
from rentomatic.repository.backend import Backend, Limits, WithLogin
from rentomatic.repository.registry import backend_of, built_in
from rentomatic.repository.servers import APPLICATION_DB, plain_text, port
from rentomatic.requests.numbers import decimal, integer
from rentomatic.settings.keys import ApiKey, api_keys
from rentomatic.settings.passwords import is_weak
from rentomatic.use_cases.errors import ParametersError, Problem

LOG_LEVELS = ("debug", "info", "warning", "error")
SERVERS = ("granian", "gunicorn")

STACK_PROGRAM = "./manage.py stack"
"""How commands are called that run inside the production stack."""

_SERVERS = tuple(storage.parts for storage in built_in() if storage.parts)
"""The servers that variables may name instead of a URL."""

DEFAULTS = {
    "APPLICATION_CONFIG": "development",
    "DATABASE_URL": "sqlite:///rentomatic.db",
    "APPLICATION_DB": APPLICATION_DB,
    **{name: default for server in _SERVERS for name, default in server.defaults.items()},
    "RENTOMATIC_POOL_SIZE": "4",
    "RENTOMATIC_POOL_TIMEOUT": "3",
    "RENTOMATIC_CONNECT_TIMEOUT": "5",
    "RENTOMATIC_READ_TIMEOUT": "1",
    "RENTOMATIC_STATEMENT_TIMEOUT": "10",
    "RENTOMATIC_EXPORT_TIMEOUT": "600",
    "RENTOMATIC_PREPARED_STATEMENTS": "on",
    "RENTOMATIC_HOST": "127.0.0.1",
    "RENTOMATIC_PORT": "8000",
    "RENTOMATIC_SERVER": "granian",
    "RENTOMATIC_WORKERS": "1",
    "RENTOMATIC_THREADS": "4",
    "RENTOMATIC_WORKER_LIFETIME": "0",
    "RENTOMATIC_START_TIMEOUT": "0",
    "RENTOMATIC_BACKUP_DIRECTORY": "backups",
    "RENTOMATIC_BACKUP_KEEP": "14",
    "RENTOMATIC_CERTIFICATE": "",
    "RENTOMATIC_TRUSTED_PROXIES": "",
    "RENTOMATIC_API_KEYS": "",
    "RENTOMATIC_CORS_ORIGINS": "*",
    "RENTOMATIC_CURRENCY": "",
    "RENTOMATIC_PRICE_PER": str(PLAIN.per),
    "RENTOMATIC_LOCALE": DEFAULT_LOCALE,
    "RENTOMATIC_PHOTOS": "",
    "RENTOMATIC_PHOTO_HOSTS": "",
    "RENTOMATIC_STATIC_DIRECTORY": "",
    "RENTOMATIC_TILES": "",
    "RENTOMATIC_TILES_ATTRIBUTION": "",
    "RENTOMATIC_LOG_LEVEL": "info",
    "RENTOMATIC_AUDIT_LOG": "",
    "RENTOMATIC_STACK": "",
    "RENTOMATIC_PROGRAM": "rentomatic",
}
"""Every variable that is read, with its default."""


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"

_HOST = re.compile(rf"(\*\.(?=[^.]+\.))?{_LABEL}(\.{_LABEL})*")
"""A name of a host; all hosts of a top-level domain are too many."""

_MAY_BE_EMPTY = ("RENTOMATIC_API_KEYS",)
"""Variables whose file may be empty: it exists before there is a key."""


class SettingsError(ParametersError):
    """An invalid configuration; names every bad variable and shows no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of the environment.

    database: the storage of the rooms.
    pool_size: the most connections that a process keeps to a server.
    pool_timeout, connect_timeout: seconds to wait for a free connection, and to open a new one.
    read_timeout: seconds that the storage may work for one HTTP request in all.
    statement_timeout: seconds after which the storage cancels any statement.
    export_timeout: seconds after which an export over HTTP is cancelled, while it is written or sent.
    prepared_statements: whether to prepare statements on the server, which fails behind a transaction pooler.
    server: the WSGI server that `serve` runs. workers, threads: its processes, and threads of each.
    worker_lifetime: seconds after which a worker is replaced by a new one, 0 for never.
    start_timeout: seconds that `serve` waits for a storage that is not available yet.
    backup_directory, backup_keep: where backups are, and how many of them are kept.
    certificate: the file of the public TLS certificate (PEM), None if there is none to check.
    trusted_proxies: in front of the server; their `X-Forwarded-For` counts, and one may hold the certificate.
    api_keys: of clients that may write over HTTP; without one, nobody may.
    cors_origins: of the sites whose scripts may use the API, `*` for all of them; empty for none.
    prices: the unit of prices. locale: for amounts of money, as in BCP 47.
    photos: the folder of the photos, None for none. photo_hosts: other hosts whose photos pages show, such as
        `photos.example` or `*.photos.example`.
    static_directory: where `serve` copies the static files for a reverse proxy, None for nowhere.
    tiles: the template of the addresses of the map's tiles, empty for the bundled map.
    tiles_attribution: the credit on the map for the tiles.
    audit_log: the file to which audit lines are appended, or None.
    stack: the name of the production stack that this runs in, empty outside of one.
    """

    database: Backend
    pool_size: int
    pool_timeout: float
    connect_timeout: float
    read_timeout: float
    statement_timeout: float
    export_timeout: float
    prepared_statements: bool
    host: str
    port: int
    server: str
    workers: int
    threads: int
    worker_lifetime: int
    start_timeout: float
    backup_directory: Path
    backup_keep: int
    certificate: Path | None
    trusted_proxies: tuple[str, ...]
    api_keys: tuple[ApiKey, ...]
    cors_origins: tuple[str, ...]
    prices: PriceTerms
    locale: str
    photos: Path | None
    photo_hosts: tuple[str, ...]
    static_directory: Path | None
    tiles: str
    tiles_attribution: str
    log_level: str
    audit_log: Path | None
    stack: str

    @property
    def target(self) -> str:
        """The name of the storage that a command shows before changing it; holds no secret."""
        return f"the production stack {self.stack}" if self.stack else self.database.label

    @property
    def limits(self) -> Limits:
        """The limits for a repository with these settings."""
        return Limits(
            statement_timeout=self.statement_timeout,
            connect_timeout=self.connect_timeout,
            pool_timeout=self.pool_timeout,
            pool_size=self.pool_size,
            prepared_statements=self.prepared_statements,
            workers=self.workers,
        )

    @property
    def money(self) -> Money:
        """How prices are shown with these settings."""
        return Money(self.prices, self.locale)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of the environment. Raises SettingsError naming every bad variable."""
    reader = _Reader(environment)
    settings = Settings(
        database=_storage(reader),
        pool_size=reader.read("RENTOMATIC_POOL_SIZE", lambda text: integer(text, 1, 100)),
        pool_timeout=reader.read("RENTOMATIC_POOL_TIMEOUT", _seconds),
        connect_timeout=reader.read("RENTOMATIC_CONNECT_TIMEOUT", _seconds),
        read_timeout=reader.read("RENTOMATIC_READ_TIMEOUT", _seconds),
        statement_timeout=reader.read("RENTOMATIC_STATEMENT_TIMEOUT", _seconds),
        export_timeout=reader.read("RENTOMATIC_EXPORT_TIMEOUT", _seconds),
        prepared_statements=reader.read("RENTOMATIC_PREPARED_STATEMENTS", _one_of("on", "off")) == "on",
        host=reader.read("RENTOMATIC_HOST", str),
        port=reader.read("RENTOMATIC_PORT", port),
        server=reader.read("RENTOMATIC_SERVER", _one_of(*SERVERS)),
        workers=reader.read("RENTOMATIC_WORKERS", lambda text: integer(text, 1, 256)),
        threads=reader.read("RENTOMATIC_THREADS", lambda text: integer(text, 1, 256)),
        worker_lifetime=reader.read("RENTOMATIC_WORKER_LIFETIME", _lifetime),
        start_timeout=reader.read("RENTOMATIC_START_TIMEOUT", lambda text: decimal(text, 0, 3600)),
        backup_directory=reader.read("RENTOMATIC_BACKUP_DIRECTORY", Path),
        backup_keep=reader.read("RENTOMATIC_BACKUP_KEEP", lambda text: integer(text, 1, 10_000)),
        certificate=reader.read("RENTOMATIC_CERTIFICATE", _path),
        trusted_proxies=reader.read("RENTOMATIC_TRUSTED_PROXIES", _proxies),
        api_keys=reader.read("RENTOMATIC_API_KEYS", api_keys),
        cors_origins=reader.read("RENTOMATIC_CORS_ORIGINS", _origins),
        prices=PriceTerms(
            currency=reader.read("RENTOMATIC_CURRENCY", _currency),
            per=Per(reader.read("RENTOMATIC_PRICE_PER", _one_of(*Per))),
        ),
        locale=reader.read("RENTOMATIC_LOCALE", locale_tag),
        photos=reader.read("RENTOMATIC_PHOTOS", _path),
        photo_hosts=reader.read("RENTOMATIC_PHOTO_HOSTS", _hosts),
        static_directory=reader.read("RENTOMATIC_STATIC_DIRECTORY", _path),
        tiles=reader.read("RENTOMATIC_TILES", _tiles),
        tiles_attribution=reader.read("RENTOMATIC_TILES_ATTRIBUTION", plain_text),
        log_level=reader.read("RENTOMATIC_LOG_LEVEL", _one_of(*LOG_LEVELS)),
        audit_log=reader.read("RENTOMATIC_AUDIT_LOG", _path),
        stack=reader.read("RENTOMATIC_STACK", plain_text),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


def is_production(environment: Mapping[str, str]) -> bool:
    """Whether the environment is a production environment."""
    return _in_production(_Reader(environment))


def stack_name(environment: Mapping[str, str]) -> str:
    """Return the name of the production stack of the environment, empty outside one."""
    return _Reader(environment).read("RENTOMATIC_STACK", plain_text)


def program_name(environment: Mapping[str, str]) -> str:
    """Return what is typed before the name of a command, such as `./manage.py`."""
    return STACK_PROGRAM if stack_name(environment) else _Reader(environment).read("RENTOMATIC_PROGRAM", str)


def storage_of(url: str) -> Backend:
    """Return the storage of a URL as in DATABASE_URL, ignoring the environment.

    Raises ValueError, which does not repeat the URL, because it may hold a password.
    """
    return backend_of(url, _Reader({}))


Value = TypeVar("Value")


class _Reader:
    """Reads variables one by one and collects errors."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._environment = environment

    def read(self, name: str, parse: Callable[[str], Value]) -> Value:
        """Return the value of a variable, or the content of the file that `<name>_FILE` names."""
        try:
            return parse(self._text(name))
        except ValueError as error:
            self.refuse(name, str(error))
            return parse(DEFAULTS[name])

    def is_set(self, name: str) -> bool:
        # An empty variable counts as unset, because Compose files and shells often pass on empty ones.
        return bool(self._environment.get(name) or self._environment.get(f"{name}_FILE"))

    def refuse(self, name: str, message: str) -> None:
        if name not in {problem.parameter for problem in self.problems}:
            self.problems.append(Problem(name, message))

    def _text(self, name: str) -> str:
        path = self._environment.get(f"{name}_FILE")
        if not path:
            return self._environment.get(name) or DEFAULTS[name]
        if self._environment.get(name):
            raise ValueError(f"and {name}_FILE are both set: set only one of them")
        try:
            text = Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError as error:
            raise ValueError(f"cannot be read from the file that {name}_FILE names: {error}") from error
        except UnicodeDecodeError:  # not shown: it holds the content
            text = "\0"
        if not (text or name in _MAY_BE_EMPTY) or "\0" in text:
            raise ValueError(f"cannot be read from the file that {name}_FILE names: it is not UTF-8 text")
        return text


def _storage(reader: _Reader) -> Backend:
    """Return the storage of DATABASE_URL, else of its parts, else the default file."""
    if reader.is_set(secret := "DATABASE_URL"):
        found = reader.read("DATABASE_URL", lambda url: backend_of(url, reader))
    else:
        found, secret = _storage_of_parts(reader)
    if _in_production(reader) and isinstance(found, WithLogin) and is_weak(found.login()):
        reader.refuse(secret, "is a password that anyone could guess, which production refuses")
    return found


def _storage_of_parts(reader: _Reader) -> tuple[Backend, str]:
    """Return the storage, and the variable with its password."""
    _refuse_parts_without_a_host(reader)
    server = next((server for server in _SERVERS if reader.is_set(server.hosts)), None)
    if server is None:
        if _in_production(reader):
            hosts = " and ".join(server.hosts for server in _SERVERS)
            reader.refuse("DATABASE_URL", f"is missing, and so are {hosts}: production must name its storage")
        return storage_of(DEFAULTS["DATABASE_URL"]), "DATABASE_URL"
    if _in_production(reader) and not reader.is_set(server.password):
        reader.refuse(server.password, "is empty, which production refuses")
    found = server.backend(reader)
    if found is None:  # the start is refused anyway
        found = storage_of(DEFAULTS["DATABASE_URL"])
    return found, server.password


def _refuse_parts_without_a_host(reader: _Reader) -> None:
    """Refuse parts without a host: the user means a server, and an SQLite file would only seem to work."""
    hosts = [server.hosts for server in _SERVERS if reader.is_set(server.hosts)]
    if len(hosts) > 1:
        reader.refuse(hosts[0], f"is set, and so is {hosts[1]}: set only one of them")
    for server in _SERVERS:
        parts = [name for name in server.defaults if reader.is_set(name)]
        if parts and server.hosts not in parts:
            reader.refuse(server.hosts, f"is missing, but set: {', '.join(parts)}")
    if reader.is_set("APPLICATION_DB") and not hosts:
        known = ", ".join(("DATABASE_URL", *(server.hosts for server in _SERVERS)))
        reader.refuse("APPLICATION_DB", f"is set, but none of {known}")


def _in_production(reader: _Reader) -> bool:
    return reader.read("APPLICATION_CONFIG", str) == "production"


def _origins(text: str) -> tuple[str, ...]:
    """Return origins of sites (RFC 6454), as browsers send them; `*` or `none` must stand alone."""
    origins = tuple(text.replace(",", " ").split())
    if origins == ("none",):
        return ()
    for origin in origins:
        if origins != ("*",) and not re.fullmatch(r"https?://[a-z0-9.:\[\]-]+", origin):
            raise ValueError(
                f"must be *, none, or origins such as https://partner.example, not {quoted(origin)}"
            )
    return origins


def _hosts(text: str) -> tuple[str, ...]:
    """Return names of hosts as in a Content-Security-Policy, where `*.` stands for every host below one."""
    hosts = tuple(text.lower().replace(",", " ").split())
    for host in hosts:
        if len(host) > 253 or not _HOST.fullmatch(host):
            raise ValueError(
                "must be names of hosts, such as photos.example or *.photos.example, separated by commas, "
                f"not {quoted(host)}"
            )
    return hosts


def _tiles(text: str) -> str:
    """Return the template of tile addresses, as map libraries take it; its host goes into a header."""
    if not text:
        return ""
    known = re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d+)?/[^\s\"'<>\\]+", text)
    names = sorted(re.findall(r"{(.*?)}", text))
    if not known or names not in (["x", "y", "z"], ["r", "x", "y", "z"]):
        raise ValueError(
            "must be the address of a tile with {z}, {x} and {y}, and {r} where fine screens have their own, "
            f"such as https://tiles.example/{{z}}/{{x}}/{{y}}.png, not {quoted(text)}"
        )
    return text


def _proxies(text: str) -> tuple[str, ...]:
    """Return addresses and networks separated by commas, without those of this machine."""
    try:
        return tuple(
            proxy for proxy in text.split(",") if proxy and not ip_network(proxy, strict=False).is_loopback
        )
    except ValueError as error:
        raise ValueError(
            f"must be addresses and networks separated by commas, such as 10.0.0.0/8, not {quoted(text)}"
        ) from error


def _currency(text: str) -> str | None:
    """Return a code of ISO 4217; lower case is accepted, as in BCP 47 and browsers."""
    if text and text.upper() not in CURRENCIES:
        raise ValueError(
            "must be the ISO 4217 code of a currency in use, such as EUR, GBP or USD, and no sign, "
            f"not {quoted(text)}"
        )
    return text.upper() or None


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _seconds(text: str) -> float:
    return decimal(text, 0.1, 3600)


def _lifetime(text: str) -> int:
    if text == "0":
        return 0
    return integer(text, 60, 30 * 86_400)


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}, not {quoted(text)}")
        return text.lower()

    return parse
