"""The timeline an editor opens: what every clip is a piece of, who is heard, and nothing off by a frame."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned_scenes import ANIMATIC, MIXED, TWO, measured, scene_file

from dialogue.planning.plan import AudioSlice, Mix, MixPart, Plan, Turn
from dialogue.planning.planner import make_plan
from dialogue.show.edit_list import otio_timeline

SPEECH = {"ana.wav": [(0.51, 3.07)], "ben.wav": [(4.0, 7.18)]}


def plan_of(folder: Path, text: str, **known: object) -> Plan:
    return make_plan(scene_file(folder, text), measured(**known), ANIMATIC)  # type: ignore[arg-type]


def within(clip: Any) -> bool:
    """Whether the clip is a piece of what its media are said to have."""
    has, uses = clip.media_reference.available_range, clip.source_range
    return has.start_time <= uses.start_time and uses.end_time_exclusive() <= has.end_time_exclusive()


def test_every_clip_is_within_what_its_media_are_said_to_have(tmp_path: Path) -> None:
    heard = [(0.4, 3.0, "ana"), (3.2, 6.0, "ben")]
    for plan in (plan_of(tmp_path, TWO, speech=SPEECH), plan_of(tmp_path, MIXED, diarization=heard)):
        timeline = otio_timeline(plan, "film.mp4", "")
        clips = list(timeline.find_clips())
        assert clips
        for clip in clips:
            assert within(clip), clip.name


def test_the_mix_or_the_voices_are_heard(tmp_path: Path) -> None:
    heard = [(0.4, 3.0, "ana"), (3.2, 6.0, "ben")]
    mixed = otio_timeline(plan_of(tmp_path, MIXED, diarization=heard), "film.mp4", "")
    assert [(t.name, t.enabled) for t in mixed.tracks] == [
        ("film", True), ("mix", True), ("ana", False), ("ben", False),
    ]  # fmt: skip
    voices = otio_timeline(plan_of(tmp_path, TWO, speech=SPEECH), "film.mp4", "")
    assert [track.enabled for track in voices.tracks] == [True, True, True]


def test_channels_stand_where_programs_look(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, TWO, speech=SPEECH)
    turn = dataclasses.replace(plan.turns[0], audio=dataclasses.replace(plan.turns[0].audio, channel=2, stream=3))
    timeline = otio_timeline(dataclasses.replace(plan, turns=(turn,)), "film.mp4", "")
    (clip,) = (clip for clip in timeline.find_clips() if clip.media_reference.target_url == "ana.wav")
    assert clip.metadata["fcp_xml"]["sourcetrack"] == {"mediatype": "audio", "trackindex": 2}
    assert clip.metadata["Resolve_OTIO"]["Channels"][0] == {"Source Channel ID": 1, "Source Track ID": 2}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return plan_of(tmp_path_factory.mktemp("edit"), TWO, speech=SPEECH)


@given(
    at=st.integers(0, 9_000_000), start=st.integers(0, 3_000_000), length=st.integers(40_000, 3_000_000),
    fps=st.sampled_from([Fraction(25), Fraction(24), Fraction(30000, 1001)]),
)  # fmt: skip
def test_sound_off_the_frames_is_off_by_half_a_frame_at_most(
    plain: Plan, at: int, start: int, length: int, fps: Fraction
) -> None:
    film, source, seconds = at / 1e6, start / 1e6, length / 1e6
    audio = AudioSlice("line.wav", source, source + seconds)
    turn = Turn("ana", film, film + seconds, audio)
    plan = dataclasses.replace(plain, fps=fps, turns=(turn,), mix=Mix(parts=(MixPart(audio, film),)))
    timeline = otio_timeline(plan, "f.mp4", "")
    (clip,) = (c for c in timeline.find_clips() if c.media_reference.target_url == "line.wav")
    placed = clip.range_in_parent().start_time.to_seconds() - clip.source_range.start_time.to_seconds()
    frame = float(1 / fps)
    early = min(film, source)  # a recording has nothing before its start
    assert abs(placed - (film - source)) <= 0.5 * frame + 1e-6 or early < frame
    assert within(clip)
