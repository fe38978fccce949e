"""Rooms counted by the cells of a grid in MongoDB, from all rooms or from a sample."""

from collections import defaultdict

from rentomatic.domain.clusters import Cell, Cells, Grid, cells_of, sum_of
from rentomatic.domain.search import RoomQuery
from rentomatic.repository.areas import boxes_around
from rentomatic.repository.mongo.filters import Document, room_of, sure_filters, wide_filters
from rentomatic.repository.mongo.search import Moment
from rentomatic.repository.mongo.totals import rooms_on_the_rim, sampled_rooms

FEW = 40_000
"""Up to this many matching rooms are all read; more are sampled."""


def are_few(moment: Moment, query: RoomQuery, few: int) -> bool:
    """Whether no more than `few` rooms can match."""
    return not boxes_around(query) or moment.count(wide_filters(query), few + 1) <= few


def cells_in(moment: Moment, query: RoomQuery, grid: Grid) -> Cells:
    """Count the matching rooms by cell, or those of a sample."""
    if are_few(moment, query, FEW):
        return _cells_of_all(moment, query, grid)
    rooms, share = sampled_rooms(moment.rooms, query)
    return Cells(cells_of(rooms, grid), share)


def _cells_of_all(moment: Moment, query: RoomQuery, grid: Grid) -> Cells:
    """Count all matching rooms by cell."""
    sure = sure_filters(query)
    found = defaultdict(list)
    of_server = [] if sure is None else map(_cell_of, moment.by_cell(sure, grid))
    for cell in (*of_server, *cells_of(rooms_on_the_rim(moment, query), grid)):
        found[cell.column, cell.row].append(cell)
    return Cells(tuple(map(sum_of, found.values())))


def _cell_of(group: Document) -> Cell:
    """Return the cell of a group, whose members are named like the fields of `Cell`."""
    place, one = group.pop("_id"), group.pop("room")
    room = room_of(one) if group["rooms"] == 1 else None
    return Cell(int(place["column"]), int(place["row"]), **group, room=room)
