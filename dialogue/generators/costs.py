"""What a film will cost on this machine: windows, seconds of work and memory, from the generator's own formula."""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.planning.choice import Estimate
from dialogue.planning.plan import Plan


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


def duration_text(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 05 min`: how long something takes, to a reader."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory_text(size: int) -> str:
    """`310 MB`, `30.2 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def costs_of(plan: Plan) -> Costs:
    """The estimates of the plan's generator for its shots."""
    from dialogue.generators import generator

    made_by = generator(plan.generator)
    return Costs(tuple(made_by.estimate(plan, shot) for shot in plan.shots))
