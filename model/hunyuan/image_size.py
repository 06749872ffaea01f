"""The frame size that the official release gives a picture: multiples of 64 within an area."""

from __future__ import annotations

import math

MULTIPLE = 64
LONG_SIDE = {704: 1216, 512: 768, 384: 576, 256: 384}  # by the size asked for; else 1.5 times it


def released_size(width: int, height: int, size: int = 704) -> tuple[int, int]:
    """Width and height in pixels to which a picture of `width` x `height` is resized (LANCZOS in the release).

    The short side becomes `size`, both sides are rounded to 64; where that is more than `size` times its long side,
    both shrink to that area and are rounded again.
    """
    if min(width, height, size) < 1:
        raise ValueError(f"a picture of {width} x {height} pixels to size {size}: all are at least 1")
    area = size * LONG_SIDE.get(size, 1.5 * size)
    resized = _rounded(width, height, size / min(width, height))
    if resized[0] * resized[1] > area:
        resized = _rounded(width, height, math.sqrt(area / (width * height)))
    return resized


def _rounded(width: int, height: int, scale: float) -> tuple[int, int]:
    return round(width * scale / MULTIPLE) * MULTIPLE, round(height * scale / MULTIPLE) * MULTIPLE
