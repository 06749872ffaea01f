"""Flow matching preconditioned on the reference picture: an untrained network already copies it.

Shapes: B batch, C latent channels, T latent frames, h x w latent size, S speakers.

Most of a talking picture is its reference. With r the spread of what differs from it, x = (1-s) data + s noise and
u = x - (1-s) reference, the network sees u at unit spread and predicts a residual of unit spread (as Karras et al.,
arXiv 2206.00364, do around zero):

    D = (1-s)^2 r^2 + s^2,   v = u (s - (1-s) r^2) / D - reference - r / sqrt(D) network

Still plain flow matching, v = noise - data. r is per channel inside face masks and a fraction of that elsewhere,
which is what keeps the background still.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from einops import rearrange
from torch import Tensor


@dataclass(frozen=True, eq=False)
class ReferenceResidual:
    """One forward's reference, sigma and spread, all broadcastable to (B, C, T, h, w)."""

    reference: Tensor  # (B, C, 1 or T, h, w)
    sigma: Tensor  # (B, 1, 1, 1, 1)
    spread: Tensor  # (B, C, 1 or T, h, w)

    @property
    def variance(self) -> Tensor:
        """D."""
        return ((1 - self.sigma) * self.spread) ** 2 + self.sigma**2

    def offset(self, noisy: Tensor) -> Tensor:
        """u."""
        return noisy - (1 - self.sigma) * self.reference

    def network_input(self, noisy: Tensor) -> Tensor:
        """What the network sees instead of the noisy latents: unit spread at every sigma."""
        return self.offset(noisy) / self.variance.sqrt()

    def velocity(self, noisy: Tensor, network: Tensor) -> Tensor:
        """The network's output as a velocity."""
        variance = self.variance
        known = self.offset(noisy) * (self.sigma - (1 - self.sigma) * self.spread**2) / variance - self.reference
        return known - self.spread / variance.sqrt() * network

    def network_target(self, noisy: Tensor, velocity: Tensor) -> Tensor:
        """The output that would give a velocity: unit spread, the training target."""
        variance = self.variance
        known = self.offset(noisy) * (self.sigma - (1 - self.sigma) * self.spread**2) / variance - self.reference
        return (known - velocity) * variance.sqrt() / self.spread


def reference_residual(
    reference: Tensor, timestep: Tensor, face_mask: Tensor | None, inside: tuple[float, ...], outside: float
) -> ReferenceResidual:
    """Of latents (B, C, 1 or T, h, w), timesteps (B,) in 0 ... 1000 and masks (B, S, 1 or T, h, w); None: inside
    everywhere.

    `inside`: the spread of each channel under a face mask; `outside`: the share of it elsewhere.
    """
    channels = rearrange(torch.tensor(inside, device=reference.device), "c -> c 1 1 1")
    if face_mask is None:
        share = torch.ones_like(reference[:, :1])
    else:
        share = outside + (1 - outside) * face_mask.float().sum(dim=1, keepdim=True).clamp(max=1)
    sigma = rearrange(timestep.float() / 1000, "b -> b 1 1 1 1")
    return ReferenceResidual(reference.float(), sigma, channels * share)
