"""What rooms state, counted on an SQLite connection: from all matching rooms, a part of them or a sample."""

import sqlite3
from collections.abc import Sequence

from rentomatic.domain.facets import Counted, Facets, facets_of
from rentomatic.domain.fields import STATED, Field
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.sql_facets import counted_in, facets_sql
from rentomatic.repository.sqlite.cells import looked_at
from rentomatic.repository.sqlite.sampling import rooms_about
from rentomatic.repository.sqlite.totals import source_of

WHOLE = 30_000
"""In a file of up to this many rooms, all that match are read, in at most 0.2 s."""

_ANY = ", ".join(
    f"EXISTS (SELECT 1 FROM room INDEXED BY room_{field} WHERE {field} IS NOT NULL)" for field in STATED
)

_TEXT = "iif(type = 'text', value, NULL)"


def facets_on(connection: sqlite3.Connection, query: RoomQuery, *, quick: bool = False) -> Facets:
    """Tell what the matching rooms state. quick: raise NotQuick instead of reading a sample."""
    found = connection.execute(f"SELECT {_ANY}").fetchone()
    stated = [field for field, is_stated in zip(STATED, found, strict=True) if is_stated]
    exactly = not quick and rooms_about(connection) <= WHOLE

    def count(part: RoomQuery, fields: Sequence[Field]) -> Counted:
        source, share = (
            (source_of(connection, part), 1.0) if exactly else looked_at(connection, part, quick=quick)
        )
        statement = facets_sql(source, fields, items="json_each({})", item=_TEXT)
        rows = connection.execute(statement.text, statement.values)
        return counted_in(rows, fields, share)

    return facets_of(query, stated, count)
