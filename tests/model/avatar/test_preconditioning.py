"""Preconditioning on the spread of latents: exact inverse, unit spread; untrained, nothing moves."""

from __future__ import annotations

import pytest
import torch

from model.avatar.preconditioning import preconditioning


@pytest.mark.parametrize("sigma", [0.05, 0.5, 0.95, 1.0])
def test_target_and_velocity_are_inverse(sigma: float) -> None:
    torch.manual_seed(0)
    data, noise = torch.randn(2, 3, 5, 4, 4), torch.randn(2, 3, 5, 4, 4)
    noisy = (1 - sigma) * data + sigma * noise
    known = preconditioning(noisy, torch.full((2,), 1000 * sigma), torch.rand(2, 1, 1, 4, 4), 0.8, 0.1)
    target = known.network_target(noisy, noise - data)
    assert torch.allclose(known.velocity(noisy, target), noise - data, atol=1e-3)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 0.9, 1.0])
def test_input_and_target_have_unit_spread(sigma: float) -> None:
    torch.manual_seed(0)
    data, noise = 0.8 * torch.randn(1, 3, 4, 64, 64), torch.randn(1, 3, 4, 64, 64)
    noisy = (1 - sigma) * data + sigma * noise
    known = preconditioning(noisy, torch.tensor([1000 * sigma]), None, 0.8, 0.1)
    assert known.network_input(noisy).std().item() == pytest.approx(1, abs=0.03)
    assert known.network_target(noisy, noise - data).std().item() == pytest.approx(1, abs=0.03)


def test_an_untrained_network_answers_that_nothing_moves() -> None:
    torch.manual_seed(0)
    noise = torch.randn(1, 3, 2, 4, 4)
    velocity = preconditioning(noise, torch.tensor([1000.0]), None, 0.8, 0.1).velocity(noise, torch.zeros_like(noise))
    assert torch.allclose(noise - velocity, torch.zeros_like(noise), atol=1e-5)


def test_spread_is_small_outside_masks_and_masks_do_not_add_up_beyond_one() -> None:
    mask = torch.zeros(1, 2, 1, 2, 2)
    mask[0, :, 0, 0, 0] = 1
    spread = preconditioning(torch.zeros(1, 3, 1, 2, 2), torch.tensor([500.0]), mask, 0.8, 0.1).spread
    assert spread[0, 0, 0, 0, 0].item() == pytest.approx(0.8)
    assert spread[0, 0, 0, 1, 1].item() == pytest.approx(0.08)
