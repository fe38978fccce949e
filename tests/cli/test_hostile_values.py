"""Typed text and text in listings is quoted exactly: no escape sequences reach the terminal."""

import pytest

from rentomatic.domain.quoting import is_hidden
from tests.cli.conftest import CommandLine

HOSTILE = ("Família", "it's", "C:\\dir", "\x1b[31mred\x1b]0;title\x07", "a\u202eb", "\u200ea", "\x9b31m")
SEARCHES = (
    *("price__lt={}", "code__eq={}", "{}__lt=5", "{}"),
    *("--near={}", "--radius={}", "--bbox={}", "--sort={}", "--limit={}", "--cursor={}"),
)
IMPORTS = ("--map={}", "--map=price={}", "--encoding={}")


@pytest.mark.parametrize("text", HOSTILE)
def test_parameters_are_quoted_as_typed(rentomatic: CommandLine, text: str) -> None:
    for argument in SEARCHES:
        assert_clean(rentomatic("search", argument.format(text)).err, text)
    for argument in IMPORTS:
        listing = b"code,price,latitude,longitude\n"
        assert_clean(rentomatic("import", "-", argument.format(text), stdin=listing).err, text)
    assert_clean(rentomatic("show", text).err, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_values_of_a_listing_are_quoted_as_they_are(rentomatic: CommandLine, text: str) -> None:
    listing = f"code,price,latitude,longitude,{text}\na1,{text},51,0,x\n{text},5,51,0,x\na2,{text}\n"
    done = rentomatic("import", "-", stdin=listing.encode())

    assert "price '" in done.err
    assert_clean(done.err, text)


@pytest.mark.parametrize("text", HOSTILE)
def test_columns_of_a_listing_are_quoted_as_they_are(rentomatic: CommandLine, text: str) -> None:
    done = rentomatic("import", "-", stdin=f"{text},price\n1,2\n".encode())

    assert "no column for" in done.err
    assert_clean(done.err, text)


@pytest.mark.parametrize("option", ["--format={}", "--{}", "--on-conflict={}"])
def test_options_send_no_escapes_to_the_terminal(rentomatic: CommandLine, option: str) -> None:
    done = rentomatic("import", "-", option.format("\x1b[31mred\u202e"))

    assert not [sign for sign in done.err if is_hidden(sign) and sign != "\n"]


def assert_clean(told: str, text: str) -> None:
    assert told
    assert not [sign for sign in told if is_hidden(sign) and sign != "\n"], told
    assert "\\x" not in told, told
    assert "\\u" not in told, told
    assert "\\\\" not in told, told
    assert ', not "' not in told, told
