"""Scenes for the planner's tests: YAML as a writer would have it, measures as they would be, no media behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from dialogue.generators.choice import generator_for
from dialogue.ground.box import Box
from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.measures.look import measure
from dialogue.measures.measures import Measures
from dialogue.media.media import FoundFace, Picture, Recording
from dialogue.planning.choice import Canvas, Choice
from dialogue.planning.plan import Plan
from dialogue.planning.planner import make_plan
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.scene import AudioRef

ANIMATIC = Choice("animatic", "named by the test", Canvas(2, 704 * 704), None)
WINDOWED = Choice("hunyuan-avatar", "named by the test", Canvas(64, 704 * 704), 33)

TWO = """\
scene: 1
cast:
  ana: {name: Ana Ruiz, track: ana.wav, face: [120, 80, 180, 200]}
  ben: {track: ben.wav, face: [420, 90, 170, 190]}
picture: two.png
"""
MIXED = """\
scene: 1
cast:
  ana: {face: [120, 80, 180, 200]}
  ben: {face: [420, 90, 170, 190]}
picture: two.png
audio: mix.wav
"""


def scene_file(folder: Path, text: str, files: Sequence[str] = ()) -> SceneFile:
    """The scene in `folder`; the files it names are there, though empty."""
    for name in ("ana.wav", "ben.wav", "mix.wav", "two.png", "close.png", *files):
        (folder / name).touch()
    path = folder / "scene.yaml"
    path.write_text(text, encoding="utf-8")
    return read_scene(path)


def measured(
    duration: float = 20.0,
    speech: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    diarization: Sequence[tuple[float, float, str]] = (),
    faces: Mapping[str, Sequence[tuple[float, float, float, float]]] | None = None,
    recordings: Mapping[str, float] | None = None,
) -> Measures:
    """Measures of the files above; every picture is 768 x 512."""
    durations = {name: duration for name in ("ana.wav", "ben.wav", "mix.wav")} | dict(recordings or {})
    return Measures(
        recordings={n: Recording(n, length, 48_000, 1, ("1",)) for n, length in durations.items()},
        pictures={name: Picture(name, 768, 512) for name in ("two.png", "close.png")},
        faces={n: tuple(FoundFace(Box(*box), 1.0, "test") for box in found) for n, found in (faces or {}).items()},
        speech={
            AudioRef(path=name): tuple(Segment(*edges) for edges in segments)
            for name, segments in (speech or {}).items()
        },
        diarization=tuple(LabelledSegment(*turn) for turn in diarization),
    )


def planned(folder: Path, text: str, measures: Measures, choice: Choice = ANIMATIC, files: Sequence[str] = ()) -> Plan:
    return make_plan(scene_file(folder, text, files), measures, choice)


def plan_of(file: SceneFile) -> Plan:
    """The plan of a scene whose media are there, as the program makes it."""
    measures = measure(file)
    return make_plan(file, measures, generator_for(file, measures))


def times(plan: Plan, speaker: str) -> list[tuple[float, float]]:
    return [(turn.start, turn.end) for turn in plan.turns if turn.speaker == speaker]
