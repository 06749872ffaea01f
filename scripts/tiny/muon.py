"""Muon for matrices and convolutions, Adam for the rest, in one optimizer.

Muon (Jordan et al., 2024) orthogonalises the momentum of every matrix by five Newton-Schulz steps; matrices of one
shape go through them together, in bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from .halves import in_halves, whole

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices: Tensor) -> Tensor:
    """(G, m, n) to the nearest matrices with singular values about 1."""
    x = matrices.bfloat16()
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(5):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class MuonAdam(torch.optim.Optimizer):
    """Groups carry `muon` (bool), `lr` and `factor` (a share of the schedule's rate)."""

    def __init__(
        self, groups: Iterable[dict[str, Any]], betas: tuple[float, float] = (0.9, 0.98), momentum: float = 0.95
    ) -> None:
        super().__init__(
            groups, {"lr": 0.0, "factor": 1.0, "muon": False, "betas": betas, "momentum": momentum, "weight_decay": 0.0}
        )

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            given = [p for p in group["params"] if p.grad is not None]
            (self._muon if group["muon"] else self._adam)(group, given)

    def _muon(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        shapes: dict[tuple[int, int], list[Tensor]] = {}
        for p in parameters:
            shapes.setdefault((p.shape[0], p[0].numel()), []).append(p)
        for (rows, columns), same in shapes.items():
            updates = []
            for p in same:
                state = self.state[p]
                momentum = state.setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - group["momentum"])
                updates.append(p.grad.lerp(momentum, group["momentum"]).reshape(rows, columns))
            size = 0.2 * max(rows, columns) ** 0.5  # the size of an Adam update (Liu et al., arXiv 2502.16982)
            stacked = torch.stack(updates)
            split = in_halves if stacked.device.type == "cpu" else whole
            (parts,) = split(lambda share: (orthogonal(share[0]),), stacked)
            for p, update in zip(same, torch.cat(parts), strict=True):
                p.mul_(1 - group["lr"] * group["weight_decay"]).add_(
                    update.reshape(p.shape).to(p.dtype), alpha=-group["lr"] * size
                )

    def _adam(self, group: dict[str, Any], parameters: list[Tensor]) -> None:
        first, second = group["betas"]
        for p in parameters:
            state = self.state[p]
            step = state["step"] = state.get("step", 0) + 1
            mean = state.setdefault("mean", torch.zeros_like(p)).lerp_(p.grad, 1 - first)
            square = (
                state.setdefault("square", torch.zeros_like(p)).mul_(second).addcmul_(p.grad, p.grad, value=1 - second)
            )
            scale = (square / (1 - second**step)).sqrt_().add_(1e-8)
            p.addcdiv_(mean / (1 - first**step), scale, value=-group["lr"])
