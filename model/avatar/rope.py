"""Rotary position embedding over (t, y, x), with the reference image as one more frame before the video.

Shapes: T video latent frames, gh x gw tokens per frame, n = gh * gw, D = head dimension = sum(axes_dim).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from einops import repeat
from torch import Tensor, nn

ReferenceShift = Literal["none", "width", "both"]


def axis_angles(positions: Tensor, dim: int, theta: float) -> Tensor:
    """Angles `position / theta^(2k/dim)`, each twice for its (real, imaginary) pair: (P,) -> (P, dim), float32.

    Powers are rounded once from double precision, so that every processor makes the same table.
    """
    exponents = torch.arange(0, dim, 2, dtype=torch.float32, device=positions.device) / dim
    frequencies = 1.0 / (theta ** exponents.double()).float()
    return torch.outer(positions, frequencies).repeat_interleave(2, dim=1)


class AvatarRotaryPosEmbed(nn.Module):
    """cos and sin tables of [reference | video] tokens.

    The video lies on the integer grid t = 0..T-1 whatever its place in a longer film; the reference is a plane at
    t = `reference_time` (-1 in the papers and the release).

    Args:
        axes_dim: channels of the head rotated by t, y and x; each even, together the head dimension.
        theta: base of the frequencies (256 in HunyuanVideo).
        reference_time: time index of the reference plane.
        reference_shift: "none" (the release: same y, x as the video), "both" (HunyuanVideo-Avatar Eq. 2: the
            plane moved one picture right and down, (i + w, j + h)), "width" (only right; unused mode of the release).
    """

    def __init__(
        self,
        axes_dim: Sequence[int] = (16, 56, 56),
        theta: float = 256.0,
        reference_time: int = -1,
        reference_shift: ReferenceShift = "none",
    ) -> None:
        super().__init__()
        if len(axes_dim) != 3 or any(dim % 2 for dim in axes_dim):
            raise ValueError(f"rope_axes_dim is {tuple(axes_dim)}; it needs three even numbers, for t, y and x")
        if reference_shift not in ("none", "width", "both"):
            raise ValueError(f"reference_spatial_shift is {reference_shift!r}; it is one of none, width, both")
        self.axes_dim = tuple(axes_dim)
        self.theta = theta
        self.reference_time = reference_time
        self.reference_shift = reference_shift

    def _plane(self, times: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
        t, y, x = (
            axis_angles(positions, dim, self.theta)
            for positions, dim in zip((times, rows, columns), self.axes_dim, strict=True)
        )
        sizes = {"t": len(t), "y": len(y), "x": len(x)}
        grid = (
            repeat(t, "t d -> t y x d", **sizes),
            repeat(y, "y d -> t y x d", **sizes),
            repeat(x, "x d -> t y x d", **sizes),
        )
        return torch.cat(grid, dim=-1).flatten(0, 2)

    def forward(
        self, frames: int, rows: int, columns: int, device: torch.device | None = None
    ) -> tuple[Tensor, Tensor]:
        """cos and sin, each ((1 + frames) * rows * columns, D), float32, reference rows first."""
        t, y, x = (torch.arange(size, dtype=torch.float32, device=device) for size in (frames, rows, columns))
        down = rows if self.reference_shift == "both" else 0
        right = columns if self.reference_shift in ("both", "width") else 0
        reference = self._plane(t.new_tensor([self.reference_time]), y + down, x + right)
        angles = torch.cat([reference, self._plane(t, y, x)])
        return angles.cos(), angles.sin()
