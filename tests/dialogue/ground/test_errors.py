"""A problem is one line, whatever names are in it, and nothing is spelt out twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.errors import Problem, quoted


@pytest.mark.parametrize(
    "name, told",
    [
        ("a b.wav", "'a b.wav'"),
        ("it's.wav", '"it\'s.wav"'),
        ("back\\slash.wav", "'back\\slash.wav'"),
        ("two\nlines.wav", "'two\\nlines.wav'"),
        ("\x1b[2J.wav", "'\\x1b[2J.wav'"),
        ("\udcff.wav", "'\\udcff.wav'"),
        ("Zoë 你好.wav", "'Zoë 你好.wav'"),
        ("[bold].wav", "'[bold].wav'"),
    ],
)
def test_names_are_spelt_out_once(name: str, told: str) -> None:
    assert str(Problem(f"no file {quoted(name)}")) == f"error: no file {told}"
    assert str(Problem("is no file", name)) == f"{told[1:-1]}: error: is no file"


@given(st.text(), st.text(), st.text())
def test_a_problem_is_one_line_that_can_be_printed(message: str, file: str, hint: str) -> None:
    assert str(Problem(message, file, 1, 2, hint)).isprintable()


def test_a_note_is_no_warning() -> None:
    assert str(Problem("found", severity="note")) == "note: found"
