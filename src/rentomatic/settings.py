"""The configuration, read once from the environment; the only reader of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import unquote

from rentomatic.requests.numbers import decimal, integer, quoted
from rentomatic.use_cases.errors import ParametersError, Problem

LOG_LEVELS = ("debug", "info", "warning", "error")

DEFAULTS = {
    "DATABASE_URL": "sqlite:///rentomatic.db",
    "RENTOMATIC_STATEMENT_TIMEOUT": "10",
    "RENTOMATIC_HOST": "127.0.0.1",
    "RENTOMATIC_PORT": "8000",
    "RENTOMATIC_WORKERS": "1",
    "RENTOMATIC_THREADS": "4",
    "RENTOMATIC_LOG_LEVEL": "info",
}
"""Every variable that is read, and its value where the environment leaves it unset."""


class SettingsError(ParametersError):
    """A configuration that cannot be used; names every bad variable and shows no secret."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the rooms are: in memory, or in an SQLite file."""

    storage: Literal["memory", "sqlite"]
    path: Path = Path()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment decides.

    statement_timeout: seconds after which a search is given up.
    workers, threads: processes of the web server, and threads of each.
    """

    database: Database
    statement_timeout: float
    host: str
    port: int
    workers: int
    threads: int
    log_level: str


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of the environment. Raises SettingsError naming every bad variable."""
    reader = _Reader(environment)
    settings = Settings(
        database=reader.read("DATABASE_URL", database),
        statement_timeout=reader.read("RENTOMATIC_STATEMENT_TIMEOUT", lambda text: decimal(text, 0.1, 3600)),
        host=reader.read("RENTOMATIC_HOST", str),
        port=reader.read("RENTOMATIC_PORT", lambda text: integer(text, 1, 65535)),
        workers=reader.read("RENTOMATIC_WORKERS", lambda text: integer(text, 1, 256)),
        threads=reader.read("RENTOMATIC_THREADS", lambda text: integer(text, 1, 256)),
        log_level=reader.read("RENTOMATIC_LOG_LEVEL", _log_level),
    )
    if reader.problems:
        raise SettingsError(reader.problems)
    return settings


Value = TypeVar("Value")


class _Reader:
    """Reads variables one by one and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._environment = environment

    def read(self, name: str, parse: Callable[[str], Value]) -> Value:
        """The value of a variable, or of the file that `<name>_FILE` names."""
        try:
            return parse(self._text(name))
        except ValueError as error:
            self.problems.append(Problem(name, str(error)))
            return parse(DEFAULTS[name])

    def _text(self, name: str) -> str:
        # An empty variable counts as unset: Compose files and shells often pass on empty ones.
        path = self._environment.get(f"{name}_FILE")
        if not path:
            return self._environment.get(name) or DEFAULTS[name]
        if self._environment.get(name):
            raise ValueError(f"is set, and so is {name}_FILE: only one of them can count")
        try:
            return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot be read from the file that {name}_FILE names: {error}") from error


def database(url: str) -> Database:
    """The storage of a URL: `memory:`, `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Raises ValueError, which does not repeat the URL: it may hold a password.
    """
    if url == "memory:":
        return Database("memory")
    scheme, separator, path = url.partition("://")
    if scheme == "sqlite" and ("?" in path or ":memory:" in path):
        raise ValueError("takes a path and no options; rooms in memory are at memory:")
    if scheme == "sqlite" and path.startswith("/") and len(path) > 1:
        return Database("sqlite", Path(unquote(path[1:])))
    known = "memory:, sqlite:///relative/path.db or sqlite:////absolute/path.db"
    if scheme == "sqlite" or not separator:
        raise ValueError(f"must be {known}")
    raise ValueError(f"must be {known}, not one that starts with {quoted(scheme)}")


def _log_level(text: str) -> str:
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"must be one of {', '.join(LOG_LEVELS)}, not {quoted(text)}")
    return text.lower()
