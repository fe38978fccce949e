"""The command `sample`."""

import sys

import click

from rentomatic.domain.fields import MEMBERS
from rentomatic.requests.search import Format
from rentomatic.sample_rooms import SAMPLE_SIZE, sample_rooms
from rentomatic.serializers.formats import WRITERS


@click.command
@click.option("--count", type=click.IntRange(0), default=SAMPLE_SIZE, show_default=True, help="How many.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([str(name) for name in Format]),
    default=str(Format.CSV),
    show_default=True,
)
def sample(count: int, format_: str) -> None:
    """Write made-up rooms around London, the same on every machine.

    \b
    Examples:
      rentomatic sample | rentomatic import -
      rentomatic sample --count 1000000 > million.csv
    """
    sys.stdout.buffer.writelines(WRITERS[Format(format_)].write(sample_rooms(count), None, MEMBERS))
    sys.stdout.buffer.flush()
