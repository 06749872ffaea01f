"""Face masks on the latent grid, from boxes in pixels.

Shapes: S speakers, T latent frames, H/W pixels, h/w latent cells (H/8, W/8).
A mask is drawn in whole pixels and then resized bilinearly, as the release does, so its edges are soft.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from model.grid import CELL

BoxXYWH = tuple[float, float, float, float]  # x, y of the top left corner, width, height, in pixels
Rectangle = tuple[int, int, int, int]  # x0, y0, x1, y1 in whole pixels, half-open


def released_rectangle(box: BoxXYWH | None, width: int, height: int, area: float = 3.0) -> Rectangle:
    """The pixels that the release masks for a detected face: its box `area` times as wide and high, in the picture.

    Floors where the release floors. No face found (None) is the whole picture.
    """
    if box is None:
        return 0, 0, width, height
    x, y, w, h = box
    center_x, center_y = (x + x + w) // 2, (y + y + h) // 2
    reach_x, reach_y = w * area // 2, h * area // 2
    return (
        int(max(center_x - reach_x, 0)),
        int(max(center_y - reach_y, 0)),
        int(min(center_x + reach_x, width)),
        int(min(center_y + reach_y, height)),
    )


def region_rectangle(box: BoxXYWH, width: int, height: int) -> Rectangle:
    """A region as it is, cut to the picture. Regions that only touch stay apart: both edges round down."""
    x, y, w, h = box
    return max(int(x), 0), max(int(y), 0), min(int(x + w), width), min(int(y + h), height)


def latent_mask(rectangle: Rectangle, width: int, height: int, cell: int = CELL) -> Tensor:
    """A rectangle of ones in a picture of `width` x `height`, at latent resolution (h, w), 0 … 1."""
    x0, y0, x1, y1 = rectangle
    pixels = torch.zeros(1, 1, height, width)
    pixels[..., y0:y1, x0:x1] = 1
    return interpolate(pixels, size=(height // cell, width // cell), mode="bilinear", align_corners=False)[0, 0]


def region_masks(regions: Sequence[Sequence[BoxXYWH | None]], width: int, height: int, cell: int = CELL) -> Tensor:
    """Masks (S, T, h, w) from each speaker's region at each latent frame; None: not in the picture then."""
    drawn: dict[BoxXYWH | None, Tensor] = {None: torch.zeros(height // cell, width // cell)}
    for box in {box for track in regions for box in track if box is not None}:
        drawn[box] = latent_mask(region_rectangle(box, width, height), width, height, cell)
    return torch.stack([torch.stack([drawn[box] for box in track]) for track in regions])
