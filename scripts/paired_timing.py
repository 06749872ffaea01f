"""Two ways of doing the same, timed in turns in one process, so that a busy machine slows both alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Seconds:
    """Of one run: of all cores together, and on the wall."""

    cpu: float
    wall: float


@dataclass(frozen=True)
class Pair:
    """Ours against another, in rounds. Ratios are other / ours: above 1 ours is faster."""

    ours: tuple[Seconds, ...]
    other: tuple[Seconds, ...]

    @property
    def cpu_ratio(self) -> float:
        """Median over rounds of the ratio of CPU seconds, which other processes disturb least."""
        return statistics.median(b.cpu / a.cpu for a, b in zip(self.ours, self.other, strict=True))

    @property
    def wall_ratio(self) -> float:
        """Median over rounds of the ratio of wall seconds."""
        return statistics.median(b.wall / a.wall for a, b in zip(self.ours, self.other, strict=True))

    @property
    def least(self) -> tuple[float, float]:
        """The least CPU seconds of ours and of the other."""
        return min(run.cpu for run in self.ours), min(run.cpu for run in self.other)


def timed(run: Callable[[], object], device: torch.device | None = None) -> Seconds:
    """One run; on a GPU until its work is done."""
    gpu = device is not None and device.type == "cuda"
    if gpu:
        torch.cuda.synchronize(device)
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    if gpu:
        torch.cuda.synchronize(device)
    return Seconds(time.process_time() - cpu, time.perf_counter() - wall)


def paired(ours: Callable[[], object], other: Callable[[], object], rounds: int, warm: bool = True) -> Pair:
    """Ours, other, ours, other, …, after a first run of each that does not count."""
    if warm:
        ours(), other()
    runs = [(timed(ours), timed(other)) for _ in range(rounds)]
    return Pair(tuple(a for a, _ in runs), tuple(b for _, b in runs))
