"""Flow matching preconditioned on how far latents spread: an untrained network already gives the likeliest film.

Shapes: B batch, C latent channels, T latent frames, h x w latent size, S speakers.

For latents that are zero where nothing moves (model/tiny/vae.py) and have the spread r where something does,
x = (1-s) data + s noise, the network sees x at unit spread and predicts a residual of unit spread (as Karras et al.,
arXiv 2206.00364, do for noise prediction):

    D = (1-s)^2 r^2 + s^2,   v = x (s - (1-s) r^2) / D - r / sqrt(D) network

Still plain flow matching, v = noise - data. r is smaller outside face masks, which is what keeps the background still.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Preconditioning:
    """One forward's sigma and spread, broadcastable to latents (B, C, T, h, w)."""

    sigma: Tensor  # (B, 1, 1, 1, 1)
    spread: Tensor  # (B, 1, 1 or T, h, w): r

    @property
    def variance(self) -> Tensor:
        """D."""
        return ((1 - self.sigma) * self.spread) ** 2 + self.sigma**2

    def network_input(self, noisy: Tensor) -> Tensor:
        """What the network sees instead of the noisy latents: unit spread at every sigma."""
        return noisy / self.variance.sqrt()

    def _known(self, noisy: Tensor) -> Tensor:
        return noisy * (self.sigma - (1 - self.sigma) * self.spread**2) / self.variance

    def velocity(self, noisy: Tensor, network: Tensor) -> Tensor:
        """The network's output as a velocity."""
        return self._known(noisy) - self.spread / self.variance.sqrt() * network

    def network_target(self, noisy: Tensor, velocity: Tensor) -> Tensor:
        """The output that would give a velocity: unit spread, the training target."""
        return (self._known(noisy) - velocity) * self.variance.sqrt() / self.spread


def preconditioning(
    latents: Tensor, timestep: Tensor, face_mask: Tensor | None, inside: float, outside: float
) -> Preconditioning:
    """For latents (B, C, T, h, w), timesteps (B,) in 0 ... 1000 and masks (B, S, 1 or T, h, w).

    `inside`: the spread under a face mask, and everywhere without masks; `outside`: the share of it elsewhere.
    """
    share = torch.ones_like(latents[:, :1, :1], dtype=torch.float32)
    if face_mask is not None:
        share = outside + (1 - outside) * face_mask.float().sum(dim=1, keepdim=True).clamp(max=1)
    sigma = rearrange(timestep.float() / 1000, "b -> b 1 1 1 1")
    return Preconditioning(sigma, inside * share)
