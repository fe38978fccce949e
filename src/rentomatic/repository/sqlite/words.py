"""Searches for words on an SQLite connection."""

import json
import sqlite3

from rentomatic.domain.fields import SEARCHED
from rentomatic.domain.search import RoomQuery
from rentomatic.domain.words import all_begin, words_in
from rentomatic.repository import sql
from rentomatic.repository.sql import Sql, all_of


def filters(query: RoomQuery) -> Sql:
    """Return the condition for all matching rooms."""
    rest = sql.filters(query)
    return all_of((rest, _says_all(query.words))) if query.words else rest


def _says_all(words: tuple[str, ...]) -> Sql:
    """Return the condition that a room says all the words."""
    return Sql(f"says(?, {', '.join(SEARCHED)})", (json.dumps(words),))


def add_functions(connection: sqlite3.Connection) -> None:
    """Let statements on the connection use `says`."""
    connection.create_function("says", 1 + len(SEARCHED), _says, deterministic=True)


def _says(asked: str, *texts: str | None) -> bool:
    return all_begin(json.loads(asked), words_in(texts))
