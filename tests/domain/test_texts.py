"""What is allowed in texts, whichever way it is found out."""

import re

from hypothesis import given
from hypothesis import strategies as st

from rentomatic.domain.texts import LINE_PATTERN, Line, Lines

ASCII = st.text(st.sampled_from("aZ9 ~!\n\t\x00\x1f\x7f") | st.characters(max_codepoint=127), max_size=12)


@given(ASCII)
def test_a_text_in_ascii_is_a_line_if_it_has_the_pattern_of_lines(text: str) -> None:
    assert bool(re.fullmatch(LINE_PATTERN, text)) == (Line(12).problem(text) is None)


@given(ASCII)
def test_lines_in_ascii_have_the_pattern_each(text: str) -> None:
    lines = text.split("\n")
    allowed = lines[0] and lines[-1] and all(re.fullmatch(LINE_PATTERN, line) for line in lines if line)

    assert bool(allowed) == (Lines(12).problem(text) is None)
