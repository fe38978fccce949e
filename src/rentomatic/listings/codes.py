"""The codes of a listing, to find those that come twice."""

MAX_CODES = 2_000_000
"""The most codes that are remembered, in some 200 MB."""

_BITS = (1 << 60) - 1  # Python keeps an integer of more bits in more memory


class Codes:
    """The lines on which codes were read, the first `MAX_CODES` of them; hashes stand for the codes.

    Of two million codes, two that differ have one hash with a probability of 2e-6; the hashes of texts differ
    from one process to the next (https://docs.python.org/3/reference/datamodel.html#object.__hash__).
    """

    def __init__(self) -> None:
        self._lines: dict[int, int] = {}

    @property
    def full(self) -> bool:
        """Whether further codes are not remembered."""
        return len(self._lines) >= MAX_CODES

    def first_line(self, code: str, line: int) -> int:
        """Return the line on which the code was read first: the given one, unless it was read before."""
        key = hash(code) & _BITS
        if self.full:
            return self._lines.get(key, line)
        return self._lines.setdefault(key, line)
