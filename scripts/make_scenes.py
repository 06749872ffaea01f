"""Make the media of the example scenes: voices spoken by espeak-ng, pictures drawn, both the same every time.

    python -m scripts.make_scenes [NAME…]

Needs `espeak-ng` on the PATH; what it makes is committed, so nobody else does. The scenes' own files (scene.yaml) are
written by hand and left alone; `truth.rttm` beside each says who really speaks when, for the tests.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image
from scipy.signal import resample_poly

from scripts.tiny.clips import FACE_BOX, Placed, Stage, portrait, render, still_acting
from scripts.tiny.looks import Look, sample_look

ROOT = Path(__file__).parents[1]
RATE = 16_000
LEVEL = 0.07  # RMS of a voice while it speaks: -23 LUFS, the level of broadcasts
FADE = 0.008  # seconds
Wave = NDArray[np.float32]


@dataclass(frozen=True)
class Actor:
    """Somebody of the cast: an espeak-ng voice, and the seed of a drawn look."""

    id: str
    voice: str
    look: int
    pitch: int = 50
    words_per_minute: int = 165

    @property
    def face(self) -> Look:
        return sample_look(2_000_000 + self.look)


@dataclass(frozen=True)
class Utterance:
    """A line: who, what, and how many seconds after the end of the one before (negative: over it)."""

    actor: Actor
    text: str
    after: float = 0.35


@dataclass(frozen=True)
class Heard:
    """A line as it is heard: whose, its sound, and when it starts, in seconds."""

    actor: str
    wave: Wave
    start: float

    @property
    def end(self) -> float:
        return self.start + self.wave.size / RATE


ANA = Actor("ana", "en-us+f3", 2, pitch=55)
BEN = Actor("ben", "en-gb+m3", 16, pitch=38)
INES = Actor("ines", "en-gb+f4", 12, pitch=48)
TOM = Actor("tom", "en-us+m7", 28, pitch=45, words_per_minute=180)
NOOR = Actor("noor", "en-gb+f2", 26, pitch=60)
OTTO = Actor("otto", "en-us+m1", 10, pitch=30, words_per_minute=150)
PIA = Actor("pia", "en-us+f5", 11, pitch=72, words_per_minute=175)

LIGHTHOUSE = (
    Utterance(ANA, "Did you hear that?", 0.5),
    Utterance(BEN, "Hear what?"),
    Utterance(ANA, "The lighthouse. Somebody has lit the lamp."),
    Utterance(BEN, "Nobody has lived there for twenty years."),
    Utterance(ANA, "Then who is waving at us?", 0.6),
)
MISSED_TRAIN = (
    Utterance(INES, "You said the train leaves at nine, so I came at ten to nine, and the platform was empty.", 0.0),
    Utterance(TOM, "I said eight.", -0.3),
    Utterance(INES, "You said nine!"),
    Utterance(TOM, "Well. There is another one tomorrow.", 0.8),
    Utterance(INES, "Tomorrow!", -0.3),
)
TABLE_TALK = (
    Utterance(NOOR, "Welcome back. Today we talk about bread.", 0.4),
    Utterance(OTTO, "Flour, water and salt. That is all there is to say."),
    Utterance(PIA, "And time! Everybody forgets the time.", -0.25),
    Utterance(NOOR, "How long does yours take, Otto?"),
    Utterance(OTTO, "Two days.", 0.5),
    Utterance(PIA, "Two days?", -0.1),
    Utterance(OTTO, "It is very good bread."),
)
HELLO = (
    Utterance(ANA, "Hello Ben. Are we on film?", 0.4),
    Utterance(BEN, "It looks like it. Say something!"),
    Utterance(ANA, "Something."),
)


def spoken(utterance: Utterance) -> Wave:
    """The line as 16 kHz mono, without the silence around it, at the level of all voices."""
    actor = utterance.actor
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        command = ["espeak-ng", "-v", actor.voice, "-p", str(actor.pitch), "-s", str(actor.words_per_minute)]
        subprocess.run([*command, "-w", str(path), utterance.text], check=True)
        wave, rate = soundfile.read(path, dtype="float32")
    shared = math.gcd(rate, RATE)
    wave = resample_poly(wave, RATE // shared, rate // shared).astype(np.float32)
    loud = np.flatnonzero(np.abs(wave) > 0.01)
    wave = wave[max(0, loud[0] - 160) : loud[-1] + 320]
    wave *= LEVEL / np.sqrt(np.mean(wave**2))
    ramp = np.linspace(0, 1, int(FADE * RATE), dtype=np.float32)
    wave[: ramp.size] *= ramp
    wave[-ramp.size :] *= ramp[::-1]
    return np.clip(wave, -0.99, 0.99)


def performed(lines: Sequence[Utterance]) -> list[Heard]:
    """The lines spoken one after the other."""
    heard: list[Heard] = []
    for line in lines:
        start = (heard[-1].end if heard else 0.0) + line.after
        heard.append(Heard(line.actor.id, spoken(line), start))
    return heard


def tracks(heard: Sequence[Heard], tail: float = 0.6) -> dict[str, Wave]:
    """A microphone for each actor, all as long as the scene."""
    length = max(round(line.start * RATE) + line.wave.size for line in heard) + round(tail * RATE)
    found: dict[str, Wave] = {}
    for line in heard:
        first = round(line.start * RATE)
        found.setdefault(line.actor, np.zeros(length, np.float32))[first : first + line.wave.size] += line.wave
    return found


def rttm(name: str, heard: Sequence[Heard], labels: Mapping[str, str]) -> str:
    """Who speaks when, as RTTM; an actor without a label is called by their id."""
    return "".join(
        f"SPEAKER {name} 1 {line.start:.3f} {line.end - line.start:.3f} <NA> <NA> "
        f"{labels.get(line.actor, line.actor)} <NA> <NA>\n"
        for line in sorted(heard, key=lambda line: line.start)
    )


def save_sound(path: Path, wave: Wave) -> None:
    soundfile.write(path, wave, RATE, subtype="PCM_16", format="FLAC")


def save_picture(path: Path, stage: Stage) -> None:
    """The stage with everybody silent; the faces' boxes are printed, ready for a scene."""
    frame = render(stage, tuple(still_acting("neutral", 0.0) for _ in stage.faces))[0]
    Image.fromarray(frame.permute(1, 2, 0).numpy()).save(path, optimize=True)
    for face in stage.faces:
        x0, y0, x1, y1 = (c + face.radius * e for c, e in zip((face.x, face.y) * 2, FACE_BOX, strict=True))
        print(f"  {path.name}: face [{x0:.0f}, {y0:.0f}, {x1 - x0:.0f}, {y1 - y0:.0f}]")


