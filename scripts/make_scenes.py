"""Make the media of the example scenes: voices spoken by espeak-ng, pictures drawn, both the same every time.

    python -m scripts.make_scenes [NAME…]

Needs `espeak-ng` on the PATH; what it makes is committed, so nobody else does. The scenes' own files (scene.yaml) are
written by hand and left alone; `truth.rttm` beside each says who really speaks when, for the tests.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from scripts.actors import RATE, READY, Actor, Utterance, performed, rttm, save_sound, tracks
from scripts.tiny.clips import FACE_BOX, Placed, Stage, portrait, render, still_acting

ROOT = Path(__file__).parents[1]
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
ASHA, LEON, EDITH = READY["asha"], READY["leon"], READY["edith"]
PARCEL = (
    Utterance(ASHA, "A parcel came for you.", 0.4),
    Utterance(LEON, "For me? How wonderful!"),
    Utterance(ASHA, "Careful. It is ticking."),
    Utterance(LEON, "Ticking? Oh! It is a clock."),
    Utterance(ASHA, "You bought a clock? We have nine!"),
    Utterance(LEON, "It was the last one they had."),
    Utterance(ASHA, "And why does it smell of fish?"),
    Utterance(LEON, "That is the other parcel."),
)
FABLE = (  # Aesop's, long in the public domain
    Utterance(EDITH, "Sit down, and I will tell you a story that is older than all of us.", 0.5),
    Utterance(EDITH, "The North Wind and the Sun could not agree which of them was the stronger.", 0.8),
    Utterance(
        EDITH,
        "A traveller came along, wrapped in a warm cloak, and they said: whoever makes him take it off, has won.",
        0.7,
    ),
    Utterance(EDITH, "Then the North Wind blew as hard as he could!", 0.8),
    Utterance(EDITH, "But the more he blew, the closer did the traveller fold the cloak around him.", 0.6),
    Utterance(EDITH, "He pulled his hat down to his nose, and did not look up again.", 0.6),
    Utterance(EDITH, "And at last the North Wind gave up, and wept a little rain.", 0.7),
    Utterance(EDITH, "Then the Sun shone, warm and friendly, and the birds began to sing.", 0.9),
    Utterance(EDITH, "And what do you think? The traveller took off his cloak at once!", 0.6),
    Utterance(EDITH, "So the North Wind had to say it, though he hated every word: the Sun was the stronger.", 0.8),
    Utterance(EDITH, "Whenever somebody shouts at you, think of the Sun, and smile.", 0.9),
    Utterance(EDITH, "My grandmother told me that, by the fire, when I was small.", 0.8),
)


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


def wind(seconds: float) -> np.ndarray:
    """(n,) at the voices' rate: noise without its heights, that swells and dies down, and ends as it begins."""
    n = round(seconds * RATE)
    hertz = np.fft.rfftfreq(n, 1 / RATE)
    dice = np.random.default_rng(11)
    spectrum = np.exp(2j * np.pi * dice.random(len(hertz))) / np.sqrt(1 + (hertz / 400) ** 3) * (hertz > 60)
    sound = np.fft.irfft(spectrum, n) * (1 + 0.35 * np.sin(2 * np.pi * np.arange(n) / n))
    return np.asarray(0.5 * sound / np.abs(sound).max(), np.float32)


def bell(seconds: float) -> np.ndarray:
    """(n,) at the voices' rate: one stroke of a station bell."""
    t = np.arange(round(seconds * RATE)) / RATE
    tones = ((523, 1.0, 3.0), (1046, 0.6, 4.0), (1570, 0.35, 6.0), (2813, 0.2, 9.0))
    stroke = sum(level * np.sin(2 * np.pi * hertz * t) * np.exp(-t * fall) for hertz, level, fall in tones)
    come = np.minimum(1, t / 0.003) * np.minimum(1, (seconds - t) / 0.05)
    return np.asarray(0.3 * stroke * come, np.float32)


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
    save_sound(folder / "wind.flac", wind(4.0))
    save_sound(folder / "bell.flac", bell(1.6))
    save_picture(folder / "platform.png", Stage("city", side_by_side((INES, TOM), 704, 704, 112), 704, 704, 5))
    save_picture(folder / "close_ines.png", Stage("city", (Placed(INES.face, 352, 330, 128),), 704, 704, 5))
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


def emotions(folder: Path) -> None:
    """Two ready characters, and another emotion in every line."""
    heard = performed(PARCEL)
    for number, line in enumerate(heard, 1):
        save_sound(folder / f"{number:02d}_{line.actor}.flac", line.wave)
    (folder / "truth.rttm").write_text(rttm("emotions", heard, {}))
    save_picture(folder / "room.png", Stage("room", side_by_side((ASHA, LEON), 768, 512, 88), 512, 768, 4))


def minute(folder: Path) -> None:
    """One who talks for a minute; the times of the lines are printed, ready for a scene."""
    heard = performed(FABLE)
    save_sound(folder / "edith.flac", tracks(heard, tail=0.8)["edith"])
    (folder / "truth.rttm").write_text(rttm("minute", heard, {}))
    save_picture(folder / "library.png", Stage("library", side_by_side((EDITH,), 512, 512, 84), 512, 512, 6))
    for line in heard:
        print(f"  from: {line.start:.2f}, to: {line.end:.2f}")


SCENES = {
    "two_hander": (two_hander, ROOT / "scenes/two_hander"),
    "interruption": (interruption, ROOT / "scenes/interruption"),
    "three_at_a_table": (three_at_a_table, ROOT / "scenes/three_at_a_table"),
    "emotions": (emotions, ROOT / "scenes/emotions"),
    "minute": (minute, ROOT / "scenes/minute"),
}


def main() -> None:
    for name in sys.argv[1:] or SCENES:
        make, folder = SCENES[name]
        folder.mkdir(parents=True, exist_ok=True)
        print(name)
        make(folder)


if __name__ == "__main__":
    main()
