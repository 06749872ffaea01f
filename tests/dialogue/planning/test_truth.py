"""Plans of real sound against what is true of it: the example scenes, and recordings nobody of the project made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from planned_scenes import ANIMATIC, WINDOWED

from dialogue.formats.rttm import read_rttm
from dialogue.formats.turns import read_turns
from dialogue.measures.look import measure
from dialogue.measures.measures import Measures
from dialogue.media.media import Picture, Recording
from dialogue.planning.plan import Plan
from dialogue.planning.plan_json import parse_plan, plan_text
from dialogue.planning.planner import make_plan
from dialogue.scene.reader import read_scene

ROOT = Path(__file__).parents[3]
MEDIA = ROOT.parent / "shared/media"
GOLDEN = ROOT / "tests/golden/plans"
SCENES = ROOT / "tests/dialogue/scenes"
NEAR = 0.060  # seconds
LOOSE = ("words", "start", "end", "view", "box", "mouth")  # compared by nearness, or models may be absent
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="the recordings beside the repository are not here")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def plan_of(path: Path, choice: object = ANIMATIC) -> Plan:
    file = read_scene(path)
    return make_plan(file, measure(file), choice)  # type: ignore[arg-type]


def stretches(turns: Sequence[tuple[float, float]], pause: float) -> list[tuple[float, float]]:
    """Turns joined over pauses: where a person begins and where they have done."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(turns):
        if joined and start - joined[-1][1] < pause:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def agree(
    plan: Plan, truth: Mapping[str, Sequence[tuple[float, float]]], near: float = NEAR, pause: float = 0.0
) -> None:
    """Every turn of everybody begins and ends within `near` seconds of the truth."""
    assert {turn.speaker for turn in plan.turns} == set(truth)
    for speaker, true in truth.items():
        found = stretches([(turn.start, turn.end) for turn in plan.turns if turn.speaker == speaker], pause)
        assert len(found) == len(true), (speaker, found, true)
        for (start, end), (true_start, true_end) in zip(found, true, strict=True):
            assert abs(start - true_start) <= near and abs(end - true_end) <= near, (speaker, start, end)


def golden(name: str, plan: Plan) -> None:
    """The plan is that of the golden file, times of found speech to 20 ms. DIALOGUE_WRITE_GOLDEN=1 writes it anew."""
    path = GOLDEN / f"{name}.json"
    if os.environ.get("DIALOGUE_WRITE_GOLDEN"):
        path.write_text(plan_text(plan), encoding="utf-8")
    expected = parse_plan(path.read_text(encoding="utf-8"), path.name)[0]

    def loose(value: object) -> object:
        if isinstance(value, dict):
            return {key: loose(item) for key, item in value.items() if key not in LOOSE}
        return [loose(item) for item in value] if isinstance(value, list) else value

    assert loose(json.loads(plan_text(plan))) == loose(json.loads(plan_text(expected)))
    for found, known in zip(plan.turns, expected.turns, strict=True):
        assert (found.start, found.end) == pytest.approx((known.start, known.end), abs=0.02)
    for shot, known_shot in zip(plan.shots, expected.shots, strict=True):
        assert abs(shot.start - known_shot.start) <= 1 and abs(shot.end - known_shot.end) <= 1
        assert shot.view.to_list() == pytest.approx(known_shot.view.to_list(), abs=0.01)
        for face, known_face in zip(shot.faces, known_shot.faces, strict=True):
            assert face.box.to_list() == pytest.approx(known_face.box.to_list(), abs=0.01)


@pytest.mark.parametrize("name", ["two_hander", "interruption", "three_at_a_table"])
def test_example_scenes_are_planned_as_they_were_made(name: str) -> None:
    """Two tracks, recordings per line, a diarization: known to the sample, for the voices were synthesised."""
    folder = ROOT / "scenes" / name
    plan = plan_of(folder / "scene.yaml")
    truth: dict[str, list[tuple[float, float]]] = {}
    for segment in next(iter(read_rttm(folder / "truth.rttm").values())):
        truth.setdefault(segment.label, []).append((segment.start, segment.end))
    agree(plan, truth)
    golden(name, plan)


def test_the_same_scene_for_a_generator_with_windows() -> None:
    golden("interruption_windowed", plan_of(ROOT / "scenes/interruption/scene.yaml", WINDOWED))


def test_two_plans_of_one_scene_are_the_same_text() -> None:
    path = ROOT / "scenes/two_hander/scene.yaml"
    assert plan_text(plan_of(path)) == plan_text(plan_of(path))


@needs_media
def test_a_two_host_dialogue_of_known_times() -> None:
    """Six turns of a podcast laid out by after, gap and a pause: edges within 60 ms of the truth (they are exact)."""
    import soundfile

    plan = plan_of(SCENES / "podcast.yaml")
    names = ["1_question", "1_answer", "2_question", "2_answer", "3_question", "3_answer"]
    lengths = [soundfile.info(MEDIA / f"podcastfy/turns/{name}.mp3").duration for name in names]
    at, truth = 0.0, []
    for length, silence in zip(lengths, [0.4, -0.25, 0.4, 1.5, 0.1, 0.0], strict=True):
        truth.append((at, at + length))
        at += length + silence
    agree(plan, {"host": truth[::2], "guest": truth[1::2]})
    assert abs(plan.duration - truth[-1][1]) <= NEAR


