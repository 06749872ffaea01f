"""The portrait as the network takes it: cut or padded to its frame, and masked to the face for the reference network.

Shapes: H, W pixels of a picture; h, w of the network's frame.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor

FACE_GROWTH = 1.2

Rectangle = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom are outside


def framed(picture: Tensor, height: int, width: int) -> Tensor:
    """A picture (H, W, 3) of 0 … 255 as (1, 3, height, width) of 0 … 1.

    A square one is resized to the frame's height and stands between black bars; any other covers the frame and is cut
    centrally. Antialiased. Bicubic overshoot stays where it is cut (below 0, above 1), as in the release.
    """
    pixels = rearrange(picture.float() / 255, "h w c -> 1 c h w")
    rows, columns = picture.shape[:2]
    if rows == columns:
        square = F.interpolate(pixels, (height, height), mode="bilinear", antialias=True)
        left = (width - height) // 2
        return F.pad(square, (left, width - height - left)).clamp(0, 1)
    if columns / rows > width / height:
        size = (height, int(columns * height / rows))
    else:
        size = (int(rows * width / columns), width)
    covering = F.interpolate(pixels, size, mode="bicubic", antialias=True)
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    return covering[:, :, top : top + height, left : left + width]


def grown_rectangle(
    left: float,
    top: float,
    right: float,
    bottom: float,
    width: int,
    height: int,
    growth: float = FACE_GROWTH,
    released: bool = False,
) -> Rectangle:
    """A face's rectangle as points span it, grown about its centre and moved back inside a picture of this size.

    Where it is larger than the picture it is cut; `released`: as the release has it, which keeps a strip at the far
    edge there.
    """
    spans = []
    for low, high, limit in ((round(left), round(right), width), (round(top), round(bottom), height)):
        half = int((high - low) * growth) // 2
        start, end = (low + high) // 2 - half, (low + high) // 2 + half
        if start < 0:
            start, end = 0, end - start
        if end > limit:
            start, end = start - (end - limit), limit
        if start < 0:
            start = max(0, limit + start) if released else 0
        spans.append((start, min(end, limit)))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


def face_only(picture: Tensor, rectangle: Rectangle) -> Tensor:
    """The picture (H, W, 3) with everything outside the rectangle black."""
    left, top, right, bottom = rectangle
    mask = torch.zeros(picture.shape[:2], dtype=picture.dtype)
    mask[top:bottom, left:right] = 1
    masked: Tensor = picture * repeat(mask, "h w -> h w c", c=3)
    return masked
