"""What storages share when they put a room in the place of another."""

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
    """Swap the row of `old`, also where somebody wrote it by hand and it says the same with other values.

    swap: changes the row that has exactly these values, or adds one for None; False where it changed nothing.
    present: the values of the row that is there.
    """
    if old is None:
        return swap(None)
    if swap(values_of(old)):
        return True
    found = present()
    return found is not None and room_of_row(found) == old and swap(found)