@needs_media
def test_the_same_dialogue_found_in_two_tracks(tmp_path: Path) -> None:
    """Each host's turns on a track of their own, and nothing said of when: where each begins and ends is heard."""
    import numpy as np
    import soundfile

    tracks: dict[str, list[tuple[float, str]]] = {"host": [], "guest": []}
    truth: dict[str, list[tuple[float, float]]] = {"host": [], "guest": []}
    at = 0.7
    for number, (speaker, name) in enumerate([("host", "1_question"), ("guest", "1_answer"), ("host", "2_question")]):
        sound, rate = soundfile.read(MEDIA / f"podcastfy/turns/{name}.mp3")
        loud = np.flatnonzero(np.abs(sound) > 0.01)
        truth[speaker].append((at + loud[0] / rate, at + loud[-1] / rate))
        tracks[speaker].append((at, name))
        at += len(sound) / rate + [1.2, 1.5, 0.0][number]
    for speaker, pieces in tracks.items():
        track = np.zeros(int((at + 1) * 24_000))
        for start, name in pieces:
            sound, rate = soundfile.read(MEDIA / f"podcastfy/turns/{name}.mp3")
            track[int(start * rate) : int(start * rate) + len(sound)] += sound
        soundfile.write(tmp_path / f"{speaker}.wav", track, 24_000)
    (tmp_path / "two.png").symlink_to(MEDIA / "MultiTalk/images/multi1.png")
    (tmp_path / "scene.yaml").write_text(
        "scene: 1\ncast:\n  host: {track: host.wav, face: [500, 260, 390, 490]}\n"
        "  guest: {track: guest.wav, face: [2065, 330, 275, 425]}\npicture: two.png\n"
    )
    agree(plan_of(tmp_path / "scene.yaml"), truth, pause=1.15)


@needs_media
def test_multitalk_jobs() -> None:
    one_after_the_other = plan_of(SCENES / "multitalk_1.yaml")
    assert [turn.speaker for turn in one_after_the_other.turns] == ["man", "woman"]
    assert one_after_the_other.turns[1].start == one_after_the_other.turns[0].end
    golden("multitalk_1", one_after_the_other)
    tracks = plan_of(SCENES / "multitalk_3.yaml", WINDOWED)
    assert {turn.speaker for turn in tracks.turns if turn.start < 4.5} == {"man"}
    assert {turn.speaker for turn in tracks.turns if turn.start > 4.5} == {"woman"}
    golden("multitalk_3", tracks)


@needs_media
def test_one_talker_per_channel() -> None:
    plan = plan_of(SCENES / "stereo.yaml")
    assert {(turn.speaker, turn.audio.channel) for turn in plan.turns} == {("first", 1), ("second", 2)}
    golden("stereo", plan)


def mixed_plan(
    folder: Path, turns_file: Path, recording: str | None = None
) -> tuple[Plan, list[tuple[str, float, float]]]:
    """A plan of a mix whose turns are in a file; each label is a member of the cast."""
    turns = read_turns(turns_file, recording)
    labels = list(dict.fromkeys(turn.label for turn in turns))
    (folder / "mix.wav").touch()
    (folder / "p.png").touch()
    (folder / turns_file.name).write_bytes(turns_file.read_bytes())
    cast = "".join(
        f"  s{i}: {{voice: {{speaker: {json.dumps(label)}}}, face: [{10 + 60 * i}, 100, 40, 50]}}\n"
        for i, label in enumerate(labels)
    )
    text = f"scene: 1\ncast:\n{cast}picture: p.png\naudio: mix.wav\ndiarization: {turns_file.name}\n"
    (folder / "scene.yaml").write_text(text, encoding="utf-8")
    length = max(turn.end for turn in turns) + 1
    recordings = {"mix.wav": Recording("mix.wav", length, 16_000, 1, ("1",))}
    pictures = {"p.png": Picture("p.png", 60 * len(labels) + 20, 400)}
    plan = make_plan(read_scene(folder / "scene.yaml"), Measures(recordings, pictures, diarization=turns), WINDOWED)
    return plan, [(f"s{labels.index(turn.label)}", turn.start, turn.end) for turn in turns]


RTTMS = ["AMI-diarization-setup/only_words/rttms/dev/ES2011a.rttm", "pyannote-audio/sample.rttm"]


@needs_media
@pytest.mark.parametrize(
    "name", [*RTTMS, *sorted(f"voxconverse/dev/{p.name}" for p in MEDIA.glob("voxconverse/dev/*"))]
)
def test_real_rttm_keeps_everybodys_time(tmp_path: Path, name: str) -> None:
    """Who speaks at any time is the same in plan and file, overlaps and all."""
    plan, truth = mixed_plan(tmp_path, MEDIA / name)
    events = sorted({edge for _, start, end in truth for edge in (start, end)})
    for before, after in zip(events, events[1:], strict=False):
        middle = (before + after) / 2
        expected = {speaker for speaker, start, end in truth if start <= middle < end}
        assert {turn.speaker for turn in plan.turns if turn.start <= middle < turn.end} == expected
    for index, turn in enumerate(plan.turns):
        assert all(other.speaker != turn.speaker or other.start >= turn.end for other in plan.turns[index + 1 :])
    assert all(shot.frames <= 789 for shot in plan.shots)


def test_captions_with_voices_and_names_bring_their_words(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    vtt, srt = tmp_path / "a/talk.vtt", tmp_path / "a/talk.srt"
    vtt.write_text(
        "WEBVTT\n\n00:01.000 --> 00:03.000\n<v Ana Ruiz>Hello there.\n\n00:02.500 --> 00:04.000\n<v Ben>Hi!\n"
    )
    srt.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\nAna Ruiz: Hello there.\n\n2\n00:00:02,500 --> 00:00:04,000\nBen: Hi!\n"
    )
    for path in (vtt, srt):
        plan, _ = mixed_plan(tmp_path, path)
        assert [(turn.start, turn.end, turn.text) for turn in plan.turns] == [
            (1.0, 3.0, "Hello there."),
            (2.5, 4.0, "Hi!"),
        ]
