"""No cell runs as a formula, and reading a cell exactly undoes writing it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.spreadsheet import defused, restored

TEXTS = st.text() | st.text("'=+-@\t\r\n＝＋－＠ab", max_size=6)


@given(TEXTS)
def test_reading_a_cell_undoes_what_writing_it_did(text: str) -> None:
    assert text == restored(defused(text))


@given(TEXTS)
def test_no_cell_looks_like_a_formula(text: str) -> None:
    assert not defused(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize("text", ["Quiet", "'tis quiet", "1+1", "", "a=b"])
def test_other_texts_are_unchanged(text: str) -> None:
    assert text == defused(text) == restored(text)
