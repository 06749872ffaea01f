"""A speaker's own speech, assembled from the turns: exact places, exact silence, soft edges, no drift between shots."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.generators.shot_audio import FADE_SECONDS, SpeakerSound, speaker_audio
from dialogue.ground.box import Box
from dialogue.planning.plan import AudioSlice, Mix, Plan, Shot, Speaker, Turn
from model.grid import FrameClock

RATE = 16_000
FADE = round(FADE_SECONDS * RATE)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording whose sample k is a value that only k has, and a second one with two unlike channels."""
    folder = tmp_path_factory.mktemp("media")
    ramp = (np.arange(1, 8 * RATE + 1) / (8 * RATE)).astype(np.float32)
    soundfile.write(folder / "ramp.wav", ramp, RATE, subtype="FLOAT")
    soundfile.write(folder / "call.wav", np.stack([np.full(RATE, 0.5), np.full(RATE, -0.25)], 1), RATE, subtype="FLOAT")
    return folder


def plan_of(*turns: Turn, fps: str = "25", frames: int = 200) -> Plan:
    shot = Shot(0, 0, frames, "p.png", Box(0, 0, 64, 64), ())
    speakers = (Speaker("ana", "Ana", "#e06060"), Speaker("ben", "Ben", "#6060e0"))
    return Plan("", "animatic", "", 0, Fraction(fps), 64, 64, 8.0, speakers, turns, (shot,), Mix())


def said_by(plan: Plan, speaker: str) -> tuple[list[Turn], FrameClock]:
    return [turn for turn in plan.turns if turn.speaker == speaker], plan.clock


def ramp_turn(start: float, end: float, heard_at: float, speaker: str = "ana") -> Turn:
    return Turn(speaker, start, end, AudioSlice("ramp.wav", heard_at, heard_at + end - start))


def test_speech_lies_where_the_turn_says_and_silence_is_exact(media: Path) -> None:
    speech = speaker_audio(*said_by(plan_of(ramp_turn(1.0, 2.0, 3.0)), "ana"), 0, 75, media)
    assert speech.dtype == np.float32 and speech.shape == (3 * RATE,)
    assert not speech[:RATE].any() and not speech[2 * RATE :].any()
    inside = np.arange(RATE + FADE, 2 * RATE - FADE)
    np.testing.assert_array_equal(speech[inside], ((inside + 2 * RATE + 1) / (8 * RATE)).astype(np.float32))


def test_edges_fade_within_the_turn(media: Path) -> None:
    speech = speaker_audio(
        *said_by(plan_of(Turn("ana", 0.2, 0.4, AudioSlice("call.wav", 0.1, 0.3, 1))), "ana"), 0, 25, media
    )
    first = round(0.2 * RATE)
    rise = speech[first : first + FADE]
    assert (np.diff(rise) > 0).all() and 0 < rise[0] < 0.001 and speech[first + FADE] == 0.5


def test_another_speaker_is_not_heard_and_channels_are_apart(media: Path) -> None:
    plan = plan_of(
        Turn("ana", 0.0, 1.0, AudioSlice("call.wav", 0.0, 1.0, 1)),
        Turn("ben", 0.5, 1.0, AudioSlice("call.wav", 0.5, 1.0, 2)),
    )
    ana, ben = (speaker_audio(*said_by(plan, who), 0, 25, media) for who in ("ana", "ben"))
    assert ana.max() == 0.5 and ana.min() >= 0 and ben.min() == -0.25 and ben.max() == 0
    assert not ben[: RATE // 2].any()


def test_turns_that_continue_each_other_have_no_dip(media: Path) -> None:
    whole = speaker_audio(*said_by(plan_of(ramp_turn(1, 3, 2)), "ana"), 0, 100, media)
    halves = speaker_audio(*said_by(plan_of(ramp_turn(1, 2, 2), ramp_turn(2, 3, 3)), "ana"), 0, 100, media)
    np.testing.assert_array_equal(whole, halves)


def test_a_turn_beyond_its_recording_ends_in_silence(media: Path) -> None:
    speech = speaker_audio(
        *said_by(plan_of(Turn("ana", 0.0, 2.0, AudioSlice("call.wav", 0.0, 2.0, 1))), "ana"), 0, 50, media
    )
    assert not speech[RATE:].any()


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(1, 199), fps=st.sampled_from(["25", "30000/1001", "24000/1001", "23"]), start=st.floats(0, 3))
def test_shots_joined_are_the_film(media: Path, cut: int, fps: str, start: float) -> None:
    plan = plan_of(ramp_turn(start, start + 1.5, 1.0), ramp_turn(start + 1.7, start + 3, 4.0), fps=fps)
    whole = speaker_audio(*said_by(plan, "ana"), 0, 200, media)
    parts = [speaker_audio(*said_by(plan, "ana"), *span, media) for span in ((0, cut), (cut, 200))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_pieces_may_be_asked_for_in_any_order(media: Path) -> None:
    plan = plan_of(ramp_turn(0.0, 4.0, 1.0), ramp_turn(4.2, 6.0, 0.5))
    whole = speaker_audio(*said_by(plan, "ana"), 0, 200, media)
    sound = SpeakerSound(*said_by(plan, "ana"), media)
    for first, last in ((100, 150), (0, 30), (20, 110), (0, 200)):
        np.testing.assert_array_equal(sound.between(first, last), whole[first * 640 : last * 640])