def save_portrait(path: Path, actor: Actor, emotion: str) -> None:
    """The actor alone in an emotion."""
    picture = portrait(actor.face, emotion, 1.0 if emotion != "neutral" else 0.0, size=256)
    Image.fromarray(picture.permute(1, 2, 0).numpy()).save(path, optimize=True)


def side_by_side(actors: Sequence[Actor], width: int, height: int, radius: float) -> tuple[Placed, ...]:
    slot = width / len(actors)
    return tuple(Placed(actor.face, slot * (i + 0.5), height * 0.47, radius) for i, actor in enumerate(actors))


def two_hander(folder: Path) -> None:
    """Two speakers, a track each."""
    heard = performed(LIGHTHOUSE)
    for name, track in tracks(heard).items():
        save_sound(folder / f"{name}.flac", track)
    (folder / "truth.rttm").write_text(rttm("two_hander", heard, {}))
    save_picture(folder / "night.png", Stage("night", side_by_side((ANA, BEN), 704, 704, 112), 704, 704, 3))
    for actor, emotion in ((ANA, "neutral"), (ANA, "fear"), (BEN, "neutral"), (BEN, "joy")):
        save_portrait(folder / f"{actor.id}_{emotion}.png", actor, emotion)


def interruption(folder: Path) -> None:
    """Lines with recordings of their own, one over the other."""
    heard = performed(MISSED_TRAIN)
    for number, line in enumerate(heard, 1):
        save_sound(folder / f"{number:02d}_{line.actor}.flac", line.wave)
    (folder / "truth.rttm").write_text(rttm("interruption", heard, {}))
    save_picture(folder / "platform.png", Stage("city", side_by_side((INES, TOM), 704, 704, 112), 704, 704, 5))
    save_picture(folder / "close_ines.png", Stage("city", (Placed(INES.face, 352, 340, 190),), 704, 704, 5))
    for emotion in ("neutral", "anger", "surprise"):
        save_portrait(folder / f"ines_{emotion}.png", INES, emotion)


def three_at_a_table(folder: Path) -> None:
    """One recording of three, and who speaks when in a file."""
    heard = performed(TABLE_TALK)
    save_sound(folder / "talk.flac", np.sum(list(tracks(heard).values()), axis=0))
    labels = {"noor": "SPEAKER_00", "otto": "SPEAKER_01", "pia": "SPEAKER_02"}
    (folder / "talk.rttm").write_text(rttm("talk", heard, labels))
    (folder / "truth.rttm").write_text(rttm("three_at_a_table", heard, {}))
    faces = side_by_side((NOOR, OTTO, PIA), 1024, 576, 98)
    save_picture(folder / "table.png", Stage("room", faces, 576, 1024, 8, table=True))


def starter(folder: Path) -> None:
    """What `dialogue init` copies: two speakers, a track each, in six seconds."""
    for name, track in tracks(performed(HELLO), tail=0.4).items():
        save_sound(folder / f"{name}.flac", track)
    save_picture(folder / "two_people.png", Stage("sea", side_by_side((ANA, BEN), 512, 512, 82), 512, 512, 2))


SCENES = {
    "two_hander": (two_hander, ROOT / "scenes/two_hander"),
    "interruption": (interruption, ROOT / "scenes/interruption"),
    "three_at_a_table": (three_at_a_table, ROOT / "scenes/three_at_a_table"),
    "starter": (starter, ROOT / "dialogue/scene/starter"),
}


def main() -> None:
    for name in sys.argv[1:] or SCENES:
        make, folder = SCENES[name]
        folder.mkdir(parents=True, exist_ok=True)
        print(name)
        make(folder)


if __name__ == "__main__":
    main()
