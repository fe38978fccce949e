"""The command `export`."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from pathlib import Path
from typing import IO, cast

import click

from rentomatic.cli.confirm import confirm_overwriting, yes_option
from rentomatic.cli.options import as_option, fields_option, parameters, repository, search_options
from rentomatic.domain.fields import MEMBERS
from rentomatic.domain.search import SORTS
from rentomatic.requests.search import MATCH_PARAMETERS, Format, parse_search
from rentomatic.serializers.formats import WRITERS
from rentomatic.settings import read_settings
from rentomatic.use_cases.export_rooms import export_rooms

_FORMATS_BY_SUFFIX = {**{str(name): name for name in Format}, "jsonl": Format.NDJSON}


@click.command
@search_options
@click.option("--sort", metavar="ORDER", help=f"One of {', '.join(SORTS)}.")
@fields_option
@click.option(
    "--format",
    "format_",
    type=click.Choice([str(name) for name in Format]),
    help="Default: by the name of the file, else csv.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write, compressed if it ends in .gz. Default, or -: standard output.",
)
@yes_option
def export(
    conditions: tuple[str, ...],
    q: str | None,
    near: str | None,
    radius: str | None,
    bbox: str | None,
    sort: str | None,
    fields: str | None,
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
    given = parameters(conditions, q=q, near=near, radius=radius, bbox=bbox, sort=sort, fields=fields)
    wanted = parse_search(given, (*MATCH_PARAMETERS, "sort", "fields"), as_option)
    settings = read_settings(os.environ)
    output = None if output == Path("-") else output
    if format_ is None:
        suffix = Path(str(output or "").removesuffix(".gz")).suffix.removeprefix(".")
        format_ = _FORMATS_BY_SUFFIX.get(suffix, Format.CSV)
    if output:
        confirm_overwriting(output, settings.database, yes=yes)
    with repository(settings) as rooms, export_rooms(rooms, wanted.query) as found, _written(output) as file:
        file.writelines(WRITERS[Format(format_)].write(found, wanted.query.near, wanted.members or MEMBERS))


def _opened(path: Path, named: Path | None = None) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise click.FileError(str(named or path), error.strerror) from error


@contextmanager
def _written(path: Path | None) -> Iterator[IO[bytes]]:
    """Give a file that gets its name only when complete; standard output without a path."""
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = path.resolve()  # so that a symbolic link is kept
    if path.exists() and not path.is_file():  # a pipe or a device is not replaced
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
