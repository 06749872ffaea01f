"""Recordings as people have them, from the file to the plan: late, cut, quiet, wired wrongly, two in one file."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from microphones import LINES, MIXED, PLAIN, RATE, convert, planned, starts, talk

from dialogue.measures.checks import check_media
from dialogue.measures.look import probe
from dialogue.scene.reader import read_scene


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "scene").mkdir()
    return tmp_path / "scene"


def told(folder: Path, text: str) -> list[str]:
    """What `check` says."""
    (folder / "scene.yaml").write_text(text, encoding="utf-8")
    file = read_scene(folder / "scene.yaml")
    return [problem.message for problem in check_media(file, probe(file))]


def test_two_tracks(folder: Path) -> None:
    talk(folder)
    plan = planned(folder, PLAIN)
    assert starts(plan, "ana") == pytest.approx([0.5, 5.0], abs=0.3)
    assert starts(plan, "ben") == pytest.approx([1.8, 12.2], abs=0.3)
    assert plan.warnings == ()


@pytest.mark.parametrize("name", ["late.mp4", "late.mov", "late.mkv", "late.ts", "late.webm"])
def test_a_late_mix(folder: Path, name: str) -> None:
    talk(folder)
    video = ["-f", "lavfi", "-i", "color=s=64x48:r=25:d=18"]
    codec = ["-c:v", "libvpx", "-c:a", "libopus"] if name.endswith("webm") else ["-c:a", "aac"]
    convert(folder, *video, "-itsoffset", "1.5", "-i", "mix.wav", "-map", "0:v", "-map", "1:a", *codec, name)
    plan = planned(folder, f"{MIXED}audio: {name}\n")
    assert plan.duration == pytest.approx(17.5, abs=0.04) and plan.mix.source == name
    assert any("late by its own clock" in warning for warning in plan.warnings)


@pytest.mark.parametrize(("shift", "told"), [(0.0, True), (1.5, False)])
@pytest.mark.parametrize("name", ["late.mp4", "late.mkv"])
def test_turns_of_a_late_mix_lie_where_it_is_heard(folder: Path, name: str, shift: float, told: bool) -> None:
    """Whichever of its two beginnings a file of turns counts from."""
    talk(folder)
    video = ["-f", "lavfi", "-i", "color=s=64x48:r=25:d=18", "-itsoffset", "1.5", "-i", "mix.wav"]
    convert(folder, *video, "-map", "0:v", "-map", "1:a", "-c:a", "aac", name)
    rows = [line.split() for line in (folder / "truth.rttm").read_text().splitlines()]
    moved = [[*words[:3], f"{float(words[3]) + shift:.3f}", *words[4:]] for words in rows]
    (folder / "truth.rttm").write_text("".join(" ".join(words) + "\n" for words in moved))
    plan = planned(folder, f"{MIXED}audio: {name}\n")
    for who, lines in LINES.items():
        assert starts(plan, who) == pytest.approx([start + 1.5 for _, start in lines], abs=0.05)
    assert any("counts from the first sound of" in warning for warning in plan.warnings) is told


@pytest.mark.parametrize("shift", [3.1, 5.0, -1.0])
def test_turns_that_belong_to_no_beginning_are_not_moved_but_told(folder: Path, shift: float) -> None:
    talk(folder)
    video = ["-f", "lavfi", "-i", "color=s=64x48:r=25:d=18", "-itsoffset", "1.5", "-i", "mix.wav"]
    convert(folder, *video, "-map", "0:v", "-map", "1:a", "-c:a", "aac", "late.mp4")
    rows = [line.split() for line in (folder / "truth.rttm").read_text().splitlines()]
    moved = [[*words[:3], f"{max(0.0, float(words[3]) + shift):.3f}", *words[4:]] for words in rows]
    (folder / "truth.rttm").write_text("".join(" ".join(words) + "\n" for words in moved))
    plan = planned(folder, f"{MIXED}audio: late.mp4\n")
    wanted = sorted(float(words[3]) for words in moved)
    assert sorted(turn.start for turn in plan.turns) == pytest.approx(wanted, abs=0.05)
    (told,) = [warning for warning in plan.warnings if "truth.rttm" in warning]
    assert "may belong to another recording" in told and re.search(r"in \d\d% .* in \d\d% .* 1\.\d+ s later", told)


def test_sound_streams_are_tracks(folder: Path) -> None:
    talk(folder)
    convert(folder, "-i", "ana.wav", "-i", "ben.wav", "-map", "0", "-map", "1", "-c:a", "flac", "obs.mkv")
    plain = planned(folder, PLAIN)
    plan = planned(folder, PLAIN.replace("ana.wav", "obs.mkv#stream1").replace("ben.wav", "obs.mkv#stream2#1"))
    assert [turn.start for turn in plan.turns] == pytest.approx([turn.start for turn in plain.turns], abs=0.01)
    assert [part.audio.heard for part in plan.mix.parts] == [("obs.mkv", None, 1), ("obs.mkv", 1, 2)]
    assert any("2 sound streams" in message for message in told(folder, f"{MIXED}audio: obs.mkv\n"))
    assert not told(folder, f"{MIXED}audio: 'obs.mkv#stream2'\n")
    assert planned(folder, f"{MIXED}audio: 'obs.mkv#stream2'\n").mix.stream == 2


@pytest.mark.parametrize("right", [-1.0, -0.8])
def test_channels_that_cancel_are_heard(folder: Path, right: float) -> None:
    ana, _ = talk(folder)
    plain = planned(folder, PLAIN)
    soundfile.write(folder / "ana.wav", np.stack([ana, right * ana], 1), RATE)
    assert [turn.start for turn in planned(folder, PLAIN).turns] == [turn.start for turn in plain.turns]


def test_a_low_track_is_turned_up_to_be_heard(folder: Path) -> None:
    ana, _ = talk(folder)
    plain = planned(folder, PLAIN)
    soundfile.write(folder / "ana.wav", ana * np.float32(10 ** (-50 / 20)), RATE, subtype="FLOAT")
    plan = planned(folder, PLAIN)
    assert [turn.start for turn in plan.turns] == pytest.approx([turn.start for turn in plain.turns], abs=0.02)
    assert any("ana.wav is recorded very low" in warning for warning in plan.warnings)
    assert plan.mix.parts[0].gain == pytest.approx(50, abs=4) and plan.mix.parts[1].gain is None


def test_nobody_is_far_below_the_others_unless_the_scene_says_so(folder: Path) -> None:
    _, ben = talk(folder)
    soundfile.write(folder / "ben.wav", ben * np.float32(10 ** (-28 / 20)), RATE, subtype="FLOAT")
    plan = planned(folder, PLAIN)
    assert plan.mix.parts[1].gain == pytest.approx(28, abs=4)
    assert any("ben is recorded" in warning and "dB lower than ana" in warning for warning in plan.warnings)
    kept = planned(folder, PLAIN.replace("track: ben.wav", "track: {file: ben.wav, gain: 0}"))
    assert [part.gain for part in kept.mix.parts] == [None, 0.0]
    assert not any("turned up by" in w and "in the film" in w for w in kept.warnings)
    lines = "lines:\n  - {ana: Hi., audio: ana.wav}\n  - {ben: Oh., audio: ben.wav}\n"
    own = planned(folder, PLAIN.replace("track: ana.wav, ", "").replace("track: ben.wav, ", "") + lines)
    assert own.mix.parts[1].gain == pytest.approx(28, abs=4)


def test_a_track_starts_when_the_scene_says(folder: Path) -> None:
    talk(folder)
    plain = planned(folder, PLAIN)
    late = planned(folder, PLAIN.replace("track: ana.wav", "track: {file: ana.wav, start: 4}"))
    assert starts(late, "ana") == pytest.approx([s + 4 for s in starts(plain, "ana")], abs=0.02)
    turn = next(turn for turn in late.turns if turn.speaker == "ana")
    assert turn.audio.start == pytest.approx(turn.start - 4)
    assert late.mix.parts[0].at == 4 and late.duration == 20
    early = planned(folder, PLAIN.replace("track: ana.wav", "track: {file: ana.wav, start: -2}"))
    assert starts(early, "ana")[-1] == pytest.approx(starts(plain, "ana")[-1] - 2, abs=0.02)
    assert (early.mix.parts[0].audio.start, early.mix.parts[0].at) == (2, 0)


def test_lines_in_a_track_count_in_its_recording(folder: Path) -> None:
    talk(folder)
    text = PLAIN.replace("track: ana.wav", "track: {file: ana.wav, start: 4}")
    plan = planned(folder, f"{text}lines:\n  - {{ana: Hi., from: 0.5, to: 1.5}}\n  - {{ben: Oh., from: 5, to: 6}}\n")
    assert [(turn.speaker, turn.start, turn.audio.start) for turn in plan.turns] == [("ana", 4.5, 0.5), ("ben", 5, 5)]


@pytest.mark.parametrize("start", [4.0, -3.0])
def test_where_a_track_begins_is_found_in_the_mix(folder: Path, start: float) -> None:
    ana, ben = talk(folder)
    plain = planned(folder, f"{PLAIN}audio: mix.wav\n")
    assert plain.warnings == ()
    shift = round(abs(start) * RATE)
    for name, sound in (("ana", ana), ("ben", ben)):
        moved = sound[shift:] if start > 0 else np.concatenate([np.zeros(shift, np.float32), sound])
        soundfile.write(folder / f"{name}.wav", moved, RATE)
    plan = planned(folder, f"{PLAIN}audio: mix.wav\n")
    expected = [turn.start for turn in plain.turns if turn.start >= start]
    assert [turn.start for turn in plan.turns] == pytest.approx(expected, abs=0.04)
    assert sum(f"begins at {start:.2f} s of mix.wav" in warning for warning in plan.warnings) == 2
    written = planned(folder, PLAIN.replace("track: ana.wav", "track: {file: ana.wav, start: 0}") + "audio: mix.wav\n")
    assert any("has start: 0, but in mix.wav" in warning for warning in written.warnings)


def test_a_track_of_another_talk_is_told(folder: Path) -> None:
    talk(folder)
    noise = np.random.default_rng(1).normal(size=RATE * 16) * 0.05
    soundfile.write(folder / "mix.wav", noise, RATE)
    assert any(
        "was not found in mix.wav" in warning for warning in planned(folder, f"{PLAIN}audio: mix.wav\n").warnings
    )


def test_one_recording_twice_and_one_of_everybody_are_told(folder: Path) -> None:
    ana, _ = talk(folder)
    plain = planned(folder, PLAIN)
    soundfile.write(folder / "ben.wav", ana * 0.5, RATE)
    assert any("are the same recording" in warning for warning in planned(folder, PLAIN).warnings)
    talk(folder)
    everybody = planned(folder, PLAIN.replace("ana.wav", "mix.wav"))
    assert any("mix.wav holds the voice of ben.wav too" in warning for warning in everybody.warnings)
    assert [t.start for t in everybody.turns] == pytest.approx([t.start for t in plain.turns], abs=0.05)


def test_what_is_no_number_is_silent_and_told(folder: Path) -> None:
    ana, _ = talk(folder)
    plain = planned(folder, PLAIN)
    ana[RATE] = np.nan
    ana[2 * RATE] = np.inf
    soundfile.write(folder / "ana.wav", ana, RATE, subtype="FLOAT")
    plan = planned(folder, PLAIN)
    assert [turn.start for turn in plan.turns] == [turn.start for turn in plain.turns]
    assert any("ana.wav has 2 samples that are no number" in warning for warning in plan.warnings)


def test_a_last_pause_and_the_last_shot_hold_the_picture(folder: Path) -> None:
    talk(folder)
    lines = "lines:\n  - {ana: Hi., audio: ana.wav, to: 3}\n  - {pause: 3}\n  - {pause: 0.5}\n"
    plan = planned(folder, PLAIN + lines)
    sound_ends = max(part.at + part.audio.end - part.audio.start for part in plan.mix.parts)
    assert planned(folder, PLAIN + lines.replace("ben", "ana")).duration == max(sound_ends, 6.5)
    alone = PLAIN.replace("track: ana.wav, ", "").replace("track: ben.wav, ", "") + lines
    assert planned(folder, alone).duration == 6.5
    held = planned(folder, f"{alone}shots:\n  - {{until: 2}}\n  - {{until: 9}}\n")
    assert held.duration == 9 and held.frames == 225
    assert any("holds its picture 2.50 s longer" in warning for warning in held.warnings)
    mixed = planned(folder, f"{MIXED}audio: mix.wav\nshots:\n  - {{until: 5}}\n  - {{until: 20}}\n")
    assert (mixed.duration, mixed.mix.duration) == (20, 16)
