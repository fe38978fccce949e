"""The command `import`."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from rentomatic.bootstrap import open_repository, trial
from rentomatic.cli.confirm import announce, confirm_overwriting, is_same_file, yes_option
from rentomatic.cli.errors import DONE, FAILED
from rentomatic.cli.import_report import print_report, refusal_writer, refusals_printed
from rentomatic.cli.options import repository
from rentomatic.domain.prices import Per
from rentomatic.domain.quoting import quoted
from rentomatic.domain.room import Room
from rentomatic.listings import formats
from rentomatic.listings.amounts import Decimal
from rentomatic.listings.columns import columns_of
from rentomatic.listings.source import Source, open_listing
from rentomatic.requests.listing import MAPPED, ImportRequest, add_mapping
from rentomatic.settings import read_settings
from rentomatic.use_cases.import_rooms import Refusal, import_rooms
from rentomatic.use_cases.ports import OnConflict


def _mapping(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    mapping: dict[str, str] = {}
    for value in values:
        try:
            add_mapping(mapping, value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
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
    help=f"The column of a field ({', '.join(MAPPED)}), empty for no column; may be repeated.",
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
    callback=lambda context, option, way: OnConflict(way),
    show_default=True,
    help="What to do if a room with the same code exists and differs.",
)
@click.option("--round", "rounded", is_flag=True, help="Round prices and sizes that have a fraction.")
@click.option(
    "--price-per",
    type=click.Choice([str(per) for per in Per]),
    callback=lambda context, option, per: Per(per) if per else None,
    help="The period of the prices in the file, if it differs from that of the rooms: they are converted "
    "(a month counts 30 days) and rounded.",
)
@click.option("--strict", "atomic", is_flag=True, help="Load nothing if a single line is refused.")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every refused line to this CSV file.",
)
@yes_option
def import_(
    file: str, encoding: str | None, format_: str | None, report: Path | None, yes: bool, **wanted: Any
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
    how = ImportRequest(**wanted)
    columns = columns_of(how, settings.prices)
    with (
        open_listing(file, encoding) as source,
        _progress(file, source) as advance,
        refusal_writer(report) as on_refusal,
        refusals_printed(columns),
        # Before the storage is opened, which creates a missing one: not for a file that is no listing.
        _begun(advance(formats.read(source.lines, columns, format_, file))) as lines,
        trial(settings) if how.dry_run else nullcontext(settings) as used,
        repository(used, open_repository) as rooms,
    ):
        done = import_rooms(
            rooms,
            lines,
            on_conflict=how.on_conflict,
            strict=how.atomic,
            dry_run=how.dry_run,
            on_refusal=on_refusal,
        )
    print_report(done, columns, how.dry_run)
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
