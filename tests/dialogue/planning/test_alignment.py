"""Written lines over heard speech: in order, all of both, boundaries in pauses, right when speech is regular."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.segments import Segment
from dialogue.planning.alignment import share_out, stretches_of, words_by_share


def spoken(rng: random.Random, lines: int) -> tuple[list[str], list[Segment], list[Segment], list[list[Segment]]]:
    """Two people in turn, 12 to 17 letters a second, breaths within their lines: one's texts and speech, the other's
    speech, and which segments each text truly is."""
    at, texts, speech, others, truth = 0.0, [], [], [], []
    for _ in range(lines):
        words = ["".join(rng.choice("abcdefgh") for _ in range(rng.randint(2, 8))) for _ in range(rng.randint(1, 20))]
        text, parts = " ".join(words), []
        left = sum(len(word) for word in words) / rng.uniform(12, 17)
        while left > 0:
            length = min(left, rng.uniform(0.8, 3.0))
            parts.append(Segment(round(at, 3), round(at + length, 3)))
            left -= length
            at += length + rng.uniform(0.3, 0.6)
        texts.append(text)
        speech += parts
        truth.append(parts)
        reply = rng.uniform(0.5, 3.0)
        others.append(Segment(round(at, 3), round(at + reply, 3)))
        at += reply + rng.uniform(0.1, 0.8)
    return texts, speech, others, truth


@pytest.mark.parametrize("seed", range(5))
def test_lines_of_two_people_in_turn_are_found(seed: int) -> None:
    texts, speech, others, truth = spoken(random.Random(seed), 30)
    found = share_out(texts, speech, others, [True] * 29)
    right = sum(segments == true for segments, true in zip(found, truth, strict=True))
    assert right >= 28, (right, len(truth))


def test_a_script_of_an_hour_is_laid_out_in_seconds() -> None:
    texts, speech, others, truth = spoken(random.Random(9), 600)
    began = time.process_time()
    found = share_out(texts, speech, others, [True] * 599)
    assert time.process_time() - began < 5
    assert sum(segments == true for segments, true in zip(found, truth, strict=True)) >= 570


segments = st.lists(st.tuples(st.floats(0.2, 4), st.floats(0.31, 3)), min_size=1, max_size=12)


@given(segments, st.lists(st.text("ab ", max_size=30), min_size=1, max_size=8))
def test_all_speech_is_somebodys_line_in_order(lengths: list[tuple[float, float]], texts: list[str]) -> None:
    at, speech = 0.0, []
    for length, pause in lengths:
        speech.append(Segment(round(at, 3), round(at + length, 3)))
        at = speech[-1].end + pause
    found = [segment for line in share_out(texts, speech) for segment in line]
    assert found == sorted(found)
    assert sum(s.duration for s in found) == pytest.approx(sum(s.duration for s in speech), abs=1e-4)
    assert len(stretches_of(found, 0.3)) == len(speech)


@given(
    st.lists(st.text("abc", min_size=1, max_size=8), max_size=20), st.lists(st.floats(0.05, 5), min_size=1, max_size=6)
)
def test_no_word_is_lost_between_stretches(words: list[str], shares: list[float]) -> None:
    parts = words_by_share(" ".join(words), shares)
    assert len(parts) == len(shares)
    assert " ".join(parts).split() == words


def test_without_speech_no_line_has_any() -> None:
    assert share_out(["One.", "Two."], []) == [[], []]
