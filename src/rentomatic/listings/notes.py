"""What people should know of an import beside its counts."""

from collections.abc import Iterator

from rentomatic.domain.fields import NAMES
from rentomatic.domain.quoting import counted
from rentomatic.listings.columns import Columns
from rentomatic.use_cases.import_rooms import ImportReport


def notes(columns: Columns, report: ImportReport, dry_run: bool = False) -> Iterator[str]:
    """Yield a sentence for each of them; most imports have none."""
    for field, lines in columns.cleaned.items():
        if lines:
            yield f"The spacing of the {field} was cleaned in {counted(lines, 'line')}."
    unsaid = [f"the {field}" for field in NAMES if field in columns.unsaid]
    if unsaid and report.counts.replaced:
        rooms = "that would be replaced would have none" if dry_run else "that were replaced have none now"
        yield f"The listing has no column for {' or '.join(unsaid)}: rooms {rooms}."
