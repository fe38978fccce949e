"""How storages with SQL count what rooms state."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from rentomatic.domain.facets import MOST_VALUES, Counted, most_frequent
from rentomatic.domain.fields import FACETS, RANGED, SEVERAL, Field
from rentomatic.domain.summary import Range
from rentomatic.repository.sql import COLUMNS, Sql

Row = tuple[Any, ...]

_FOUND = "WITH found AS MATERIALIZED (SELECT {columns} {source})"

_VALUES = """
    SELECT * FROM (
        SELECT '{field}', {value}, count(*), CAST(NULL AS bigint) FROM found{items} WHERE {value} IS NOT NULL
        GROUP BY {value} ORDER BY count(*) DESC, {value}{collation} LIMIT {most}
    ) AS of_{field}
"""

_RANGE = "SELECT '{field}', NULL, min({column}), max({column}) FROM found"


def facets_sql(
    source: Sql, fields: Collection[Field], items: str, item: str = "value", collation: str = ""
) -> Sql:
    """Return the statement that counts the values of the fields, and tells the ranges of numbers.

    Values are counted as stored: in a list written by hand, every entry that is a text counts, even if it is
    there twice or left out when the room is read. Finding repeated ones would take half as long again.

    source: `FROM … WHERE …`. items: the storage's expression for the rows of a list, `{}`. item: that for the
    text of such a row. collation: which sorts texts by their code points, ` COLLATE "C"`.
    """
    counts = (
        _VALUES.format(
            field=field,
            value=item if field in SEVERAL else COLUMNS[field],
            items=f", {items.format(COLUMNS[field])}" if field in SEVERAL else "",
            collation=collation,
            most=MOST_VALUES,
        )
        for field in fields
        if field in FACETS
    )
    extremes = (_RANGE.format(field=field, column=COLUMNS[field]) for field in fields if field in RANGED)
    found = _FOUND.format(columns=", ".join(COLUMNS[field] for field in fields), source=source.text)
    return Sql(f"{found} {' UNION ALL '.join((*counts, *extremes))}", source.values)


def counted_in(rows: Iterable[Row], fields: Collection[Field], share: float) -> Counted:
    """Return what the rows of the statement tell."""
    values: dict[Field, dict[str, int]] = defaultdict(dict)
    ranges: dict[Field, Range | None] = {}
    for name, value, number, highest in rows:
        if name in RANGED:
            ranges[Field(name)] = None if number is None else Range(number, highest)
        else:
            values[Field(name)][value] = number
    return Counted(
        {field: most_frequent(values[field]) for field in fields if field in FACETS}, ranges, share
    )
