"""Commands that move many rooms: import and export."""

import csv
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from gzip import GzipFile
from pathlib import Path
from typing import IO, cast

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from rentomatic.cli.confirm import announced_settings, confirm_overwriting, yes_option
from rentomatic.cli.errors import DONE, FAILED, as_typed
from rentomatic.cli.options import as_option, parameters, repository, search_options
from rentomatic.domain.quoting import quoted
from rentomatic.domain.room import Room
from rentomatic.domain.search import SORTS
from rentomatic.listings import formats
from rentomatic.listings.amounts import Decimal
from rentomatic.listings.columns import USUAL_NAMES, Columns
from rentomatic.listings.source import Source, open_listing
from rentomatic.requests.search import AREA_PARAMETERS, Format, parse_search
from rentomatic.serializers.formats import WRITERS
from rentomatic.use_cases.export_rooms import export_rooms
from rentomatic.use_cases.import_rooms import ImportRefused, ImportReport, Refusal, import_rooms
from rentomatic.use_cases.ports import OnConflict

_FORMATS_BY_SUFFIX = {**{str(notation): notation for notation in Format}, "jsonl": Format.NDJSON}


def _mapping(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    mapping = {}
    for value in values:
        field, equals, column = value.partition("=")
        if not equals or field not in USUAL_NAMES:
            raise click.BadParameter(
                f"{quoted(value)} is not FIELD=COLUMN, FIELD one of {', '.join(USUAL_NAMES)}"
            )
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
    help="The column of code, size, price, latitude or longitude; may be repeated.",
)
@click.option("--encoding", callback=_encoding, help="Of the text, such as windows-1252; UTF-8 unless given.")
@click.option(
    "--decimal",
    type=click.Choice([str(mark) for mark in Decimal]),
    help="The character before a fraction, where prices like 1,200 leave it open.",
)
@click.option("--format", "format_", type=click.Choice(list(formats.READERS)), help="Found out unless given.")
@click.option(
    "--on-conflict",
    type=click.Choice([str(way) for way in OnConflict]),
    default=str(OnConflict.REPLACE),
    show_default=True,
    help="What to do with a room whose code is taken.",
)
@click.option("--round", "rounded", is_flag=True, help="Round prices and sizes with a fraction.")
@click.option("--strict", is_flag=True, help="Load nothing if a single line is refused.")
@click.option("--dry-run", is_flag=True, help="Tell what would change and change nothing.")
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
    strict: bool,
    dry_run: bool,
    report: Path | None,
    yes: bool,
) -> int:
    """Load a listing: CSV (comma, semicolon, tab or bar) or NDJSON, plain or .gz, `-` for stdin.

    Columns with usual names are found by themselves (code or id, price, size, latitude or lat,
    longitude or lng …), others by --map. Lines that make no room are listed with the reason, the
    rest is loaded in one step, and the exit code is 1. Rooms of the same code are replaced without
    asking, others stay: see --on-conflict and --dry-run.

    \b
    Examples:
      rentomatic import rooms.csv
      rentomatic import liste.csv --encoding cp1252 --map code=Nummer --map size=Fläche --map price=Preis
      zcat rooms.ndjson.gz | rentomatic import - --dry-run
    """
    if report and report.exists() and Path(file).exists() and report.samefile(file):
        raise click.UsageError("--report would overwrite the listing itself")
    if report:
        confirm_overwriting(report, yes=yes)
    settings = announced_settings()
    columns = Columns(mapping, Decimal(decimal) if decimal else None, rounded)
    with (
        open_listing(file, encoding) as source,
        repository(settings) as rooms,
        _progress(file, source) as advance,
        _refusal_writer(report) as on_refusal,
    ):
        try:
            done = import_rooms(
                rooms,
                advance(formats.read(source.lines, columns, format_, file)),
                on_conflict=OnConflict(on_conflict),
                strict=strict,
                dry_run=dry_run,
                on_refusal=on_refusal,
            )
        except ImportRefused as refused:
            _print_refusals(refused.report)
            raise
    if "size" not in columns.found:
        click.echo("No column says the size; if one does, name it: --map size=COLUMN.", err=True)
    _print_report(done, dry_run)
    return FAILED if done.refused else DONE


Advance = Callable[[Iterator[Room | Refusal]], Iterator[Room | Refusal]]


@contextmanager
def _progress(file: str, source: Source) -> Iterator[Advance]:
    """A bar on the terminal that moves with the bytes of the file; nothing where there is none."""
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
    """What is to be done with each refused line: written to the report where one is wanted."""
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
    """Cells that no spreadsheet runs as a formula: the values come from a stranger's file."""
    return [
        f"'{cell}" if str(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else cell for cell in cells
    ]


def _print_report(done: ImportReport, dry_run: bool) -> None:
    _print_refusals(done)
    would = "would be " if dry_run else ""
    counts = {**asdict(done.counts), "refused": done.refused}
    del counts["removed"]  # an import removes none
    click.echo(", ".join(f"{number:,} {would}{what}" for what, number in counts.items()) + ".")


def _print_refusals(report: ImportReport) -> None:
    for refusal in report.refusals:
        click.echo(f"Refused: {as_typed(str(refusal), refusal.remedy)}", err=True)
    if report.refused > len(report.refusals):
        click.echo(f"… and {report.refused - len(report.refusals):,} more lines.", err=True)


@click.command
@search_options
@click.option("--sort", metavar="ORDER", help=f"One of {', '.join(SORTS)}.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([str(notation) for notation in Format]),
    help="By the name of the file, else csv.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, compressed if it ends in .gz; standard output unless given, or -.",
)
@yes_option
def export(
    conditions: tuple[str, ...],
    near: str | None,
    radius: str | None,
    bbox: str | None,
    sort: str | None,
    format_: str | None,
    output: Path | None,
    yes: bool,
) -> None:
    """Write every room that matches, of one moment, as CSV, NDJSON, JSON or GeoJSON.

    \b
    Examples:
      rentomatic export -o all.csv
      rentomatic export price__lt=60 --sort price --format ndjson | head
      rentomatic export --bbox -0.2,51.4,0.1,51.6 -o rooms.geojson.gz
    """
    given = parameters(conditions, near=near, radius=radius, bbox=bbox, sort=sort)
    query = parse_search(given, (*AREA_PARAMETERS, "sort"), as_option).query
    if format_ is None:
        suffix = Path(str(output or "").removesuffix(".gz")).suffix.removeprefix(".")
        format_ = _FORMATS_BY_SUFFIX.get(suffix, Format.CSV)
    if output:
        confirm_overwriting(output, yes=yes)
    with repository() as rooms, export_rooms(rooms, query) as found, _written(output) as file:
        file.writelines(WRITERS[Format(format_)].write(found, query.near))


def _opened(path: Path, named: Path | None = None) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise click.FileError(str(named or path), error.strerror) from error


@contextmanager
def _written(path: Path | None) -> Iterator[IO[bytes]]:
    """A file that takes its name only when it is whole; standard output without a path."""
    if path is None or str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = path.resolve()  # a symbolic link stays one
    if path.exists() and not path.is_file():  # a pipe or a device keeps its place
        with _opened(path) as file:
            yield file
        return
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    raw = _opened(unfinished, named=path)
    try:
        with raw:
            if path.suffix == ".gz":
                with GzipFile(filename="", mode="wb", fileobj=raw) as file:
                    yield cast(IO[bytes], file)
            else:
                yield raw
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
