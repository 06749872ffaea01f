"""Phones to shapes: lips close on m and touch the teeth on f, vowels open with loudness; no phones, no shapes."""

from __future__ import annotations

import numpy as np
import pytest

from dialogue.generators.animatic.mouth_shapes import SHAPES
from dialogue.generators.animatic.phones import SHAPE_OF, Spoken, shapes_of, spoken

LOUD = np.ones(25, np.float32)


def test_words_hold_their_phones_with_starts() -> None:
    found = spoken([("M:0.10 AE1:0.20 P:0.38", 0.45), (None, 0.6), ("F:0.70", 0.8)])
    assert found == [
        Spoken("M", 0.10, 0.20), Spoken("AE", 0.20, 0.38), Spoken("P", 0.38, 0.45), Spoken("F", 0.70, 0.8),
    ]  # fmt: skip


def test_every_phone_is_one_of_the_shapes() -> None:
    assert {name for shape in SHAPE_OF.values() for name in shape} <= set(SHAPES)
    assert all(0 < sum(shape.values()) <= 1 for shape in SHAPE_OF.values()) and len(SHAPE_OF) == 39


def test_lips_meet_on_m_and_vowels_open_between() -> None:
    curves = shapes_of([Spoken("M", 0.2, 0.32), Spoken("AA", 0.32, 0.6), Spoken("F", 0.6, 0.72)], 0, 25, 25.0, LOUD)
    assert curves["closed"][6] > 0.9 and curves["open"][6] < 0.2
    assert curves["open"][11] > 0.9 and curves["closed"][11] < 0.05
    assert curves["teeth on lip"][16] > 0.9
    assert curves[""][11] == pytest.approx(1, abs=0.01) and curves[""][22] == 0
    total = sum(curve for name, curve in curves.items() if name)
    assert float(np.max(total)) <= 1.2


def test_a_faint_vowel_opens_less_and_a_closure_does_not() -> None:
    phones = [Spoken("AA", 0.2, 0.5), Spoken("B", 0.5, 0.6)]
    loud, faint = (shapes_of(phones, 0, 25, 25.0, level * LOUD) for level in (1.0, 0.05))
    assert faint["open"].max() < 0.6 * loud["open"].max()
    np.testing.assert_array_equal(faint["closed"], loud["closed"])


def test_no_phones_no_shapes() -> None:
    assert shapes_of([], 0, 25, 25.0, LOUD) == {}
    assert shapes_of([Spoken("AA", 5.0, 6.0)], 0, 25, 25.0, LOUD) == {}
