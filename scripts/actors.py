"""Actors: somebody with a drawn look and an espeak-ng voice, and their lines as sound. The same every time.

Speaking needs `espeak-ng` on the PATH.
"""

from __future__ import annotations

import math
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from scripts.tiny.looks import Look, sample_look

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


READY = {  # the ready characters, whom training never saw
    "juma": Actor("juma", "en-us+m3", 101, pitch=42),
    "marek": Actor("marek", "en-gb+m1", 103, pitch=30),
    "edith": Actor("edith", "en-gb+f2", 104, pitch=44, words_per_minute=145),
    "ruby": Actor("ruby", "en-us+f3", 112, pitch=60),
    "freya": Actor("freya", "en-gb+f4", 114, pitch=52),
    "leon": Actor("leon", "en-us+m7", 118, pitch=45, words_per_minute=175),
    "mei": Actor("mei", "en-us+f5", 127, pitch=66),
    "asha": Actor("asha", "en-us+f1", 133, pitch=50),
}


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
