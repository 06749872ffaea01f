"""Two microphones of one talk for the tests, put together from the voices of an example scene.

`ana` and `ben` are (n,) float32 at `RATE`, 16 s each; who speaks when is known, and nobody hears the other.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from dialogue.measures.look import measure
from dialogue.planning.choice import Canvas, Choice
from dialogue.planning.plan import Plan
from dialogue.planning.planner import make_plan
from dialogue.rendering import ffmpeg
from dialogue.scene.reader import read_scene

Sound = NDArray[np.float32]

VOICES = Path(__file__).parents[2] / "scenes" / "interruption"
RATE, SECONDS = 48_000, 16
LINES = {"ana": [("03_ines", 0.5), ("01_ines", 5.0)], "ben": [("02_tom", 1.8), ("04_tom", 12.2)]}
ANIMATIC = Choice("animatic", "named by the test", Canvas(2, 704 * 704), None)
PLAIN = """\
scene: 1
cast:
  ana: {track: ana.wav, face: [64, 196, 224, 274]}
  ben: {track: ben.wav, face: [416, 196, 224, 274]}
picture: two.png
"""
MIXED = """\
scene: 1
cast:
  ana: {face: [64, 196, 224, 274]}
  ben: {face: [416, 196, 224, 274]}
picture: two.png
diarization: truth.rttm
"""


def microphone(name: str) -> Sound:
    track = np.zeros(RATE * SECONDS, np.float32)
    for line, start in LINES[name]:
        voice, rate = soundfile.read(VOICES / f"{line}.flac", dtype="float32")
        at = np.arange(round(len(voice) * RATE / rate)) * rate / RATE
        first = round(start * RATE)
        heard = np.interp(at, np.arange(len(voice)), voice).astype(np.float32)[: len(track) - first]
        track[first : first + len(heard)] += heard
    return track


def talk(folder: Path) -> tuple[Sound, Sound]:
    """ana.wav, ben.wav, mix.wav, two.png and truth.rttm in the folder; the two microphones."""
    ana, ben = microphone("ana"), microphone("ben")
    for name, sound in (("ana", ana), ("ben", ben), ("mix", (ana + ben) / 2)):
        soundfile.write(folder / f"{name}.wav", sound, RATE)
    shutil.copy(VOICES / "platform.png", folder / "two.png")
    turns = [
        f"SPEAKER mix 1 {start} 1.0 <NA> <NA> {name} <NA> <NA>\n" for name, lines in LINES.items() for _, start in lines
    ]
    (folder / "truth.rttm").write_text("".join(turns), encoding="utf-8")
    return ana, ben


def convert(folder: Path, *args: str) -> None:
    """ffmpeg, in the folder."""
    subprocess.run([ffmpeg.binary(), "-y", "-loglevel", "error", *args], check=True, cwd=folder)


def planned(folder: Path, text: str) -> Plan:
    """The plan of a scene in the folder, its media measured."""
    (folder / "scene.yaml").write_text(text, encoding="utf-8")
    file = read_scene(folder / "scene.yaml")
    return make_plan(file, measure(file), ANIMATIC)


def starts(plan: Plan, speaker: str) -> list[float]:
    """When each of the speaker's turns begins that follows a silence of a second."""
    found: list[float] = []
    end = -10.0
    for turn in (turn for turn in plan.turns if turn.speaker == speaker):
        if turn.start > end + 1:
            found.append(round(turn.start, 2))
        end = turn.end
    return found
