"""Templates warped onto a recording, on features made here: no two frames alike unless they are the same."""

from __future__ import annotations

import numpy as np

from dialogue.hearing.imitation import Template, place_templates

FRAME = 0.02


def unlike(count: int, seed: int) -> np.ndarray:
    """(t, c) frames of length 1 that have nothing to do with each other."""
    made = np.random.default_rng(seed).standard_normal((count, 18)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def placed(line: np.ndarray, heard: np.ndarray, speech: np.ndarray) -> tuple[float, float]:
    template = Template(line, np.zeros(len(line), bool))
    (found,) = place_templates([template], heard, speech, [np.ones(len(heard), bool)])
    assert found is not None
    return found.start, found.end


def test_a_line_does_not_reach_over_a_pause_for_its_last_sound() -> None:
    line, gap = unlike(50, 1), 20
    heard = np.concatenate([unlike(10, 2), line[:-1], unlike(gap, 3), line[-1:], unlike(30, 4)])
    speech = np.ones(len(heard), bool)
    speech[59 : 59 + gap] = False
    start, end = placed(line, heard, speech)
    assert abs(start - 10 * FRAME) <= 0.04 and abs(end - 59 * FRAME) <= 0.04


def test_a_line_may_pause_in_its_middle() -> None:
    line, gap = unlike(60, 1), 40
    heard = np.concatenate([unlike(10, 2), line[:30], unlike(gap, 3), line[30:], unlike(30, 4)])
    speech = np.ones(len(heard), bool)
    speech[40 : 40 + gap] = False
    start, end = placed(line, heard, speech)
    assert abs(start - 10 * FRAME) <= 0.04 and abs(end - (70 + gap) * FRAME) <= 0.08
