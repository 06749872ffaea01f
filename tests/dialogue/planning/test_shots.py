"""The scene's shots on whole frames: where they are cut, what cannot be, and no drift however long the film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned_scenes import ANIMATIC, TWO, WINDOWED, measured, planned

from dialogue.ground.errors import SceneError
from dialogue.planning.lanes import spans
from dialogue.planning.plan import AudioSlice, Face, Mix, Plan, Shot, Speaker, Turn
from dialogue.planning.shots import pauses_of
from model.grid import FrameClock, windows_for

SPEECH = {"ana.wav": [(0.5, 3.0), (8.0, 9.5), (13.0, 15.0)], "ben.wav": [(3.6, 5.0), (10.5, 12.0)]}
LINES = """\
lines:
  - {ana: A, from: 0.5, to: 3}
  - {ben: B, from: 3.6, to: 5}
  - {ana: C, from: 8, to: 9.5}
  - {ben: D, from: 9.3, to: 12}
"""


def edges(plan: Plan) -> list[int]:
    return [shot.start for shot in plan.shots] + [plan.frames]


def test_until_is_a_cut_at_that_frame_and_the_rest_share_the_film_at_pauses(tmp_path: Path) -> None:
    shots = "shots:\n  - {until: 4}\n  - {picture: close.png}\n  - {}\n"
    plan = planned(tmp_path, TWO + shots.replace("{}", "{prompt: wide}"), measured(speech=SPEECH))
    first, second = edges(plan)[1:3]
    assert first == 100  # as written, though ben is speaking
    assert any(pause.start <= second <= pause.end for pause in pauses_of(plan.turns, plan.clock, plan.frames))
    assert abs(second - (100 + 500) / 2) < 50
    assert [shot.prompt for shot in plan.shots] == ["", "", "wide"]


def test_shots_of_lines_begin_and_end_in_the_pauses_around_them(tmp_path: Path) -> None:
    shots = "shots:\n  - {lines: [1]}\n  - {picture: close.png, lines: [2]}\n  - {lines: [3, 4]}\n"
    plan = planned(tmp_path, TWO + LINES + shots, measured(12.0))
    first, second = edges(plan)[1:3]
    assert 75 <= first <= 90 and 125 <= second <= 200
    assert plan.frames == 300


def test_a_cut_may_fall_where_a_line_is_interrupted(tmp_path: Path) -> None:
    """Ana's line goes on in the shot of the line that interrupts it, as one turn in both."""
    shots = "shots:\n  - {lines: [1, 2, 3]}\n  - {picture: close.png, lines: [4]}\n"
    plan = planned(tmp_path, TWO + LINES + shots, measured(12.0))
    assert edges(plan) == [0, round(9.3 * 25), 300]
    assert [(turn.start, turn.end) for turn in plan.turns][2:] == [(8, 9.5), (9.3, 12)]
    heard = [spans(plan, shot, "ana") for shot in plan.shots]
    assert heard[0][-1].end == plan.shots[0].end - plan.shots[0].start, "to the cut"
    assert (heard[1][0].start, heard[1][0].end) == (0, round(9.5 * 25) - round(9.3 * 25)), "and on from there"


def test_lines_that_begin_together_belong_in_one_shot(tmp_path: Path) -> None:
    shots = "shots:\n  - {lines: [1]}\n  - {picture: close.png, lines: [2]}\n"
    lines = "lines:\n  - {ana: A, from: 0, to: 3}\n  - {ben: B, from: 0, to: 5}\n"
    with pytest.raises(SceneError, match=r"nothing of the film is left for shot 1.*begin together belong in one shot"):
        planned(tmp_path, TWO + lines + shots, measured(12.0))


def test_an_until_after_the_film_with_shots_to_follow_is_an_error(tmp_path: Path) -> None:
    shots = "shots:\n  - {until: 60}\n  - {picture: close.png}\n"
    with pytest.raises(SceneError, match=r"this shot ends with or after the film, at 0:20.000"):
        planned(tmp_path, TWO + shots, measured(speech=SPEECH))


def test_a_last_until_before_the_end_is_shown_to_the_end_and_said(tmp_path: Path) -> None:
    plan = planned(tmp_path, TWO + "shots:\n  - {until: 12}\n", measured(speech=SPEECH))
    assert edges(plan) == [0, 500]
    assert any("the last shot says until 0:12.000" in warning for warning in plan.warnings)


def test_a_long_scene_of_one_picture_is_cut_at_pauses_into_full_windows(tmp_path: Path) -> None:
    turns = [(5.0 * index, 5.0 * index + 4.2) for index in range(60)]
    speech = {"ana.wav": turns[::2], "ben.wav": turns[1::2]}
    plan = planned(tmp_path, TWO, measured(300.0, speech), WINDOWED)
    pauses = pauses_of(plan.turns, plan.clock, plan.frames)
    assert edges(plan)[-1] == plan.frames == 7500
    assert all(shot.frames <= 789 for shot in plan.shots)
    assert all(any(pause.start <= cut <= pause.end for pause in pauses) for cut in edges(plan)[1:-1])
    assert sum(windows_for(shot.frames) for shot in plan.shots) <= 1.06 * windows_for(7500)


def test_frames_cover_the_film_to_within_one_frame(tmp_path: Path) -> None:
    for duration in (0.01, 1.0, 10.6361, 19.999, 20.0000001):
        plan = planned(tmp_path, TWO, measured(duration, {"ana.wav": [], "ben.wav": []}), ANIMATIC)
        assert 0 <= plan.frames - duration * 25 + 1e-4 <= 1.001


RATES = [Fraction(25), Fraction(24), Fraction(30), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001)]


def one_shot(fps: Fraction, turns: list[tuple[float, float]]) -> Plan:
    frames = FrameClock(fps).frames_covering(3 * 3600)
    said = tuple(Turn("a", start, end, AudioSlice("a.wav", start, end)) for start, end in turns)
    from dialogue.ground.box import Box

    face = Face("a", Box(10, 10, 20, 20), Box(0, 0, 64, 64))
    shot = Shot(0, 0, frames, "p.png", Box(0, 0, 64, 64), (face,))
    return Plan("", "animatic", "", 0, fps, 64, 64, 3 * 3600.0, (Speaker("a", "A", "#000000"),), said, (shot,), Mix())


@given(
    fps=st.sampled_from(RATES),
    starts=st.lists(st.floats(0, 3 * 3600 - 20, allow_nan=False), min_size=1, max_size=8),
    length=st.floats(0.05, 9),
)
def test_turns_to_frames_do_not_drift_over_three_hours(fps: Fraction, starts: list[float], length: float) -> None:
    """Every edge lies within half a frame of its time, at the end of the third hour as at the start."""
    plan = one_shot(fps, [(start, start + length) for start in sorted(starts)])
    for span, turn in zip(spans(plan, plan.shots[0], "a"), plan.turns, strict=True):
        assert abs(span.start / fps - Fraction(turn.start)) <= Fraction(1, 2) / fps
        if span.end - span.start > 1:
            assert abs(span.end / fps - Fraction(turn.end)) <= Fraction(1, 2) / fps
