"""The generator of a film as the planner knows it: its name and why, the frames it makes, what a shot costs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """What a shot will cost on this machine: windows denoised, seconds of work, peak bytes of memory."""

    windows: int
    seconds: float
    memory: int


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
class Choice:
    """A generator, as the planner needs to know it."""

    name: str
    reason: str
    canvas: Canvas
    window_latents: int | None
    warning: str | None = None  # named by the scene, but it cannot run here
