"""Preconditioning on the reference: exact inverse, unit spread; an untrained network copies the reference."""

from __future__ import annotations

import pytest
import torch

from model.reference_residual import reference_residual

SPREAD = (0.5, 1.5, 0.8)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 0.95, 1.0])
def test_target_and_velocity_are_inverse(sigma: float) -> None:
    torch.manual_seed(0)
    reference, data, noise = torch.randn(2, 3, 1, 4, 4), torch.randn(2, 3, 5, 4, 4), torch.randn(2, 3, 5, 4, 4)
    mask = torch.rand(2, 1, 1, 4, 4)
    residual = reference_residual(reference, torch.full((2,), 1000 * sigma), mask, SPREAD, 0.1)
    noisy = (1 - sigma) * data + sigma * noise
    target = residual.network_target(noisy, noise - data)
    assert torch.allclose(residual.velocity(noisy, target), noise - data, atol=1e-3)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 0.9, 1.0])
def test_input_and_target_have_unit_spread(sigma: float) -> None:
    torch.manual_seed(0)
    reference = torch.randn(1, 3, 1, 64, 64)
    spread = torch.tensor(SPREAD).view(1, 3, 1, 1, 1)
    data = reference + spread * torch.randn(1, 3, 4, 64, 64)
    noise = torch.randn_like(data)
    residual = reference_residual(reference, torch.tensor([1000 * sigma]), None, SPREAD, 0.1)
    noisy = (1 - sigma) * data + sigma * noise
    assert residual.network_input(noisy).std().item() == pytest.approx(1, abs=0.03)
    assert residual.network_target(noisy, noise - data).std().item() == pytest.approx(1, abs=0.03)


def test_an_untrained_network_answers_with_the_reference() -> None:
    torch.manual_seed(0)
    reference, noise = torch.randn(1, 3, 1, 4, 4), torch.randn(1, 3, 2, 4, 4)
    residual = reference_residual(reference, torch.tensor([1000.0]), None, SPREAD, 0.1)
    velocity = residual.velocity(noise, torch.zeros_like(noise))
    assert torch.allclose(noise - velocity, reference.expand_as(noise), atol=1e-5)


def test_spread_is_small_outside_masks_and_masks_do_not_add_up_beyond_one() -> None:
    mask = torch.zeros(1, 2, 1, 2, 2)
    mask[0, :, 0, 0, 0] = 1
    spread = reference_residual(torch.zeros(1, 3, 1, 2, 2), torch.tensor([500.0]), mask, SPREAD, 0.1).spread
    assert torch.allclose(spread[0, :, 0, 0, 0], torch.tensor(SPREAD))
    assert torch.allclose(spread[0, :, 0, 1, 1], 0.1 * torch.tensor(SPREAD))
