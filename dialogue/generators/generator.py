"""What a generator is: a module with these names. Frames come streamed, so memory does not grow with a shot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dialogue.generators.weights import Weights
from dialogue.planning.choice import Canvas, Estimate
from dialogue.planning.plan import Plan, Shot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]  # (height, width, 3), RGB

Report = Callable[[float, str], None]  # share of the shot done, 0 … 1, and what is being done


@dataclass(frozen=True)
class ShotJob:
    """One shot to make. `media`: what the plan's paths are relative to. `work`: a folder for state to resume from."""

    plan: Plan
    shot: Shot
    media: Path
    work: Path


Generate = Callable[[ShotJob, Report], "Iterator[Frame]"]


class Generator(Protocol):
    """Satisfied by a module. All but the call of what `load` returns is quick and imports no torch."""

    NAME: str
    SOURCE_TYPE: str  # of its films, in IPTC's words: https://cv.iptc.org/newscodes/digitalsourcetype/
    CANVAS: Canvas
    WEIGHTS: Weights | None  # None: there are none, or they are part of the package
    WINDOW_LATENTS: int | None  # latents denoised together; None: frames are made one by one

    def missing(self) -> str | None:
        """None when it can run here; else what is missing and the command or place that mends it."""

    def fingerprint(self) -> str:
        """Changes whenever the same job would give other frames: code version and weights."""

    def estimate(self, plan: Plan, shot: Shot) -> Estimate:
        """Cost of the shot, by a formula checked against measurements."""

    def load(self) -> Generate:
        """Get ready (weights to memory); the returned function makes exactly `job.shot.frames` frames."""
