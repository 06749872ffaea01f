"""Anti-aliased painting with signed distances, on any device, for all frames of a clip at once.

Shapes: F frames (or 1 for what stands still), H x W pixels. Distances and coordinates are (F, H, W); the canvas is
(F, 3, H, W) in 0..1. A distance is in the units of its coordinates; `unit` is the number of pixels in one.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def ellipse(x: Tensor, y: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    """First-order distance to an ellipse with half axes a, b (exact enough at the edge, which is all that shows)."""
    k0 = torch.sqrt((x / a) ** 2 + (y / b) ** 2 + 1e-9)
    k1 = torch.sqrt((x / (a * a)) ** 2 + (y / (b * b)) ** 2 + 1e-9)
    return k0 * (k0 - 1) / k1


def box(x: Tensor, y: Tensor, a: float, b: float, round_: float) -> Tensor:
    """Distance to a rectangle of half sizes a, b with rounded corners."""
    dx, dy = x.abs() - (a - round_), y.abs() - (b - round_)
    outside = torch.sqrt(dx.clamp(min=0) ** 2 + dy.clamp(min=0) ** 2 + 1e-12)
    return outside + torch.maximum(dx, dy).clamp(max=0) - round_


def segment(x: Tensor, y: Tensor, x0: float, y0: float, x1: float, y1: float, radius: float) -> Tensor:
    """Distance to a line with round ends."""
    vx, vy = x1 - x0, y1 - y0
    t = (((x - x0) * vx + (y - y0) * vy) / (vx * vx + vy * vy + 1e-12)).clamp(0, 1)
    return torch.sqrt((x - x0 - t * vx) ** 2 + (y - y0 - t * vy) ** 2 + 1e-12) - radius


def union(a: Tensor, b: Tensor, k: float) -> Tensor:
    """Smooth union of two distances (polynomial, radius k)."""
    h = (0.5 + 0.5 * (b - a) / k).clamp(0, 1)
    return b + (a - b) * h - k * h * (1 - h)


def smooth(x: Tensor, low: float, high: float) -> Tensor:
    """Smoothstep from 0 at low to 1 at high."""
    t = ((x - low) / (high - low)).clamp(0, 1)
    return t * t * (3 - 2 * t)


@dataclass(frozen=True)
class Canvas:
    """A view of the picture: its pixels and where they are, in the units of whoever paints."""

    pixels: Tensor  # (F, 3, H, W), painted in place
    x: Tensor  # (F or 1, H, W)
    y: Tensor
    unit: float  # pixels per unit

    def cover(self, distance: Tensor, soft: float = 0.0) -> Tensor:
        """Coverage in 0..1 of the inside of a distance; `soft` widens the edge, in units."""
        width = max(1.0, soft * self.unit)
        return (0.5 - distance * (self.unit / width)).clamp(0, 1)

    def paint(self, alpha: Tensor, color: Tensor | tuple[float, float, float]) -> None:
        """Lay a colour (3,), or (F, 3, H, W), over the picture with coverage alpha (F, H, W)."""
        if not isinstance(color, Tensor):
            color = torch.tensor(color, device=self.pixels.device)
        if color.ndim == 1:
            color = color[None, :, None, None]
        self.pixels.lerp_(color.expand_as(self.pixels), alpha[:, None].expand_as(self.pixels))

    def part(self, x0: float, y0: float, x1: float, y1: float) -> Canvas:
        """The same picture cut to the pixels in which [x0, x1] x [y0, y1] can ever lie."""
        inside = (self.x > x0) & (self.x < x1) & (self.y > y0) & (self.y < y1)
        rows = inside.any(0).any(1).nonzero().flatten()
        columns = inside.any(0).any(0).nonzero().flatten()
        if not len(rows):
            rows = columns = torch.zeros(1, dtype=torch.long)
        r, c = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
        return Canvas(self.pixels[:, :, r, c], self.x[:, r, c], self.y[:, r, c], self.unit)
