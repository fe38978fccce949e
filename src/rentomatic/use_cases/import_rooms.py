"""Load many rooms from a listing."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rentomatic.domain.quoting import counted, shortened, visible
from rentomatic.domain.room import Room
from rentomatic.use_cases.errors import RentomaticError
from rentomatic.use_cases.ports import LoadCounts, OnConflict, RoomRepository

MAX_REFUSALS_KEPT = 100

MAX_CAUSES = 10
"""The most causes of refusals that a report names; the rest are counted as one more."""

_MAX_CAUSES_KEPT = 1000
"""The most causes that are counted one by one: a file may be made to have any number."""

MAX_SHOWN = 60
"""The most characters of a value, or of its column's name, that a refusal shows."""


@dataclass(frozen=True, slots=True)
class Remedy:
    """Advice for a listing: an option of the import, with one of these values.

    option: `map`, `encoding`, `decimal`, `round` or `price_per`; how it is given is up to the user interface.
    caution: what else it does, if anything, as it follows behind a comma.
    """

    option: str
    values: tuple[str, ...]
    caution: str = ""

    def added_to(self, message: str, phrase: Callable[[str, str], str]) -> str:
        """The message with the advice. phrase: how an option and its value are given."""
        advice = " or ".join(phrase(self.option, value) for value in self.values)
        return f"{message}: try {advice}" + (f", {self.caution}" if self.caution else "")


@dataclass(frozen=True, slots=True)
class Cause:
    """What many refused lines have in common.

    column: empty if the whole line is wrong. problem: what is wrong, in words that follow the column's name.
    remedy: advice, if there is any.
    """

    column: str
    problem: str
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{self.column or 'line'} {self.problem}"


OTHER_CAUSES = Cause("", "refused for another reason")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why a line of a listing is not a valid room; a line may have several.

    line: its number in the file, from 1, header included.
    column, value: the wrong value, made safe to show; column is empty if the whole line is wrong.
    remedy: advice, if there is any.
    problem: the reason without what differs from line to line, if anything does.
    """

    line: int
    column: str
    value: str
    reason: str
    remedy: Remedy | None = None
    problem: str = ""

    def __post_init__(self) -> None:
        # They come from a stranger's file and are shown on terminals, on pages and in answers.
        object.__setattr__(self, "column", visible(shortened(self.column, MAX_SHOWN)))
        object.__setattr__(self, "value", visible(shortened(self.value, MAX_SHOWN)))

    def __str__(self) -> str:
        place = f"line {self.line}, {self.column} '{self.value}'" if self.column else f"line {self.line}"
        return f"{place}: {self.reason}"

    @property
    def cause(self) -> Cause:
        """What it has in common with others, by which refused lines are counted."""
        return Cause(self.column, self.problem or self.reason, self.remedy)


@dataclass(slots=True)
class ImportReport:
    """The result of an import.

    refused: how many lines were refused. refusals: all of the first hundred of these lines.
    """

    counts: LoadCounts = field(default_factory=LoadCounts)
    refused: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    _causes: Counter[Cause] = field(default_factory=Counter)
    _others: int = 0  # refusals whose cause is not counted
    _last: int = 0  # the last refused line

    def add(self, refusal: Refusal) -> None:
        """Add a refusal; those of one line follow each other."""
        self.refused += refusal.line != self._last
        self._last = refusal.line
        if self.refused <= MAX_REFUSALS_KEPT:
            self.refusals.append(refusal)
        cause = refusal.cause
        if cause in self._causes or len(self._causes) < _MAX_CAUSES_KEPT:
            self._causes[cause] += 1
        else:
            self._others += 1

    def causes(self) -> list[tuple[Cause, int]]:
        """Return the causes and their numbers of lines, most frequent first; last, `OTHER_CAUSES`.

        A line with several reasons counts for each of them.
        """
        most = self._causes.most_common(MAX_CAUSES)
        others = self._causes.total() - sum(lines for _, lines in most) + self._others
        return [*most, (OTHER_CAUSES, others)] if others else most


class ImportRefused(RentomaticError):
    """A strict import met lines that are not valid rooms; nothing was loaded."""

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
    """Load the rooms among the lines in one step, and report the others.

    strict: load nothing if any line is refused. dry_run: only count.
    on_refusal: called with every refusal.

    Raises ImportRefused, and ConflictError if `on_conflict` is FAIL and a code is taken.
    """
    report = ImportReport()

    def rooms() -> Iterator[Room]:
        for line in lines:
            if isinstance(line, Refusal):
                report.add(line)
                on_refusal(line)
            elif not (strict and report.refused):  # nothing will be loaded: read on only to report
                yield line
        if strict and report.refused:
            raise ImportRefused(report)

    report.counts = repository.load(rooms(), on_conflict, dry_run)
    return report
