"""What rooms state, counted in PostgreSQL: from all matching rooms or from a sample."""

from collections.abc import Sequence

from rentomatic.domain.facets import Counted, Facets, facets_of
from rentomatic.domain.fields import SEVERAL, STATED, Field
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.postgres.sampling import looked_at
from rentomatic.repository.postgres.session import Session
from rentomatic.repository.postgres.statements import rows
from rentomatic.repository.sql import Sql
from rentomatic.repository.sql_facets import counted_in, facets_sql

# The lowest value is the first entry of an index. There is one of the numbers of features.
_LOWEST = ", ".join(
    f"(SELECT min({value}) FROM room WHERE {field} IS NOT NULL)"
    for field in STATED
    for value in (f"cardinality({field})" if field in SEVERAL else field,)
)


def facets_in(session: Session, query: RoomQuery, *, quick: bool = False) -> Facets:
    """Tell what the matching rooms state. quick: raise NotQuick instead of reading a sample."""
    (lowest,) = rows(session, Sql(f"SELECT {_LOWEST}"))
    stated = [field for field, value in zip(STATED, lowest, strict=True) if value is not None]

    def count(part: RoomQuery, fields: Sequence[Field]) -> Counted:
        found, share = looked_at(session, part, quick=quick)
        statement = facets_sql(found, fields, items="unnest({}) AS item (value)", collation=' COLLATE "C"')
        return counted_in(rows(session, statement), fields, share)

    return facets_of(query, stated, count)
