"""The command `make-key`."""

import json
import sys

import click

from rentomatic.settings import ApiKey, Scope, digest_of, new_key
from rentomatic.settings.keys import label as valid_label


def _label(context: click.Context, argument: click.Parameter, text: str) -> str:
    try:
        return valid_label(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command("make-key")
@click.argument("label", callback=_label)
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([str(scope) for scope in Scope]),
    multiple=True,
    required=True,
    help="What the key allows: writing single rooms, or importing listings. May be repeated.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
def make_key(label: str, scopes: tuple[str, ...], format_: str) -> None:
    """Make a key for writing over HTTP. LABEL is its name in the log.

    The key is shown only once, on standard error. Standard output gets its entry for RENTOMATIC_API_KEYS,
    or for the file that RENTOMATIC_API_KEYS_FILE names (one entry per line): the label, the scopes and
    the SHA-256 of the key. With --format json the key itself is on standard output as well. A server
    accepts the key after its next start.

    \b
    Examples:
      rentomatic make-key partner --scope write >> api-keys
      rentomatic make-key staff --scope write --scope import --format json
    """
    key = new_key()
    made = ApiKey(label, frozenset(map(Scope, scopes)), digest_of(key))
    if format_ == "json":
        shown = {"label": label, "scopes": made.allowed, "key": key, "entry": made.entry}
        click.echo(json.dumps(shown))
        return
    click.echo(f"The key of {label}, which is not shown again:\n\n    {key}\n", err=True)
    if sys.stdout.isatty():
        click.echo("Its entry for RENTOMATIC_API_KEYS, or the file of RENTOMATIC_API_KEYS_FILE:", err=True)
    click.echo(made.entry)
