"""What rooms state, counted in MongoDB: from all matching rooms or from a sample."""

from collections.abc import Sequence
from itertools import chain

from rentomatic.domain.facets import Counted, Facets, counted, facets_of, values_in
from rentomatic.domain.fields import FIELD, STATED, Field
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.mongo.cells import are_few
from rentomatic.repository.mongo.filters import least, sure_filters
from rentomatic.repository.mongo.search import Moment
from rentomatic.repository.mongo.totals import rooms_on_the_rim, sampled_rooms
from rentomatic.use_cases.errors import NotQuick

FEW = 10_000
"""Up to this many matching rooms are all read; more are sampled."""


def facets_in(moment: Moment, query: RoomQuery, *, quick: bool = False) -> Facets:
    """Tell what the matching rooms state. quick: raise NotQuick instead of reading a sample."""
    # A range, so that an index is used.
    stated = [
        field for field in STATED if moment.count([{field: {"$gte": least(FIELD[field].kind)}}], at_most=1)
    ]

    def count(part: RoomQuery, fields: Sequence[Field]) -> Counted:
        if not are_few(moment, part, FEW):
            if quick:
                raise NotQuick
            rooms, share = sampled_rooms(moment.rooms, part)
            return counted(values_in(rooms, fields), fields, share)
        sure = sure_filters(part)
        inside = [] if sure is None else moment.values(sure, fields)
        return counted(chain(inside, values_in(rooms_on_the_rim(moment, part), fields)), fields)

    return facets_of(query, stated, count)
