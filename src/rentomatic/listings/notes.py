"""Notes on an import for people, in addition to its counts."""

from collections.abc import Callable, Iterator

from rentomatic.domain.fields import NAMES
from rentomatic.domain.prices import Conversion
from rentomatic.domain.quoting import counted
from rentomatic.listings.codes import MAX_CODES
from rentomatic.listings.columns import Columns
from rentomatic.use_cases.import_rooms import ImportReport
from rentomatic.use_cases.ports import LoadCounts


def notes(
    columns: Columns, report: ImportReport, dry_run: bool = False, label: Callable[[str], str] = str
) -> Iterator[str]:
    """Yield the notes, a line each. label: gives what readers call a field."""
    unsaid = ", ".join(label(field) for field in NAMES if field in columns.header.unsaid)
    if unsaid:
        yield f"Not in this file: {unsaid}.{_lost(report.counts.replaced, dry_run)}"
    for field, lines in columns.cleaned.items():
        if lines:
            yield f"The spacing of the {label(field)} was cleaned in {counted(lines, 'line')}."
    for field, lines in columns.separators.items():
        if lines:
            yield f"Commas and semicolons within the {label(field)} were removed in {counted(lines, 'line')}."
    for field, lines in columns.placeholders.items():
        yield f"The {label(field)} is N/A or the like in {counted(lines, 'line')}: taken as unstated."
    if columns.sizes.converted:
        were = "would be" if dry_run else "was" if columns.sizes.converted == 1 else "were"
        sizes = counted(columns.sizes.converted, "size in square feet", "sizes in square feet")
        yield f"{sizes} {were} multiplied by 0.09290304 and rounded to m²."
    if columns.codes.full:
        yield f"Only the first {MAX_CODES:,} codes were checked for coming twice."
    if columns.prices.conversion.changes:
        yield _converted(columns.prices.conversion, report.counts, dry_run)


def _lost(replaced: int, dry_run: bool) -> str:
    """Say that rooms are replaced as a whole. What they stated before is not known here."""
    if not replaced:
        return ""
    return f" What replaced rooms {'say of it would be' if dry_run else 'said of it is'} gone."


def _converted(conversion: Conversion, counts: LoadCounts, dry_run: bool) -> str:
    rooms = counts.added + counts.replaced + counts.unchanged + counts.skipped
    were = "would be" if dry_run else "was" if rooms == 1 else "were"
    price = counted(rooms, f"price per {conversion.given}", f"prices per {conversion.given}")
    return f"{price} {were} {conversion} and rounded."
