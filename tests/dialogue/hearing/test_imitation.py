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


def in_two(heard: np.ndarray, lines: list[np.ndarray], **how: object) -> list[tuple[float, float] | None]:
    templates = [Template(line, np.zeros(len(line), bool)) for line in lines]
    everybody = [np.ones(len(heard), bool)] * len(lines)
    found = place_templates(templates, heard, np.ones(len(heard), bool), everybody, **how)  # type: ignore[arg-type]
    return [(place.start, place.end) if place is not None else None for place in found]


def test_two_neighbours_change_places_where_they_may() -> None:
    first, second, third = unlike(40, 1), unlike(60, 2), unlike(50, 3)
    heard = np.concatenate([second, first, third])
    found = in_two(heard, [first, second, third], swaps=[0, 1])
    assert found == [(1.2, 2.0), (0.0, 1.2), (2.0, 3.0)]
    assert in_two(np.concatenate([first, second, third]), [first, second, third], swaps=[0, 1])[0] == (0.0, 0.8)
    assert None in in_two(heard, [first, second, third])


def test_no_line_is_put_where_none_can_be() -> None:
    line, barred = unlike(50, 1), np.zeros(200, bool)
    heard = np.concatenate([unlike(20, 2), line, unlike(130, 3)])
    assert in_two(heard, [line]) == [(0.4, 1.4)]
    barred[20:60] = True
    for place in in_two(heard, [line], barred=barred):
        assert place is None or place[0] >= 1.2
