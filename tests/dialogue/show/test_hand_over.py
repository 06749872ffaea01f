"""A plan in other programs' forms, read back by the libraries and parsers of those forms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import opentimelineio as otio
import pytest
from planned_scenes import TWO, measured, planned

from dialogue.formats.rttm import read_rttm
from dialogue.formats.srt import read_srt
from dialogue.formats.vtt import read_vtt, voices
from dialogue.planning.plan import Plan
from dialogue.show.hand_over import TARGETS, handed_over

LINES = """\
title: The lighthouse
lines:
  - {ana: "Did you hear that?", from: 0.5, to: 1.4, emotion: joy}
  - {ben: "Hear <what>?", from: 1.2, to: 3.0}
  - {ana: "There. Again.", from: 12, to: 14.5}
shots: [{until: 5}, {picture: close.png, prompt: Close}]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return planned(tmp_path, TWO + LINES, measured())


def test_opentimelineio_has_a_track_per_speaker_and_a_marker_per_turn(plan: Plan, tmp_path: Path) -> None:
    text = handed_over(plan, "otio", "film.mp4", tmp_path / "media", tmp_path)
    timeline = otio.adapters.read_from_string(text, "otio_json")
    film, ana, ben = timeline.tracks
    assert [(film.kind, film.name), (ana.kind, ana.name), (ben.kind, ben.name)] == [
        ("Video", "film"), ("Audio", "Ana Ruiz"), ("Audio", "ben"),
    ]  # fmt: skip
    assert [clip.name for clip in film] == ["shot 1", "shot 2"]
    assert film.duration() == otio.opentime.RationalTime(500, 25) == timeline.duration()
    clips = list(ana.find_clips())
    assert [clip.name for clip in clips] == ["Did you hear that?", "There. Again."]
    assert [clip.range_in_parent().start_time.value for clip in clips] == [13, 300]
    assert clips[1].source_range.start_time.value == 300
    assert clips[0].media_reference.target_url == "media/ana.wav"
    assert clips[0].markers[0].name == "Ana Ruiz: Did you hear that?"
    assert clips[0].metadata["dialogue"]["emotion"] == "joy"
    assert clips[1].metadata["dialogue"]["origin"] == "line 3: from and to in ana.wav"


def test_overlapping_turns_of_one_speaker_lie_on_two_tracks(plan: Plan, tmp_path: Path) -> None:
    import dataclasses

    second = dataclasses.replace(plan.turns[0], start=1.0, end=1.9)
    doubled = dataclasses.replace(plan, turns=(plan.turns[0], second, *plan.turns[1:]))
    timeline = otio.adapters.read_from_string(handed_over(doubled, "otio", "f.mp4", tmp_path, tmp_path), "otio_json")
    assert [track.name for track in timeline.tracks] == ["film", "Ana Ruiz", "Ana Ruiz 2", "ben"]


def test_cmx_3600_has_an_event_per_shot_and_a_locator_per_turn(plan: Plan, tmp_path: Path) -> None:
    text = handed_over(plan, "edl", "film.mp4", tmp_path, tmp_path)
    lines = text.splitlines()
    assert lines[:2] == ["TITLE: The lighthouse", "FCM: NON-DROP FRAME"]
    code = r"(\d\d:\d\d:\d\d:\d\d)"
    events = [
        match.groups()
        for line in lines
        if (match := re.fullmatch(rf"(\d{{3}})  AX       AA/V  C        {code} {code} {code} {code}", line))
    ]
    assert events == [
        ("001", "00:00:00:00", "00:00:05:00", "00:00:00:00", "00:00:05:00"),
        ("002", "00:00:05:00", "00:00:20:00", "00:00:05:00", "00:00:20:00"),
    ]
    locators = [line for line in lines if line.startswith("* LOC: ")]
    assert len(locators) == 3 and locators[1].startswith("* LOC: 00:00:01:05 ") and "ben: Hear <what>?" in locators[1]


def test_rttm_and_captions_are_read_back_as_they_were(plan: Plan, tmp_path: Path) -> None:
    written = {kind: tmp_path / f"film.{kind}" for kind in TARGETS}
    for kind, path in written.items():
        path.write_text(handed_over(plan, kind, "film.mp4", tmp_path, tmp_path), encoding="utf-8")
    (turns,) = read_rttm(written["rttm"]).values()
    assert [(t.label, t.start, t.end) for t in turns] == [("ana", 0.5, 1.4), ("ben", 1.2, 3.0), ("ana", 12.0, 14.5)]
    vtt = read_vtt(written["vtt"])
    assert [voices(cue.payload) for cue in vtt][1] == (("ben", "Hear <what>?"),)
    assert [(cue.start, cue.end) for cue in vtt] == [(0.5, 1.4), (1.2, 3.0), (12.0, 14.5)]
    assert [cue.payload for cue in read_srt(written["srt"])][2] == "Ana Ruiz: There. Again."
    assert json.loads(written["otio"].read_text())["OTIO_SCHEMA"] == "Timeline.1"
