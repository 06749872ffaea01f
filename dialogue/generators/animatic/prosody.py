"""From a voice to poses: how open the mouth is, how wide, where the stress lies, when the eyes blink.

Loudness in the band of the vowels opens the mouth; the balance of the second formant's band against the first's
makes it wide or round. Every filter over time is symmetric, so the mouth moves with the voice, not after it.

Shapes: `n` samples, `f` frames of the shot.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.face_warp import Pose
from dialogue.generators.animatic.phones import Spoken, shapes_of, spoken
from dialogue.generators.shot_audio import SpeakerSound
from model.grid import SAMPLE_RATE

if TYPE_CHECKING:
    from dialogue.generators.generator import ShotJob
    from dialogue.planning.lanes import Lane

Curve = NDArray[np.float32]

BLOCK_SECONDS = 20.0  # of speech in memory at a time
WINDOW = 640  # samples heard per frame, 40 ms: one frame at 25 fps, two periods of the lowest voice
VOWELS = (200.0, 1100.0)  # Hz: first formants, which rise as the jaw drops
FRONT = (1500.0, 3200.0)  # Hz: second formants of front vowels (i, e), which spread the lips
RANGE_DB = 30.0  # from a shut mouth to the loudest vowels
FLOOR = 1e-5  # of full scale, -100 dBFS: below it there is no voice
BLINK_CELL = 4.0  # seconds; one blink falls in each, so the times need no memory of earlier shots
GLANCE_CELL = 4.7  # seconds; one look aside falls in each
NOD_CELL = 5.5  # seconds; whoever listens nods in some of them, once
NOD_SECONDS = 0.35  # from the start of a listener's nod to its lowest point
BLINK_SECONDS = (0.10, 0.04, 0.16)  # closing, closed, opening


@dataclass(frozen=True)
class VoiceCurves:
    """The speech of one speaker in a shot, per frame, each (f,): levels in dBFS of all of it, vowels and front."""

    level: Curve
    vowels: Curve
    front: Curve


def hear(lane: Lane, job: ShotJob) -> VoiceCurves:
    """Listen to the speaker's own speech in the shot, a block at a time; -100 dBFS where they are silent."""
    block = max(1, job.clock.frame_at(BLOCK_SECONDS))
    # A block hears a little before and after itself, so that its edges are what the whole shot would give.
    margin = job.clock.frames_covering(WINDOW / SAMPLE_RATE)
    speech, parts = SpeakerSound(lane.turns, job.clock, job.media), []
    for first in range(0, job.frames, block):
        last = min(first + block, job.frames)
        begin = first - margin
        sound = speech.between(begin, last + margin)
        origin = job.clock.sample_at(begin)
        edges = np.array([job.clock.sample_at(frame) - origin for frame in range(first, last + 1)])
        parts.append(_levels(sound, (edges[:-1] + edges[1:]) // 2))
    return VoiceCurves(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _levels(sound: NDArray[np.float32], middles: NDArray[np.int64]) -> tuple[Curve, Curve, Curve]:
    heard = sound[middles[:, None] + np.arange(-(WINDOW // 2), WINDOW // 2)]
    spectrum = np.abs(np.fft.rfft(heard * np.hanning(WINDOW))) ** 2
    hertz = np.fft.rfftfreq(WINDOW, 1 / SAMPLE_RATE)

    def level(low: float, high: float) -> Curve:
        power = spectrum[:, (hertz >= low) & (hertz < high)].sum(1) * (8 / 3) * 2 / WINDOW**2
        return np.asarray(10 * np.log10(power + FLOOR**2), np.float32)

    return level(80, 7000), level(*VOWELS), level(*FRONT)


def _blur(curve: Curve, frames: float) -> Curve:
    """A Gaussian of standard deviation `frames` over time."""
    reach = max(1, round(3 * frames))
    kernel = np.exp(-((np.arange(-reach, reach + 1) / max(frames, 1e-3)) ** 2) / 2)
    return np.asarray(np.convolve(np.pad(curve, reach, mode="edge"), kernel / kernel.sum(), "valid"), np.float32)


def _opening(voice: VoiceCurves, fps: float) -> Curve:
    """0 … 1 (f,). Relative to the speaker's own loud vowels, so that a quiet microphone moves a mouth as well."""
    silent = 20 * np.log10(FLOOR) + 1
    speaking = voice.level > silent
    if not speaking.any():
        return np.zeros_like(voice.level)
    # Where the energy is, the vowels are: a mean weighed by power hears past pauses and room noise.
    power = 10 ** (voice.vowels.astype(np.float64) / 10)
    loud = max(float((voice.vowels * power).sum() / power.sum()), -65.0) + 1.0
    open_ = np.clip((voice.vowels - (loud - RANGE_DB)) / RANGE_DB, 0, 1.1) ** 1.8
    # A jaw has mass: peaks round off over about 30 ms, and the lips shut within two frames of the last sound.
    return np.asarray(np.clip(_blur(open_, 0.032 * fps), 0, 1), np.float32)


def _spread(voice: VoiceCurves, opening: Curve, fps: float) -> Curve:
    voiced = opening > 0.08
    if voiced.sum() < 3:
        return np.zeros_like(opening)
    balance = voice.front - voice.vowels
    middle, scale = np.median(balance[voiced]), balance[voiced].std() + 3
    shape = np.tanh((balance - middle) / scale) * np.clip(opening / 0.2, 0, 1)
    return _blur(np.asarray(shape, np.float32), 0.05 * fps)


def _stress(opening: Curve, fps: float) -> Curve:
    """Where a syllable stands out of its surroundings: the head goes down with it."""
    return np.asarray(_blur(opening, 0.10 * fps) - _blur(opening, 0.45 * fps), np.float32)


@dataclass(frozen=True)
class Dice:
    """Random numbers that are one person's own in a film with this seed."""

    seed: int
    speaker: str

    def __call__(self, *more: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, zlib.crc32(self.speaker.encode()), *more))


def _drift(dice_of: Dice, seconds: NDArray[np.float64]) -> tuple[Curve, Curve]:
    """Breath (up and down) and a slight sway: slow sines whose phases are the speaker's own."""
    phases = dice_of().uniform(0, 2 * np.pi, 4)
    breath = np.sin(2 * np.pi * seconds / 3.9 + phases[0])
    slow = 0.6 * np.sin(2 * np.pi * seconds / 7.3 + phases[1]) + 0.4 * np.sin(2 * np.pi * seconds / 4.6 + phases[2])
    return np.asarray(breath, np.float32), np.asarray(slow, np.float32)


def _listening_nods(dice_of: Dice, seconds: NDArray[np.float64], opening: Curve, fps: float) -> Curve:
    """Small nods, by the speaker's own dice, where they have been silent for a while."""
    nods = np.zeros(len(seconds), np.float32)
    if not len(seconds):
        return nods
    quiet = np.clip(1 - 4 * _blur(np.clip(8 * opening, 0, 1), 0.4 * fps), 0, 1)
    for cell in range(int(seconds[0] // NOD_CELL), int(seconds[-1] // NOD_CELL) + 1):
        dice = dice_of(cell, 1)
        if dice.uniform() < 0.6:
            at = (cell + dice.uniform(0.2, 0.8)) * NOD_CELL
            depth = dice.uniform(0.35, 0.75)
            nods += (depth * np.exp(-(((seconds - at) / (0.5 * NOD_SECONDS)) ** 2))).astype(np.float32)
    return np.asarray(nods * quiet, np.float32)


def _glances(dice_of: Dice, seconds: NDArray[np.float64], opening: Curve, fps: float) -> Curve:
    """Looks aside and back, by the speaker's own dice; rarer and shorter in speech than in listening."""
    glance = np.zeros(len(seconds), np.float32)
    if not len(seconds):
        return glance
    busy = _blur(np.clip(8 * opening, 0, 1).astype(np.float32), 0.3 * fps)
    for cell in range(int(seconds[0] // GLANCE_CELL), int(seconds[-1] // GLANCE_CELL) + 1):
        dice = dice_of(cell, 2)
        side = dice.choice((-1.0, 1.0)) * dice.uniform(0.5, 1.0)
        start = (cell + dice.uniform(0.1, 0.5)) * GLANCE_CELL
        end = start + dice.uniform(0.5, 1.6)
        # Eyes jump: there in a tenth of a second, and back.
        held = np.clip(np.minimum(seconds - start, end - seconds) / 0.09 + 0.5, 0, 1)
        glance += (side * held).astype(np.float32)
    return np.asarray(glance * (1 - 0.6 * np.clip(busy, 0, 1)), np.float32)


def _blinks(dice_of: Dice, seconds: NDArray[np.float64], opening: Curve) -> Curve:
    closing, closed, opens = BLINK_SECONDS
    blink = np.zeros(len(seconds), np.float32)
    if not len(seconds):
        return blink
    for cell in range(int(seconds[0] // BLINK_CELL), int(seconds[-1] // BLINK_CELL) + 1):
        at = (cell + dice_of(cell).uniform(0.2, 0.8)) * BLINK_CELL
        near = np.flatnonzero(np.abs(seconds - at) < 0.6)
        if len(near):  # where the mouth is least busy, people blink
            at = float(seconds[near[np.argmin(opening[near] + 0.05 * np.abs(seconds[near] - at))]])
        since = seconds - at
        shape = np.minimum((since + closing) / closing, (closed + opens - since) / opens)
        blink = np.maximum(blink, np.clip(shape, 0, 1))
    return np.asarray(blink * blink * (3 - 2 * blink), np.float32)


@dataclass(frozen=True)
class Motion:
    """The poses of a shot, as curves (f,): some 30 bytes a frame, however long the shot is.

    `spread` goes from -1, round, to 1, wide; `feeling`: how much of each emotion; `sounds`: weights of shapes by the
    phones, where they are known, and how far they are under "".
    """

    opening: Curve
    spread: Curve
    nod: Curve
    sway: Curve
    blink: Curve
    feeling: Mapping[str, Curve] = field(default_factory=dict)
    sounds: Mapping[str, Curve] = field(default_factory=dict)
    glance: Curve | None = None

    def __len__(self) -> int:
        return len(self.opening)

    def __getitem__(self, frame: int) -> Pose:
        feeling = {name: float(curve[frame]) for name, curve in self.feeling.items() if curve[frame]}
        nod, sway, blink = (float(curve[frame]) for curve in (self.nod, self.sway, self.blink))
        shape = shape_of(float(self.opening[frame]), float(self.spread[frame]))
        glance = float(self.glance[frame]) if self.glance is not None else 0.0
        return Pose(self._with_sounds(shape, frame), blink, nod, sway, feeling, glance)

    def _with_sounds(self, shape: dict[str, float], frame: int) -> dict[str, float]:
        """The voice's shape where no phone is known, the phones' where they are."""
        known = float(self.sounds[""][frame]) if self.sounds else 0.0
        if known <= 0:
            return shape
        mixed = {name: (1 - known) * weight for name, weight in shape.items()}
        for name, curve in self.sounds.items():
            if name and curve[frame] > 0:
                mixed[name] = mixed.get(name, 0.0) + float(curve[frame])
        return mixed


def shape_of(opening: float, spread: float) -> dict[str, float]:
    """Weights of mouth shapes for a mouth open by 0 … 1 and spread by -1 … 1; the rest of 1 is the mouth at rest."""
    wide, rounded = max(0.0, spread), max(0.0, -spread)
    weights = {"open": opening * (1 - wide - rounded), "wide": opening * wide, "round": opening * rounded}
    return {name: weight for name, weight in weights.items() if weight > 0}


def _phones(lane: Lane) -> list[Spoken]:
    """What the speaker says, phone by phone, as far as that is known."""
    return spoken((word.sounds, word.end) for turn in lane.turns for word in turn.words)


def motion(lane: Lane, job: ShotJob) -> Motion:
    """How the speaker moves in every frame of the shot. The same job and media give the same motion.

    `lane` has a row for each frame. A speaker with no speech in the shot has an opening and a spread of exactly 0.
    """
    fps, dice = job.fps, Dice(job.seed, lane.speaker)
    voice = hear(lane, job)
    opening = _opening(voice, fps)
    seconds = np.arange(job.frames) / fps
    breath, sway = _drift(dice, seconds)
    nods = _listening_nods(dice, seconds, opening, fps)
    weights = np.array(lane.weights, np.float32).reshape(job.frames, len(lane.emotions))
    return Motion(
        opening=opening,
        spread=_spread(voice, opening, fps),
        nod=np.asarray(1.6 * _stress(opening, fps) + 0.12 * breath + nods, np.float32),
        sway=np.asarray(0.35 * sway, np.float32),
        blink=_blinks(dice, seconds, opening),
        feeling=dict(zip(lane.emotions, weights.T, strict=True)),
        glance=_glances(dice, seconds, opening, fps),
        sounds=shapes_of(_phones(lane), 0, job.frames, fps, opening),
    )
