"""What every storage makes sure of before it puts a room in the place of another."""

from rentomatic.domain.room import Room


def code_of_swap(old: Room | None, new: Room | None) -> str:
    """The code of the two rooms, of which one may be missing.

    Raises ValueError where both are missing, or are of two codes.
    """
    codes = {room.code for room in (old, new) if room is not None}
    if len(codes) != 1:
        raise ValueError("a swap is of one room, or of two of the same code")
    return codes.pop()
