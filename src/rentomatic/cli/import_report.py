"""What an import tells on the command line: refused lines, columns, notes, causes of refusals, and counts."""

import csv
import shutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import click

from rentomatic.cli.errors import as_typed
from rentomatic.domain.quoting import counted, quoted
from rentomatic.domain.spreadsheet import defused
from rentomatic.listings.columns import Columns
from rentomatic.listings.notes import notes
from rentomatic.use_cases.import_rooms import ImportRefused, ImportReport, Refusal

_MAX_REFUSALS = 10
"""The most refused lines that are printed: the causes below them count all."""

_MAX_COLUMNS = 100
"""The most columns that are named as taken, or as left out."""

_WIDEST = 110
"""Characters of a line of the summary."""


@contextmanager
def refusal_writer(path: Path | None) -> Iterator[Callable[[Refusal], None]]:
    """Give a function for each refusal: it writes to the report if one is wanted."""
    if path is None:
        yield lambda refusal: None
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "column", "value", "reason"))
        yield lambda refusal: writer.writerow(_cells(refusal))


def _cells(refusal: Refusal) -> tuple[object, ...]:
    """Return cells that no spreadsheet runs as a formula: the values come from a stranger's file."""
    reason = as_typed(refusal.reason, refusal.remedy)
    return refusal.line, defused(refusal.column), defused(refusal.value), defused(reason)


@contextmanager
def refusals_printed(columns: Columns) -> Iterator[None]:
    """Print the refused lines of an import that loads nothing because of them."""
    try:
        yield
    except ImportRefused as refused:
        _print_refusals(refused.report)
        _print_columns(columns)
        _print_causes(refused.report)
        raise


def print_report(done: ImportReport, columns: Columns, dry_run: bool) -> None:
    """Print the result of an import: the counts on standard output, the rest on standard error."""
    _print_refusals(done)
    _print_columns(columns)
    for note in notes(columns, done, dry_run):
        _print_wrapped(note)
    _print_causes(done)
    would = "would be " if dry_run else ""
    counts = {**asdict(done.counts), "refused": done.refused}
    del counts["removed"]  # an import removes none
    click.echo(", ".join(f"{number:,} {would}{what}" for what, number in counts.items()) + ".")


def _print_refusals(report: ImportReport) -> None:
    lines = [*dict.fromkeys(refusal.line for refusal in report.refusals)][:_MAX_REFUSALS]
    for refusal in report.refusals:
        if refusal.line in lines:
            click.echo(f"Refused: {as_typed(str(refusal), refusal.remedy)}", err=True)
    if more := report.refused - len(lines):
        click.echo(f"… and {counted(more, 'more line')}; --report FILE lists all.", err=True)


def _print_columns(columns: Columns) -> None:
    taken = columns.header.taken
    named = {column: quoted(column) if column else "(no name)" for column in taken}
    _print_list("Columns", [_taken(named[column], field) for column, field in taken.items() if field])
    unsaid = " (--map FIELD=COLUMN takes one)" if columns.header.unsaid else ""
    _print_list(f"Left out{unsaid}", [named[column] for column, field in taken.items() if not field])


def _taken(column: str, field: str) -> str:
    return column if column == quoted(field) else f"{column} as {field}"


def _print_list(heading: str, names: list[str]) -> None:
    if names:
        more = f" and {len(names) - _MAX_COLUMNS:,} more" if len(names) > _MAX_COLUMNS else ""
        _print_wrapped(f"{heading}: {', '.join(islice(names, _MAX_COLUMNS))}{more}.")


def _print_causes(report: ImportReport) -> None:
    causes = report.causes()
    if not causes:
        return
    click.echo("Refused lines by cause:", err=True)
    width = len(f"{causes[0][1]:,}")
    for cause, lines in causes:
        _print_wrapped(as_typed(f"{lines:{width},} × {cause}", cause.remedy), indent="  ")


def _print_wrapped(text: str, indent: str = "") -> None:
    width = min(shutil.get_terminal_size().columns, _WIDEST)
    wrapped = textwrap.fill(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo(wrapped, err=True)
