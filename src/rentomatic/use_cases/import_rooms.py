"""Load many rooms from a listing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rentomatic.domain.quoting import counted, shortened, visible
from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository

MAX_REFUSALS_KEPT = 100

MAX_SHOWN = 60
"""Characters that a refusal shows of a value in a listing, and of the name of its column."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """What may help a listing: an option of the import, with one of these values.

    option: `map`, `encoding`, `decimal`, `round` or `price_per`; how it is given is up to the user interface.
    caution: what else it does, if anything, as it follows behind a comma.
    """

    option: str
    values: tuple[str, ...]
    caution: str = ""

    def told_after(self, message: str, phrase: Callable[[str, str], str]) -> str:
        """The message with the advice. phrase: how an option and its value are given."""
        advice = " or ".join(phrase(self.option, value) for value in self.values)
        return f"{message}: try {advice}" + (f", {self.caution}" if self.caution else "")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line of a listing that makes no room.

    line: its number in the file, from 1, the header included.
    column, value: what the line says where it is wrong, as people may see it; column is empty when it is the
        whole line.
    remedy: what may help, where something may.
    """

    line: int
    column: str
    value: str
    reason: str
    remedy: Remedy | None = None

    def __post_init__(self) -> None:
        # They come from a stranger's file, and end on terminals, on pages and in answers.
        object.__setattr__(self, "column", visible(shortened(self.column, MAX_SHOWN)))
        object.__setattr__(self, "value", visible(shortened(self.value, MAX_SHOWN)))

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column} '{self.value}'" if self.column else f"line {self.line}"
        return f"{place}: {self.reason}"


@dataclass(slots=True)
class ImportReport:
    """What became of the lines of a listing; `refusals` holds the first hundred of the refused."""

    counts: LoadCounts = field(default_factory=LoadCounts)
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)


class ImportRefused(RentomaticError):
    """A strict import met lines that make no room; nothing was loaded."""

    def __init__(self, report: ImportReport) -> None:
        refused = counted(report.refused, "line is not a valid room", "lines are not valid rooms")
        super().__init__(f"Nothing was loaded: {refused}.")
        self.report = report


def import_rooms(
    repository: RoomRepository,
    lines: Iterable[Room | Refusal],
    *,
    on_conflict: OnConflict = OnConflict.REPLACE,
    strict: bool = False,
    dry_run: bool = False,
    on_refusal: Callable[[Refusal], None] = lambda refusal: None,
) -> ImportReport:
    """Load the rooms among the lines, all in one step, and report the others.

    strict: one refused line refuses all. dry_run: count only, keep nothing.
    on_refusal: is called with every refused line as it is met.

    Raises ImportRefused, and ConflictError with OnConflict.FAIL.
    """
    report = ImportReport()

    def rooms() -> Iterator[Room]:
        for line in lines:
            if isinstance(line, Refusal):
                report.refused += 1
                if len(report.refusals) < MAX_REFUSALS_KEPT:
                    report.refusals.append(line)
                on_refusal(line)
            elif not (strict and report.refused):  # lost anyway: read on only to report
                yield line
        if strict and report.refused:
            raise ImportRefused(report)

    report.counts = repository.load(rooms(), on_conflict, dry_run)
    return report
