"""The solver of Hallo3 beside diffusers' own."""

from __future__ import annotations

import pytest
import torch

from model.hallo3.scheduler import ClipState, DiffusersSolver, Hallo3Scheduler, Solver, spaced_timesteps


def run(solver: Solver, steps: int) -> torch.Tensor:
    """A toy network that pulls everything to 0.3."""
    solver.set_timesteps(steps)
    generator = torch.Generator().manual_seed(3)
    state = ClipState(0, torch.randn(1, 3, 16, 4, 6, generator=generator))
    while state.step < steps:
        state = solver.advance(0.9 * state.latents - 0.3, state, generator)
    return state.latents


def test_diffusers_follows_the_release_nearly() -> None:
    ours, theirs = run(Hallo3Scheduler(), 50), run(DiffusersSolver(), 50)
    assert float((ours - theirs).norm() / ours.norm()) < 0.01


@pytest.mark.parametrize("steps", [1, 2, 7, 30, 1000])
def test_any_number_of_steps_ends_with_the_last_prediction(steps: int) -> None:
    assert spaced_timesteps(steps)[0] == 999 and len(spaced_timesteps(steps)) == steps
    if steps <= 30:
        assert torch.isfinite(run(Hallo3Scheduler(steps), steps)).all()


def test_the_same_seed_gives_the_same_clip() -> None:
    assert torch.equal(run(Hallo3Scheduler(), 5), run(Hallo3Scheduler(), 5))


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="0 steps; there are 1 to 1000"):
        spaced_timesteps(0)
