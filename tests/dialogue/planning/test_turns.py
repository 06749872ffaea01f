"""Who speaks when, from every source a scene may give."""

from __future__ import annotations

from pathlib import Path

import pytest
from planned_scenes import ANIMATIC, MIXED, TWO, measured, planned, times

from dialogue.ground.errors import SceneError
from dialogue.planning.plan import AudioSlice, Mix

SPEECH = {"ana.wav": [(0.5, 1.4), (8.0, 9.5)], "ben.wav": [(1.2, 3.0)]}


def test_tracks_speak_for_themselves_and_overlaps_are_kept(tmp_path: Path) -> None:
    plan = planned(tmp_path, TWO, measured(speech=SPEECH))
    assert times(plan, "ana") == [(0.5, 1.4), (8.0, 9.5)]
    assert times(plan, "ben") == [(1.2, 3.0)]
    assert plan.turns[1].audio == AudioSlice("ben.wav", 1.2, 3.0)
    assert plan.turns[0].origin == "speech found in ana.wav"
    assert plan.duration == 20 and plan.frames == 500
    assert [part.audio.source for part in plan.mix.parts] == ["ana.wav", "ben.wav"]


def test_lines_with_times_are_taken_as_written(tmp_path: Path) -> None:
    text = TWO + 'lines:\n  - {ana: "Hello.", from: 0.51, to: 1.25}\n  - {ben: "Hi.", from: "0:01.5", to: 2}\n'
    plan = planned(tmp_path, text, measured())
    assert [(turn.speaker, turn.start, turn.end, turn.text) for turn in plan.turns] == [
        ("ana", 0.51, 1.25, "Hello."),
        ("ben", 1.5, 2.0, "Hi."),
    ]
    assert plan.turns[1].origin == "line 2: from and to in ben.wav"


def test_lines_with_recordings_follow_each_other(tmp_path: Path) -> None:
    """after counts from the previous line, gap from everything said; a pause adds silence; from and to cut."""
    text = """\
scene: 1
cast: {ana: {face: [120, 80, 180, 200]}, ben: {face: [420, 90, 170, 190]}}
picture: two.png
lines:
  - {ana: One, audio: 1.wav}
  - {ben: Mm-hm., audio: 2.wav, after: -3}
  - {ana: Two, audio: 1.wav, gap: 0.5, from: 1, to: 3.5}
  - {pause: 0.8}
  - {ben: Three, audio: 2.wav}
"""
    lengths = {"1.wav": 5.0, "2.wav": 1.0}
    plan = planned(tmp_path, text, measured(recordings=lengths), ANIMATIC, ["1.wav", "2.wav"])
    assert times(plan, "ana") == [(0.0, 5.0), (5.5, 8.0)]
    assert times(plan, "ben") == [(2.0, 3.0), (8.8, 9.8)]
    assert plan.turns[2].audio == AudioSlice("1.wav", 1.0, 3.5)
    assert plan.duration == 9.8
    assert [part.at for part in plan.mix.parts] == [0.0, 2.0, 5.5, 8.8]


def test_written_lines_are_laid_over_the_speech_in_order(tmp_path: Path) -> None:
    """Ben's reply shows where Ana's first line ends, though it is pause enough elsewhere too."""
    lines = """\
lines:
  - ana: "I have been thinking about the lighthouse all day long."
  - ben: "Which lighthouse?"
  - ana: "The old one."
  - ben: "Oh."
"""
    speech = {"ana.wav": [(0.5, 2.0), (2.5, 4.0), (6.0, 7.0)], "ben.wav": [(4.3, 5.5), (8.0, 8.4)]}
    plan = planned(tmp_path, TWO + lines, measured(speech=speech))
    assert times(plan, "ana") == [(0.5, 4.0), (6.0, 7.0)]
    assert times(plan, "ben") == [(4.3, 5.5), (8.0, 8.4)]
    assert [turn.text for turn in plan.turns][0] == "I have been thinking about the lighthouse all day long."
    assert "by the length of its text" in plan.turns[0].origin
    assert any("lines 1, 3 have no times" in warning and "estimate" in warning for warning in plan.warnings)


def test_a_long_rest_within_a_line_closes_the_mouth_and_parts_the_words(tmp_path: Path) -> None:
    lines = 'lines:\n  - ana: "One two three four."\n'
    plan = planned(tmp_path, TWO + lines, measured(speech={"ana.wav": [(1.0, 2.0), (4.0, 5.0)], "ben.wav": []}))
    assert times(plan, "ana") == [(1.0, 2.0), (4.0, 5.0)]
    assert " ".join(turn.text or "" for turn in plan.turns) == "One two three four."


