"""What a generator is: a module with these names. Frames come streamed, so memory does not grow with a shot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dialogue.generators.weights import Weights
from dialogue.ground.box import Box
from dialogue.planning.choice import Canvas, Estimate
from dialogue.planning.lanes import Lane, lanes
from dialogue.planning.plan import Plan, Shot
from model.grid import LATENT_STRIDE, FrameClock

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]  # (height, width, 3), RGB

Report = Callable[[float, str], None]  # share of the shot done, 0 … 1, and what is being done


@dataclass(frozen=True)
class ShotJob:
    """One shot to make: all that a generator knows of it. Its first frame is frame 0, at 0 s.

    `lanes`: who is in the picture, on the generator's own latents. `view`: the part of the picture that is shown.
    `media`: what the paths in it are relative to. `work`: a folder for state to resume from.
    """

    lanes: tuple[Lane, ...]
    frames: int
    width: int
    height: int
    clock: FrameClock
    seed: int
    picture: str
    view: Box
    prompt: str
    labels: str
    font: str | None
    media: Path
    work: Path

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def fps(self) -> float:
        return float(self.clock.fps)


def shot_job(plan: Plan, shot: Shot, media: Path, work: Path, stride: int = LATENT_STRIDE) -> ShotJob:
    """The shot as it is handed to a generator whose latents hold `stride` frames. ValueError: it starts later."""
    if shot.start:
        raise ValueError(f"shot {shot.index + 1} starts at frame {shot.start}; a job's clock starts with its shot")
    return ShotJob(
        lanes(plan, shot, stride), shot.frames, plan.width, plan.height, plan.clock, plan.seed, shot.picture, shot.view,
        shot.prompt, plan.labels, plan.font, media, work,
    )  # fmt: skip


# What `load` gives may have `close()`: then it holds on to more than memory, and is told when no more shots come.
Generate = Callable[[ShotJob, Report], "Iterator[Frame]"]


class Generator(Protocol):
    """Satisfied by a module. All but the call of what `load` returns is quick and imports no torch.

    One whose memory grows with its shots also has `room() -> Room | None`, by which the planner cuts them; one that can
    share a shot among GPUs `replicas() -> int`, how many there are.
    """

    NAME: str
    SOURCE_TYPE: str  # of its films, in IPTC's words: https://cv.iptc.org/newscodes/digitalsourcetype/
    CANVAS: Canvas
    WEIGHTS: Weights | None  # None: there are none, or they are part of the package
    STRIDE: int  # frames of a latent after the first, by which the lanes are made; 1: each frame is one
    FAST: tuple[str, ...]  # the names of docs/fast.md that it takes
    WINDOW_LATENTS: int | None  # latents denoised together; None: frames are made one by one

    def missing(self) -> str | None:
        """None when it can run here; else what is missing and the command or place that mends it."""

    def fingerprint(self) -> str:
        """Changes whenever the same job would give other frames: code version and weights."""

    def estimate(self, plan: Plan, shot: Shot) -> Estimate:
        """Cost of the shot, by a formula checked against measurements."""

    def load(self) -> Generate:
        """Get ready (weights to memory); the returned function makes exactly `job.frames` frames."""


def done_with(generate: Generate) -> None:
    """No more shots come: what it holds besides memory is let go."""
    close = getattr(generate, "close", None)
    if close is not None:
        close()
