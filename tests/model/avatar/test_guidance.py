"""Guidance and cache schedule outside the release's 50 steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.avatar.guidance import CacheSchedule, Guidance, Ramp, Sampling


def test_the_defaults_are_the_releases_thirty_full_steps_of_fifty() -> None:
    sampling = Sampling()
    assert [step for step in range(50) if sampling.full(step)] == [*range(15), 15, 20, 25, 30, 35, 40, *range(41, 50)]
    assert sampling.guidance.at(0, 50).scale == 7.5
    assert sampling.guidance.at(10, 50).scale == pytest.approx(5.9)


@given(st.integers(1, 200))
def test_any_number_of_steps_begins_and_ends_full(steps: int) -> None:
    sampling = Sampling(steps)
    assert sampling.full(0) and sampling.full(steps - 1) or 15 < steps <= 41
    assert all(sampling.guidance.at(step, steps).scale > 1 for step in range(steps))


def test_past_fifty_steps_the_release_never_runs_a_full_step_and_we_do() -> None:
    assert not CacheSchedule(stop=50).full(55)
    assert CacheSchedule().full(55)


def test_without_a_cache_every_step_is_full() -> None:
    assert Sampling(60, cache=None).full_steps() == 60


@pytest.mark.parametrize("scale", [1.0, 0.0, -3.0])
def test_a_scale_of_one_or_less_is_no_guidance(scale: float) -> None:
    assert not Guidance(text=Ramp(scale, scale), audio=Ramp(scale, scale)).at(3, 10).guided


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="steps is 0"):
        Sampling(0)
