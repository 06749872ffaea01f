"""From a voice to poses: how open the mouth is, how wide, where the stress lies, when the eyes blink.

Loudness in the band of the vowels opens the mouth; the balance of the second formant's band against the first's
spreads or rounds it. Every filter over time is symmetric, so the mouth moves with the voice, not after it.

Shapes: `n` samples, `f` frames of the shot.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.face_warp import Pose
from dialogue.generators.shot_audio import SpeakerSound
from model.grid import SAMPLE_RATE

if TYPE_CHECKING:
    from dialogue.planning.plan import Plan, Shot

Curve = NDArray[np.float32]

BLOCK_SECONDS = 20.0  # of speech in memory at a time
WINDOW = 640  # samples heard per frame, 40 ms: one frame at 25 fps, two periods of the lowest voice
VOWELS = (200.0, 1100.0)  # Hz: first formants, which rise as the jaw drops
FRONT = (1500.0, 3200.0)  # Hz: second formants of front vowels (i, e), which spread the lips
RANGE_DB = 30.0  # from a shut mouth to the loudest vowels
FLOOR = 1e-5  # of full scale, -100 dBFS: below it there is no voice
BLINK_CELL = 4.0  # seconds; one blink falls in each, so the times need no memory of earlier shots
BLINK_SECONDS = (0.10, 0.04, 0.16)  # closing, closed, opening


@dataclass(frozen=True)
class Voice:
    """The speech of one speaker in a shot, per frame, each (f,): levels in dBFS of all of it, vowels and front."""

    level: Curve
    vowels: Curve
    front: Curve


def hear(plan: Plan, speaker_id: str, shot: Shot, media: Path) -> Voice:
    """Listen to the speaker's own speech in the shot, a block at a time; -100 dBFS where they are silent."""
    block = max(1, plan.clock.frame_at(BLOCK_SECONDS))
    # A block hears a little before and after itself, so that its edges are what the whole shot would give.
    margin = plan.clock.frames_covering(WINDOW / SAMPLE_RATE)
    speech, parts = SpeakerSound(plan, speaker_id, media), []
    for first in range(shot.start, shot.end, block):
        last = min(first + block, shot.end)
        begin = first - margin
        sound = speech.between(begin, last + margin)
        origin = plan.clock.sample_at(begin)
        edges = np.array([plan.clock.sample_at(frame) - origin for frame in range(first, last + 1)])
        parts.append(_levels(sound, (edges[:-1] + edges[1:]) // 2))
    return Voice(*(np.concatenate(part) for part in zip(*parts, strict=True)))


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


def _opening(voice: Voice, fps: float) -> Curve:
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


def _spread(voice: Voice, opening: Curve, fps: float) -> Curve:
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


def _generator(plan: Plan, speaker_id: str, *more: int) -> np.random.Generator:
    return np.random.default_rng((plan.seed, zlib.crc32(speaker_id.encode()), *more))


def _drift(plan: Plan, speaker_id: str, seconds: NDArray[np.float64]) -> tuple[Curve, Curve]:
    """Breath (up and down) and a slight sway: slow sines whose phases are the speaker's own."""
    phases = _generator(plan, speaker_id).uniform(0, 2 * np.pi, 4)
    breath = np.sin(2 * np.pi * seconds / 3.9 + phases[0])
    slow = 0.6 * np.sin(2 * np.pi * seconds / 7.3 + phases[1]) + 0.4 * np.sin(2 * np.pi * seconds / 4.6 + phases[2])
    return np.asarray(breath, np.float32), np.asarray(slow, np.float32)


def _blinks(plan: Plan, speaker_id: str, shot: Shot, opening: Curve) -> Curve:
    fps = float(plan.fps)
    seconds = np.arange(shot.start, shot.end) / fps
    closing, closed, opens = BLINK_SECONDS
    blink = np.zeros(shot.frames, np.float32)
    if not shot.frames:
        return blink
    for cell in range(int(seconds[0] // BLINK_CELL), int(seconds[-1] // BLINK_CELL) + 1):
        at = (cell + _generator(plan, speaker_id, cell).uniform(0.2, 0.8)) * BLINK_CELL
        near = np.flatnonzero(np.abs(seconds - at) < 0.6)
        if len(near):  # where the mouth is least busy, people blink
            at = float(seconds[near[np.argmin(opening[near] + 0.05 * np.abs(seconds[near] - at))]])
        since = seconds - at
        shape = np.minimum((since + closing) / closing, (closed + opens - since) / opens)
        blink = np.maximum(blink, np.clip(shape, 0, 1))
    return np.asarray(blink * blink * (3 - 2 * blink), np.float32)


@dataclass(frozen=True)
class Motion:
    """The poses of a shot, as curves (f,): 20 bytes a frame, however long the shot is."""

    opening: Curve
    spread: Curve
    nod: Curve
    sway: Curve
    blink: Curve

    def __len__(self) -> int:
        return len(self.opening)

    def __getitem__(self, frame: int) -> Pose:
        curves = (self.opening, self.spread, self.nod, self.sway, self.blink)
        return Pose(*(float(curve[frame]) for curve in curves))


def motion(plan: Plan, speaker_id: str, shot: Shot, media: Path) -> Motion:
    """How the speaker moves in every frame of the shot. The same plan and media give the same motion.

    A speaker with no speech in the shot has an opening and a spread of exactly 0 throughout.
    """
    fps = float(plan.fps)
    voice = hear(plan, speaker_id, shot, media)
    opening = _opening(voice, fps)
    breath, sway = _drift(plan, speaker_id, np.arange(shot.start, shot.end) / fps)
    return Motion(
        opening=opening,
        spread=_spread(voice, opening, fps),
        nod=np.asarray(1.6 * _stress(opening, fps) + 0.12 * breath, np.float32),
        sway=np.asarray(0.35 * sway, np.float32),
        blink=_blinks(plan, speaker_id, shot, opening),
    )
