"""The generator of a film as the planner knows it: its name and why, the frames it makes, what a shot costs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """What a shot will cost on this machine: windows denoised, seconds of work, peak bytes of memory.

    `mode`: how the model is kept on the card for it (low, balanced, high), where that is chosen by the shot.
    """

    windows: int
    seconds: float
    memory: int
    mode: str | None = None


@dataclass(frozen=True)
class Costs:
    """One estimate per shot, in order; shots are made one after another, so memory is the largest of them."""

    shots: tuple[Estimate, ...]

    @property
    def windows(self) -> int:
        return sum(shot.windows for shot in self.shots)

    @property
    def seconds(self) -> float:
        return sum(shot.seconds for shot in self.shots)

    @property
    def memory(self) -> int:
        return max((shot.memory for shot in self.shots), default=0)


@dataclass(frozen=True)
class Canvas:
    """The frame sizes a generator makes: multiples of `multiple`, about `area` pixels when the scene does not say."""

    multiple: int
    area: int


@dataclass(frozen=True)
class Room:
    """How long a shot may be for the memory of a card.

    `name`: the card, and how the model is kept on it where that is settled. `longest`: of (width, height, people) the
    frames of the longest shot, 0 where the shortest does not fit. `needed`: of (width, height, frames, people) the
    least bytes a shot takes there. `mends`: of (width, height, people), what would make the shortest fit.
    """

    name: str
    longest: Callable[[int, int, int], int]
    needed: Callable[[int, int, int, int], int]
    mends: Callable[[int, int, int], str]


@dataclass(frozen=True)
class Choice:
    """A generator, as the planner needs to know it."""

    name: str
    reason: str
    canvas: Canvas
    window_latents: int | None
    warning: str | None = None  # named by the scene, but it cannot run here
    room: Room | None = None  # None: shots of any length fit, or nobody knows the card