def test_a_line_without_speech_is_an_error_at_its_place(tmp_path: Path) -> None:
    lines = 'lines:\n  - {ana: "One.", from: 1, to: 2}\n  - ben: "Two."\n'
    with pytest.raises(SceneError, match=r"scene.yaml:8:5: error: no speech of ben was found in ben.wav"):
        planned(tmp_path, TWO + lines, measured(speech={"ana.wav": [(1, 2)], "ben.wav": []}))


def test_nobody_speaks_two_lines_at_once(tmp_path: Path) -> None:
    text = TWO + "lines:\n  - {ana: One, audio: ana.wav}\n  - {ana: Two, audio: ana.wav, after: -1}\n"
    with pytest.raises(SceneError, match="ana is still speaking line 1"):
        planned(tmp_path, text, measured())


def test_a_diarization_by_labels_keys_and_names(tmp_path: Path) -> None:
    text = MIXED.replace("ana: {", "ana: {voice: {speaker: SPEAKER_01}, ").replace("ben: {", "ben: {name: Ben Okoro, ")
    heard = [(0.4, 3.0, "SPEAKER_01"), (2.8, 6.0, "ben okoro"), (7.0, 8.0, "SPEAKER_01")]
    plan = planned(tmp_path, text, measured(diarization=heard))
    assert times(plan, "ana") == [(0.4, 3.0), (7.0, 8.0)]
    assert times(plan, "ben") == [(2.8, 6.0)]
    assert plan.mix == Mix("mix.wav", duration=20.0)


def test_which_voice_is_whose_is_never_guessed(tmp_path: Path) -> None:
    with pytest.raises(SceneError) as caught:
        planned(tmp_path, MIXED, measured(diarization=[(0, 4, "SPEAKER_00"), (5, 9, "SPEAKER_01")]))
    messages = [str(problem) for problem in caught.value.problems]
    assert len(messages) == 2 and "which voice of the recording is ana's?" in messages[0]
    assert "'SPEAKER_00' (4.0 s of speech, first at 0:00.000)" in messages[0]


def test_the_one_voice_left_is_the_one_member_left_and_said_so(tmp_path: Path) -> None:
    text = MIXED.replace("ana: {", "ana: {voice: {speaker: SPEAKER_01}, ")
    plan = planned(tmp_path, text, measured(diarization=[(0, 4, "SPEAKER_00"), (5, 9, "SPEAKER_01")]))
    assert times(plan, "ben") == [(0, 4)]
    assert any("taken to be the voice 'SPEAKER_00'" in warning for warning in plan.warnings)


def test_a_declared_label_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    text = MIXED.replace("ana: {", "ana: {voice: {speaker: SPEAKER_07}, ")
    with pytest.raises(SceneError, match="the diarization has no voice 'SPEAKER_07'"):
        planned(tmp_path, text, measured(diarization=[(0, 4, "SPEAKER_00"), (5, 9, "ben")]))


def test_voices_that_are_nobodys_are_heard_and_warned_of(tmp_path: Path) -> None:
    plan = planned(tmp_path, MIXED, measured(diarization=[(0, 4, "ana"), (5, 9, "ben"), (9, 9.4, "caller")]))
    assert any("'caller'" in warning and "not animated" in warning for warning in plan.warnings)
    assert len(plan.turns) == 2


def test_turns_past_the_end_of_the_audio_are_cut_there(tmp_path: Path) -> None:
    plan = planned(tmp_path, MIXED, measured(4.0, diarization=[(0, 2, "ana"), (3, 6, "ben"), (7, 8, "ana")]))
    assert times(plan, "ben") == [(3, 4)] and times(plan, "ana") == [(0, 2)]
    assert plan.turns[1].audio == AudioSlice("mix.wav", 3.0, 4.0)
    assert len(plan.warnings) == 2


def test_eight_speakers_at_once(tmp_path: Path) -> None:
    names = [f"s{i}" for i in range(8)]
    cast = "".join(f"  {n}: {{track: {n}.wav, face: [{20 + 90 * i}, 200, 60, 80]}}\n" for i, n in enumerate(names))
    speech = {f"{n}.wav": [(float(i), i + 4.0)] for i, n in enumerate(names)}
    lengths = {f"{n}.wav": 20.0 for n in names}
    text = f"scene: 1\ncast:\n{cast}picture: two.png\n"
    plan = planned(tmp_path, text, measured(speech=speech, recordings=lengths), ANIMATIC, list(lengths))
    assert [turn.speaker for turn in plan.turns] == names
    assert len(plan.shots[0].faces) == 8 and len({speaker.color for speaker in plan.speakers}) == 8
    for i, face in enumerate(plan.shots[0].faces):
        assert face.region.intersection(face.box).area > 0.99 * face.box.area
        for other in plan.shots[0].faces[:i]:
            assert face.region.intersection(other.region).area == 0
