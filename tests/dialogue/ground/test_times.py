"""Times as written: every form, every refusal, and there and back."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.times import LONGEST, format_time, parse_signed_time, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2.4", 2.4),
        ("0", 0.0),
        ("2.", 2.0),
        (".5", 0.5),
        (" 7 ", 7.0),
        ("1:23", 83.0),
        ("1:23.5", 83.5),
        ("0:00.001", 0.001),
        ("90:00", 5400.0),
        ("1:02:03", 3723.0),
        ("1:02:03.250", 3723.25),
        ("100:00:00", 360000.0),
    ],
)
def test_every_form_of_a_time(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("soon", "1:23.5"),
        ("2,4", "point"),
        ("1:23,5", "point"),
        ("2.4s", "unit"),
        ("3 min", "unit"),
        ("1:75", "00 to 59"),
        ("1:2", "1:23.5"),
        ("1:60:00", "00 to 59"),
        ("1:2:03", "00 to 59"),
        ("-1", "negative"),
        ("", "2.4"),
        (".", "2.4"),
        ("1e3", "2.4"),
        ("nan", "2.4"),
        ("inf", "2.4"),
        ("1_000", "2.4"),
        ("100:00:01", "100 hours"),
        ("9" * 12, "100 hours"),
        ("9" * 400, "2.4"),
        ("٣", "2.4"),
    ],
)
def test_what_is_no_time_is_refused_with_advice(text: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_time(text)


def test_only_an_offset_has_a_sign() -> None:
    assert parse_signed_time("-0.3") == -0.3
    assert parse_signed_time("+1:00") == 60.0
    with pytest.raises(ValueError, match="negative"):
        parse_signed_time("--1")


@given(st.integers(0, LONGEST * 1000))
def test_milliseconds_survive_writing_and_reading(milliseconds: int) -> None:
    assert parse_time(format_time(milliseconds / 1000)) == float(Fraction(milliseconds, 1000))


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_a_clock_is_its_sum(hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    expected = float(Fraction(hours * 3600 + minutes * 60 + seconds) + Fraction(milliseconds, 1000))
    assert parse_time(f"{hours}:{minutes:02d}:{seconds:02d}.{milliseconds:03d}") == expected
    assert parse_time(f"{hours * 60 + minutes}:{seconds:02d}.{milliseconds:03d}") == expected


@given(st.text(max_size=20))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        seconds = parse_time(text)
    except ValueError as error:
        assert str(error)
    else:
        assert 0 <= seconds <= LONGEST


def test_formatting_refuses_what_is_before_the_start() -> None:
    with pytest.raises(ValueError, match="-1"):
        format_time(-1)
