"""Letters drawn where they belong: shaped, in the direction they are read in, no wider than there is room."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from dialogue.media.letters import from_right, letters_for


def drawn(text: str, size: int = 40) -> np.ndarray:
    """(columns,): the height of the ink in every column that has some, in pixels."""
    letters = letters_for([text], size)
    image = Image.new("L", (round(letters.width(text)) + 20, 3 * size))
    letters.draw(ImageDraw.Draw(image), 10, 2 * size, text, 255)
    ink = (np.asarray(image) > 128).sum(axis=0)
    return ink[np.flatnonzero(ink)[0] : np.flatnonzero(ink)[-1] + 1]


@pytest.mark.parametrize("text, right", [("مرحبا.", False), ("שלום.", False), ("Hello.", True), ("नमस्ते.", True)])
def test_a_full_stop_stands_after_the_last_word(text: str, right: bool) -> None:
    ink = drawn(text)
    dot = 5
    sides = ink[:dot].max(), ink[-dot:].max()
    assert (sides[1] < sides[0]) == right and min(sides) <= 9


def test_runs_of_two_fonts_are_ordered_by_the_whole_lines_direction() -> None:
    assert from_right("(1) שלום Ana") and not from_right("Ana שלום") and not from_right("12, 13")


def test_arabic_letters_join() -> None:
    """Joined, a word is narrower than its letters apart."""
    word = "حسن"
    letters = letters_for([word], 40)
    assert letters.width(word) < 0.9 * sum(letters.width(letter) for letter in word)


@pytest.mark.parametrize("text", ["Maximiliane Wolkenstein-Trostburg", "山田花子" * 9, "नमस्ते दुनिया नमस्ते"])
def test_no_wider_than_the_room(text: str) -> None:
    letters = letters_for([text, "…"], 20)
    cut = letters.fitting(text, 120)
    assert cut.endswith("…") and text.startswith(cut[:-1]) and 60 < letters.width(cut) <= 120
    assert letters.fitting("Ana", 120) == "Ana"


def test_what_reaches_high_and_low_is_measured() -> None:
    letters = letters_for(["ที่ปู", "Xg"], 40)
    assert letters.height("ที่ปู")[0] > letters.height("Xg")[0]
