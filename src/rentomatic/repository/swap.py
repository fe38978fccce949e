"""Helpers for storages to replace one room by another."""

from collections.abc import Callable

from rentomatic.domain.room import Room, values_of
from rentomatic.repository.by_hand import Values, room_of_row


def code_of_swap(old: Room | None, new: Room | None) -> str:
    """Return the code of the two rooms, one of which may be None.

    Raises ValueError if both are None or their codes differ.
    """
    codes = {room.code for room in (old, new) if room is not None}
    if len(codes) != 1:
        raise ValueError("a swap is of one room, or of two of the same code")
    return codes.pop()


def swap_rows(
    old: Room | None, swap: Callable[[Values | None], bool], present: Callable[[], Values | None]
) -> bool:
    """Swap the row of `old`, even if it was written by hand with other values for an equal room.

    swap: changes the row with exactly these values, or for None adds one; returns False if it changed
        nothing.
    present: returns the values of the stored row.
    """
    if old is None:
        return swap(None)
    if swap(values_of(old)):
        return True
    found = present()
    return found is not None and room_of_row(found) == old and swap(found)
