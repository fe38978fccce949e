import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.quoting import quoted, shortened, visible, without_hidden


@pytest.mark.parametrize(
    "text", ["Família", "²", "٥", "it's", 'a "b"', "C:\\new", "👩\u200d💻", "می\u200cخواهم", ""]
)
def test_text_is_quoted_as_typed(text: str) -> None:
    assert f"'{text}'" == quoted(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "<U+001B>[31mred"),
        ("5\r\n0", "5<U+000D><U+000A>0"),
        ("\x00\x7f\x9b", "<U+0000><U+007F><U+009B>"),
        ("a\u202eb\u202c", "a<U+202E>b<U+202C>"),
        ("\u2066a\u2069", "<U+2066>a<U+2069>"),
        ("\u200e5\u200f\u061c", "<U+200E>5<U+200F><U+061C>"),
        ("6\u200b0\ufeff", "6<U+200B>0<U+FEFF>"),
        ("a\u2028b\u2029", "a<U+2028>b<U+2029>"),
        ("\ud800", "<U+D800>"),
        ("\U000e0041", "<U+E0041>"),
    ],
)
def test_hidden_characters_are_spelled_out_or_left_out(text: str, shown: str) -> None:
    assert shown == visible(text)
    assert not set(without_hidden(text)) - set(text)
    assert without_hidden(text) == visible(without_hidden(text))


def test_long_text_is_shortened() -> None:
    assert "'" + "9" * 39 + "…'" == quoted("9" * 5000)
    assert "9" * 40 == shortened("9" * 40)


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_shown_on_one_line_and_can_be_encoded(text: str) -> None:
    shown = quoted(text)

    assert 1 == len(shown.splitlines())
    assert shown.encode()
    assert len(shown) <= 2 + 40 * len("<U+10FFFF>")
