"""Notes on an import for people, in addition to its counts."""

from collections.abc import Iterator

from rentomatic.domain.fields import NAMES
from rentomatic.domain.prices import Conversion
from rentomatic.domain.quoting import counted
from rentomatic.listings.columns import Columns
from rentomatic.use_cases.import_rooms import ImportReport
from rentomatic.use_cases.ports import LoadCounts


def notes(columns: Columns, report: ImportReport, dry_run: bool = False) -> Iterator[str]:
    """Yield one sentence for each note; most imports have none."""
    for field, lines in columns.cleaned.items():
        if lines:
            yield f"The spacing of the {field} was cleaned in {counted(lines, 'line')}."
    *before, last = [field for field in NAMES if field in columns.unsaid] or [""]
    if last and report.counts.replaced:
        unsaid = f"{', '.join(before)} or {last}" if before else last
        rooms = "that would be replaced would have none" if dry_run else "that were replaced have none now"
        yield f"The listing has no column for {unsaid}: rooms {rooms}."
    if columns.prices.conversion.changes:
        yield _converted(columns.prices.conversion, report.counts, dry_run)


def _converted(conversion: Conversion, counts: LoadCounts, dry_run: bool) -> str:
    rooms = counts.added + counts.replaced + counts.unchanged + counts.skipped
    were = "would be" if dry_run else "was" if rooms == 1 else "were"
    price = counted(rooms, f"price per {conversion.given}", f"prices per {conversion.given}")
    return f"{price} {were} {conversion} and rounded."
