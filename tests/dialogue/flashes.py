"""A real, small generator for the tests: frames that say which frame they are and flash when somebody starts to speak.

Run as a program it is the `dialogue` command with this generator in it; FLASHES_PAUSE slows every frame down, so that
a test can stop it in the middle of a shot.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from dialogue.generators import GENERATORS
from dialogue.generators.generator import Generate, Report, ShotJob
from dialogue.ground.box import Box
from dialogue.planning.choice import Canvas, Estimate
from dialogue.planning.plan import AudioSlice, Face, Mix, Plan, Shot, Speaker, Turn
from dialogue.scene.generators import Entry

Frame = NDArray[np.uint8]

NAME = "flashes"
WEIGHTS = None
SOURCE_TYPE = "composite"
CANVAS = Canvas(multiple=2, area=64 * 64)
STRIDE = 1
WINDOW_LATENTS = None
WIDTH, HEIGHT, BITS = 64, 48, 12  # the number of the frame: a row of 12 blocks, white for 1
FLASH = slice(24, 48)  # rows that are white in the frame in which a turn starts


def missing() -> str | None:
    return os.environ.get("FLASHES_MISSING")


def fingerprint() -> str:
    return os.environ.get("FLASHES_FINGERPRINT", "1")


def estimate(plan: Plan, shot: Shot) -> Estimate:
    return Estimate(1, shot.frames / 2000, 10**7)


def load() -> Generate:
    return _frames


def _frames(job: ShotJob, report: Report) -> Iterator[Frame]:
    pause = float(os.environ.get("FLASHES_PAUSE", "0"))
    tint = sum(job.media.joinpath(job.picture).read_bytes()) % 64
    starts = {job.clock.frame_at(turn.start) for lane in job.lanes for turn in lane.turns}
    for number in range(job.frames):
        frame = np.full((HEIGHT, WIDTH, 3), (tint, 20, 90), np.uint8)
        for bit in range(BITS):
            frame[2:10, 2 + 5 * bit : 6 + 5 * bit] = 255 if number >> bit & 1 else 0
        frame[12:20, number % WIDTH] = (250, 120, 0)
        if number in starts:
            frame[FLASH] = 255
        if pause:
            time.sleep(pause)
        yield frame


def number_of(frame: Frame) -> int:
    """The number that a decoded frame shows."""
    return sum(1 << bit for bit in range(BITS) if frame[4:8, 3 + 5 * bit : 5 + 5 * bit].mean() > 128)


def flashed(frame: Frame) -> bool:
    return bool(frame[FLASH].mean() > 200)


def clicks(starts: list[float], seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """A quiet room with a 10 ms burst of noise at each start: float32 (n,)."""
    noise = np.random.default_rng(seed)
    sound = 0.002 * noise.standard_normal(round(seconds * rate))
    for start in starts:
        first = round(start * rate)
        sound[first : first + rate // 100] += 0.5 * noise.uniform(-1, 1, rate // 100)
    return sound.astype(np.float32)


def film_of(
    folder: Path, lengths: list[int], starts: list[float], fps: Fraction = Fraction(25), rate: int = 16000
) -> Plan:
    """A plan in `folder` of shots with these many frames, and its media: one speaker, who speaks at the starts."""
    seconds = float(sum(lengths) / fps)
    soundfile.write(folder / "ana.wav", clicks(starts, seconds, rate), rate)
    box = Box(20, 24, 20, 20)
    shots, frame = [], 0
    for index, length in enumerate(lengths):
        (folder / f"{index}.png").write_bytes(b"picture %d" % index)
        face = Face("ana", box, box.padded(0.1))
        view = Box(0, 0, WIDTH, HEIGHT)
        shots.append(Shot(index, frame, frame + length, f"{index}.png", view, (face,)))
        frame += length
    turns = tuple(Turn("ana", at, at + 0.2, AudioSlice("ana.wav", at, at + 0.2), f"Line {at}") for at in starts)
    return Plan(
        title="Flashes", generator=NAME, generator_reason="", seed=0, fps=fps, width=WIDTH, height=HEIGHT,
        duration=seconds, speakers=(Speaker("ana", "Ana", "#e66060"),), turns=turns, shots=tuple(shots),
        mix=Mix(source="ana.wav"),
    )  # fmt: skip


GENERATORS[NAME] = Entry(__name__)

if __name__ == "__main__":
    import sys

    sys.modules[NAME] = sys.modules["__main__"]
    GENERATORS[NAME] = Entry(NAME)
    from dialogue.cli.app import main

    main()
