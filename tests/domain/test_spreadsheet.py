"""No cell runs as a formula, and reading a cell exactly undoes writing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.spreadsheet import defused, has_lost_digits, is_placeholder, restored

TEXTS = st.text() | st.text("'=+-@\t\r\n＝＋－＠ab", max_size=6)


@given(TEXTS)
def test_reading_a_cell_undoes_what_writing_it_did(text: str) -> None:
    assert text == restored(defused(text))


@given(TEXTS)
def test_no_cell_looks_like_a_formula(text: str) -> None:
    assert not defused(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@given(st.sampled_from(["N/A", "none", "—", "?", "k.A."]), st.text("' ", max_size=3))
def test_no_cell_looks_like_a_placeholder_and_reading_undoes_that_too(text: str, before: str) -> None:
    cell = defused(before + text)

    assert not is_placeholder(cell)
    assert before + text == restored(cell)


@pytest.mark.parametrize("text", ["5.01E+17", "5,01E+17", "5E+17", "5.01E17", "5.01e17", "1.0E+018"])
def test_a_number_in_scientific_notation_has_lost_digits(text: str) -> None:
    assert has_lost_digits(text)


@pytest.mark.parametrize(
    "text", ["5E17", "12.5E17", "A5.01E17", "5.01", "5.01E-7", "1.2.E5", "room-1E+5", ""]
)
def test_a_code_is_no_number_in_scientific_notation(text: str) -> None:
    assert not has_lost_digits(text)


@pytest.mark.parametrize("text", ["Quiet", "'tis quiet", "1+1", "", "a=b"])
def test_other_texts_are_unchanged(text: str) -> None:
    assert text == defused(text) == restored(text)
