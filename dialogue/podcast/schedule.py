"""Which shot goes to which worker, and when: longest first, one shot at a time each, a dead worker's shot again.

Handing the longest remaining shot to the next free worker takes at most 4/3 - 1/(3m) of the best possible time on m
workers (Graham 1969, "Bounds on multiprocessing timing anomalies"). Nothing here knows what a worker is.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from dialogue.ground.errors import Problem

T = TypeVar("T")

TRIES = 3  # workers that may die over one shot before it is given up


@dataclass(frozen=True)
class Unit(Generic[T]):
    """A piece of work and its expected seconds; an urgent one goes before all that are not."""

    name: str
    seconds: float
    work: T
    urgent: bool = False


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of a unit: its value, or what is wrong, or how its worker died."""

    unit: Unit[T]
    value: Any = None
    problems: tuple[Problem, ...] = ()
    died: str | None = None


class Crew(Protocol[T]):
    """Workers. A worker that dies is replaced before `wait` tells of it."""

    def free(self) -> int:
        """How many workers could start a unit at once; more than 0 when none has one."""

    def give(self, unit: Unit[T]) -> None:
        """Start a unit on a free worker."""

    def wait(self) -> Outcome[T]:
        """Block until some unit comes to an end."""

    def close(self) -> None:
        """Stop at once, whatever is being made."""


@dataclass(frozen=True)
class Tally:
    """How many units were started, how many of them again after a worker's death, how many failed."""

    started: int
    again: int
    failed: int


def rank(unit: Unit[T]) -> tuple[bool, float, str]:
    """The order in which units are handed out: longest first; equal ones by name, so that it is always the same."""
    return not unit.urgent, -unit.seconds, unit.name


def work_off(units: Iterable[Unit[T]], crew: Crew[T], tell: Callable[[Outcome[T]], Iterable[Unit[T]]]) -> Tally:
    """Have every unit made, and those that `tell` gives back when it hears of the end of one.

    A death is told only when it was the last try. No more units are out than there are workers: nothing piles up,
    and a stop loses no more than what is being made.
    """
    waiting = {unit.name: unit for unit in units}
    heap = [(rank(unit), unit.name) for unit in waiting.values()]
    heapq.heapify(heap)
    tries: dict[str, int] = {}
    out = started = again = failed = 0

    def add(unit: Unit[T]) -> None:
        waiting[unit.name] = unit
        heapq.heappush(heap, (rank(unit), unit.name))

    while heap or out:
        while heap and crew.free() > 0:
            unit = waiting.pop(heapq.heappop(heap)[1])
            tries[unit.name] = tries.get(unit.name, 0) + 1
            crew.give(unit)
            out, started = out + 1, started + 1
        outcome = crew.wait()
        out -= 1
        if outcome.died is not None and tries[outcome.unit.name] < TRIES:
            add(outcome.unit)
            again += 1
            continue
        failed += bool(outcome.problems) or outcome.died is not None
        for unit in tell(outcome):
            add(unit)
    return Tally(started, again, failed)


def least_time(seconds: Sequence[float], workers: int) -> float:
    """No schedule is shorter: all workers busy to the end, or the longest unit alone."""
    return max(sum(seconds) / workers, max(seconds, default=0.0))


def predicted_time(seconds: Iterable[float], workers: int) -> float:
    """How long these units take on that many workers, handed out longest first."""
    ends = [0.0] * max(1, workers)
    for each in sorted(seconds, reverse=True):
        heapq.heapreplace(ends, ends[0] + each)
    return max(ends)
