"""Handing out shots: close to the best possible time, nothing lost with a worker, nothing piled up."""

from __future__ import annotations

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.ground.errors import Problem
from dialogue.podcast.schedule import TRIES, Outcome, Tally, Unit, least_time, predicted_time, work_off


class SimulatedCrew:
    """Workers in simulated time; `deaths` are the numbers of the starts at which a worker dies half way."""

    def __init__(self, count: int, deaths: frozenset[int] = frozenset()) -> None:
        self.count, self.deaths = count, deaths
        self.now, self.starts, self.most = 0.0, 0, 0
        self._out: list[tuple[float, int, Unit[str]]] = []

    def free(self) -> int:
        return self.count - len(self._out)

    def give(self, unit: Unit[str]) -> None:
        assert self.free() > 0, "more than the workers can hold"
        dies = self.starts in self.deaths
        heapq.heappush(self._out, (self.now + unit.seconds * (0.5 if dies else 1), self.starts, unit))
        self.starts += 1
        self.most = max(self.most, len(self._out))

    def wait(self) -> Outcome[str]:
        self.now, start, unit = heapq.heappop(self._out)
        return Outcome(unit, died="gone") if start in self.deaths else Outcome(unit, unit.work)

    def close(self) -> None:
        pass


def units_of(seconds: list[float]) -> list[Unit[str]]:
    return [Unit(f"u{i}", each, f"u{i}") for i, each in enumerate(seconds)]


@pytest.mark.parametrize("workers", [2, 8, 32])
def test_within_95_percent_of_the_best_possible(workers: int) -> None:
    """1000 shots of 2 to 60 s, as a generator would estimate them."""
    draw = random.Random(workers)
    seconds = [min(60.0, draw.lognormvariate(2.5, 0.8)) + 2 for _ in range(1000)]
    crew = SimulatedCrew(workers)
    work_off(units_of(seconds), crew, lambda outcome: ())
    assert crew.now == pytest.approx(predicted_time(seconds, workers))
    assert least_time(seconds, workers) / crew.now >= 0.95


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=60), st.integers(1, 12))
def test_never_beyond_grahams_bound(seconds: list[float], workers: int) -> None:
    """4/3 - 1/3m of the best, which is at least the bound's own bound; and any order does 2 - 1/m."""
    taken = predicted_time(seconds, workers)
    assert least_time(seconds, workers) <= taken + 1e-9
    assert taken <= (2 - 1 / workers) * least_time(seconds, workers) + 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.integers(1, 5), st.integers(0, 29))
def test_a_dead_workers_shot_is_made_again_and_nothing_else(seconds: list[float], workers: int, death: int) -> None:
    crew, ended = SimulatedCrew(workers, frozenset({death})), list[str]()

    def tell(outcome: Outcome[str]) -> tuple[()]:
        ended.append(outcome.unit.name)
        return ()

    tally = work_off(units_of(seconds), crew, tell)
    assert sorted(ended) == sorted(unit.name for unit in units_of(seconds))
    again = int(death < len(seconds))
    assert tally == Tally(len(seconds) + again, again, 0)
    assert crew.most <= workers


def test_a_shot_that_kills_every_worker_is_given_up_and_the_rest_go_on() -> None:
    crew, told = SimulatedCrew(1, frozenset(range(TRIES))), []
    tally = work_off(units_of([5.0, 1.0]), crew, lambda outcome: told.append(outcome) or ())
    assert tally == Tally(TRIES + 1, TRIES - 1, 1)
    assert [outcome.died for outcome in told] == ["gone", None]


def test_what_follows_from_a_unit_goes_first_when_urgent() -> None:
    crew, order = SimulatedCrew(1), list[str]()

    def tell(outcome: Outcome[str]) -> list[Unit[str]]:
        order.append(outcome.unit.name)
        return [Unit("film", 0.1, "film", urgent=True)] if outcome.unit.name == "u0" else []

    work_off(units_of([9.0, 8.0, 7.0]), crew, tell)
    assert order == ["u0", "film", "u1", "u2"]


def test_a_failure_is_told_once() -> None:
    class Failing(SimulatedCrew):
        def wait(self) -> Outcome[str]:
            outcome = super().wait()
            return Outcome(outcome.unit, problems=(Problem("no"),))

    told: list[Outcome[str]] = []
    tally = work_off(units_of([1.0, 2.0]), Failing(2), lambda outcome: told.append(outcome) or ())
    assert tally == Tally(2, 0, 2) and len(told) == 2
