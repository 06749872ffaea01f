"""An eye that blinks with its own lids: the skin above it comes down over it, lashes and all, along the eye's outline.

Along the eye u runs from -1 to 1 between its ends; v is pixels across it, down the head.

Shapes: `r` rows and `c` columns of the patch around one eye.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

MEET = 0.93  # of the way from the upper lid to the lower one: where they meet
FOLD = 1.15  # of the eye's height: how much skin above it comes down
GLANCE = 0.22  # of half the eye's length: how far its iris goes for a glance of 1
PLACES = 65
ALONG = np.linspace(-1.6, 1.6, PLACES, dtype=np.float32)


class Eyelid:
    """The lids of one eye. `upper`, `lower`: their points, (9, 2), from the viewer's left end to the right one, in
    pixels of the crop, which is `rows` x `columns`; `brow`: the lowest point of the brow above it."""

    def __init__(
        self, upper: NDArray[np.float32], lower: NDArray[np.float32], brow: float, rows: int, columns: int
    ) -> None:
        left, right = upper[0].astype(float), upper[-1].astype(float)
        self._middle, half = (left + right) / 2, (right - left) / 2
        length = max(float(np.hypot(*half)), 1.0)
        self._across = half / length
        self._half = length
        self._upper, self._lower = self._contour(upper), self._contour(lower)
        self.height = max(float((self._lower - self._upper).max()), 0.12 * length)
        lid = float(self._upper.min())
        self._room = min(max(FOLD * self.height, 0.3 * length), max(0.9 * (lid - brow), 0.35 * self.height))
        reach = 1.6 * length
        x, y = self._middle
        top, bottom = y - self.height - self._room - 0.3 * length, y + 1.6 * self.height + 0.4 * length
        self.patch = (
            slice(max(0, int(top)), max(1, min(rows, int(bottom) + 2))),
            slice(max(0, int(x - reach)), max(1, min(columns, int(x + reach) + 2))),
        )
        py, px = np.mgrid[self.patch].astype(np.float32)
        ax, ay = self._across
        self._u = np.asarray(((px - x) * ax + (py - y) * ay) / length, np.float32)
        self._v = np.asarray((py - y) * ax - (px - x) * ay, np.float32)
        self._inside = np.clip((1.25 - np.abs(self._u)) / 0.25, 0, 1).astype(np.float32)

    def _contour(self, points: NDArray[np.float32]) -> Plane:
        ax, ay = self._across
        px, py = points[:, 0] - self._middle[0], points[:, 1] - self._middle[1]
        u, v = (px * ax + py * ay) / self._half, py * ax - px * ay
        order = np.argsort(u)
        line = np.interp(ALONG, u[order], v[order])
        kernel = np.hanning(9)
        return np.asarray(np.convolve(np.pad(line, 4, mode="edge"), kernel / kernel.sum(), "valid"), np.float32)

    def look(self, lookup: Plane, glance: float, shift: tuple[float, float]) -> None:
        """Turn the eye: its iris goes `glance` of the way to a corner, -1 … 1; the lids and the corners stay."""
        ax, ay = self._across
        u = self._u + np.float32((shift[0] * ax + shift[1] * ay) / self._half)
        v = self._v + np.float32(shift[1] * ax - shift[0] * ay)
        index = np.clip((u + 1.6) * ((PLACES - 1) / 3.2), 0, PLACES - 1).astype(np.intp)
        soft = max(1.0, 0.12 * self.height)
        inside = np.clip(np.minimum(v - self._upper[index], self._lower[index] - v) / soft + 0.5, 0, 1)
        moved = (GLANCE * self._half * glance) * inside * np.clip(1 - u**2, 0, 1)
        lookup[0][self.patch] -= moved * np.float32(ax)
        lookup[1][self.patch] -= moved * np.float32(ay)

    def apply(self, lookup: Plane, blink: float, upper: float, lower: float, shift: tuple[float, float]) -> None:
        """Move `lookup` (2, rows, columns), x and y: closed by `blink` 0 … 1; the lids raised by `upper` and `lower`
        pixels; `shift` is by how much the head moves what it looks at."""
        ax, ay = self._across
        u = self._u + np.float32((shift[0] * ax + shift[1] * ay) / self._half)
        v = self._v + np.float32(shift[1] * ax - shift[0] * ay)
        index = np.clip((u + 1.6) * ((PLACES - 1) / 3.2), 0, PLACES - 1).astype(np.int16)
        high = self._lower - self._upper
        share = np.clip(high / self.height, 0, 1)
        upper_at = self._upper - upper * share
        lower_at = self._lower - lower * share
        edge = np.minimum(upper_at + blink * MEET * np.maximum(lower_at - upper_at, 0), lower_at)
        top = self._upper - self._room
        bottom = self._lower + 0.9 * self.height
        lid, own = edge[index], self._upper[index]
        start = top[index]
        above = start + (v - start) * (own - start) / np.maximum(lid - start, 0.2)
        low, own_low, end = lower_at[index], self._lower[index], bottom[index]
        below = end - (end - v) * (end - own_low) / np.maximum(end - low, 0.2)
        between = np.where(lid < own, own + (v - lid) * (low - own) / np.maximum(low - lid, 0.5), v)
        source = np.where(v < lid, above, np.where(v > low, below, between))
        source = np.where((v < start) | (v > end), v, source)
        moved = (source - v) * self._inside
        lookup[0][self.patch] -= moved * ay
        lookup[1][self.patch] += moved * ax
