"""The command `import`."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from rentomatic.bootstrap import open_repository, trial
from rentomatic.cli.confirm import announce, confirm_overwriting, is_same_file, yes_option
from rentomatic.cli.errors import DONE, FAILED, as_typed
from rentomatic.cli.options import repository
from rentomatic.domain.fields import NAMES
from rentomatic.domain.prices import Per
from rentomatic.domain.quoting import counted, quoted
from rentomatic.domain.room import Room
from rentomatic.domain.spreadsheet import defused
from rentomatic.listings import formats
from rentomatic.listings.amounts import Decimal
from rentomatic.listings.columns import Columns
from rentomatic.listings.notes import notes
from rentomatic.listings.source import Source, open_listing
from rentomatic.settings import read_settings
from rentomatic.use_cases.import_rooms import ImportRefused, ImportReport, Refusal, import_rooms
from rentomatic.use_cases.ports import OnConflict


def _mapping(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for value in values:
        field, equals, column = value.partition("=")
        if not equals or field not in NAMES:
            raise click.BadParameter(f"{quoted(value)} is not FIELD=COLUMN, FIELD one of {', '.join(NAMES)}")
        mapping[field] = column
    return mapping


def _encoding(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name is None:
        return None
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        raise click.BadParameter(f"{quoted(name)} is not a known encoding") from None
    return name


@click.command("import")
@click.argument("file")
@click.option(
    "--map",
    "mapping",
    multiple=True,
    callback=_mapping,
    metavar="FIELD=COLUMN",
    help=f"The column of a field ({', '.join(NAMES)}), empty for no column; may be repeated.",
)
@click.option(
    "--encoding", callback=_encoding, help="Encoding of the file, such as windows-1252. Default: UTF-8."
)
@click.option(
    "--decimal",
    type=click.Choice([str(mark) for mark in Decimal]),
    help="The decimal separator, for ambiguous prices such as 1,200.",
)
@click.option("--format", "format_", type=click.Choice(list(formats.READERS)), help="Default: detected.")
@click.option(
    "--on-conflict",
    type=click.Choice([str(way) for way in OnConflict]),
    default=str(OnConflict.REPLACE),
    show_default=True,
    help="What to do if a room with the same code exists and differs.",
)
@click.option("--round", "rounded", is_flag=True, help="Round prices and sizes that have a fraction.")
@click.option(
    "--price-per",
    type=click.Choice([str(per) for per in Per]),
    help="The period of the prices in the file, if it differs from that of the rooms: they are converted "
    "(a month counts 30 days) and rounded.",
)
@click.option("--strict", is_flag=True, help="Load nothing if a single line is refused.")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every refused line to this CSV file.",
)
@yes_option
def import_(
    file: str,
    mapping: dict[str, str],
    encoding: str | None,
    decimal: Decimal | None,
    format_: str | None,
    on_conflict: OnConflict,
    rounded: bool,
    price_per: str | None,
    strict: bool,
    dry_run: bool,
    report: Path | None,
    yes: bool,
) -> int:
    """Load a listing: CSV (comma, semicolon, tab or bar) or NDJSON, plain or .gz, `-` for stdin.

    Columns with common names are recognised (code or id, price, size, latitude or lat, longitude or
    lng …); name others with --map. Lines that are not valid rooms are reported with the reason, the
    rest is loaded in one transaction, and the exit code is 1. Rooms with the same code are replaced
    without asking, others stay: see --on-conflict and --dry-run.

    \b
    Examples:
      rentomatic import rooms.csv
      rentomatic import liste.csv --encoding cp1252 --map code=Nummer --map size=Fläche --map price=Preis
      zcat rooms.ndjson.gz | rentomatic import - --dry-run
    """
    if report and is_same_file(report, Path(file)):
        raise click.UsageError("--report would overwrite the listing")
    settings = read_settings(os.environ)
    if report:
        confirm_overwriting(report, settings.database, yes=yes)
    announce(settings)
    columns = Columns(
        mapping,
        Decimal(decimal) if decimal else None,
        rounded,
        settings.prices,
        Per(price_per) if price_per else None,
    )
    with (
        open_listing(file, encoding) as source,
        _progress(file, source) as advance,
        _refusal_writer(report) as on_refusal,
        _refusals_printed(),
        # Before the storage is opened, which creates a missing one: not for a file that is no listing.
        _begun(advance(formats.read(source.lines, columns, format_, file))) as lines,
        trial(settings) if dry_run else nullcontext(settings) as used,
        repository(used, open_repository) as rooms,
    ):
        done = import_rooms(
            rooms,
            lines,
            on_conflict=OnConflict(on_conflict),
            strict=strict,
            dry_run=dry_run,
            on_refusal=on_refusal,
        )
    if "size" in columns.unsaid and "size" not in mapping:
        click.echo("No column for the size was found. If there is one, name it: --map size=COLUMN.", err=True)
    _print_report(done, columns, dry_run)
    return FAILED if done.refused else DONE


@contextmanager
def _begun(lines: Iterator[Room | Refusal]) -> Iterator[Iterator[Room | Refusal]]:
    """Give the lines, the first of which has been read. Raises ListingError if they are no listing."""
    first = list(islice(lines, 1))
    yield chain(first, lines)


Advance = Callable[[Iterator[Room | Refusal]], Iterator[Room | Refusal]]


@contextmanager
def _progress(file: str, source: Source) -> Iterator[Advance]:
    """Show a progress bar that follows the bytes of the file, if there is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal or file == "-":
        yield lambda lines: lines
        return
    size = Path(file).stat().st_size
    bar = Progress(
        BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn(), console=console
    )
    with bar:
        task = bar.add_task("", total=size)

        def advance(lines: Iterator[Room | Refusal]) -> Iterator[Room | Refusal]:
            for number, line in enumerate(lines):
                if number % 1000 == 0:
                    bar.update(task, completed=source.bytes_read())
                yield line
            bar.update(task, completed=size)

        yield advance


@contextmanager
def _refusal_writer(path: Path | None) -> Iterator[Callable[[Refusal], None]]:
    """Give a function for each refused line: it writes to the report if one is wanted."""
    if path is None:
        yield lambda refusal: None
        return
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "column", "value", "reason"))
        yield lambda refusal: writer.writerow(_defused(_cells(refusal)))


def _cells(refusal: Refusal) -> tuple[object, ...]:
    return refusal.line, refusal.column, refusal.value, as_typed(refusal.reason, refusal.remedy)


def _defused(cells: tuple[object, ...]) -> list[object]:
    """Return cells that no spreadsheet runs as a formula: the values come from a stranger's file."""
    return [defused(cell) if isinstance(cell, str) else cell for cell in cells]


@contextmanager
def _refusals_printed() -> Iterator[None]:
    """Print the refused lines of an import that loads nothing because of them."""
    try:
        yield
    except ImportRefused as refused:
        _print_refusals(refused.report)
        raise


def _print_report(done: ImportReport, columns: Columns, dry_run: bool) -> None:
    _print_refusals(done)
    would = "would be " if dry_run else ""
    counts = {**asdict(done.counts), "refused": done.refused}
    del counts["removed"]  # an import removes none
    click.echo(", ".join(f"{number:,} {would}{what}" for what, number in counts.items()) + ".")
    for note in notes(columns, done, dry_run):
        click.echo(note, err=True)


def _print_refusals(report: ImportReport) -> None:
    for refusal in report.refusals:
        click.echo(f"Refused: {as_typed(str(refusal), refusal.remedy)}", err=True)
    if report.refused > len(report.refusals):
        click.echo(f"… and {counted(report.refused - len(report.refusals), 'more line')}.", err=True)
