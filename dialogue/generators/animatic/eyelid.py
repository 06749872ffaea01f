"""The lids of an eye: raised and lowered by a feeling; in a blink, skin of the face's own drawn down over the eye.

There is seldom enough skin between eye and brow to pull down, and pulling brings lashes, brows and rims of glasses
along. So a closed lid is made once a picture, of the colour and the grain of the skin around the eye.

Along the eye u runs from -1 to 1 between its ends; v is pixels across it, down the head.

Shapes: `r` rows and `c` columns of the patch around one eye.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

MEET = 1.04  # of the way from the upper lid to the lower one: where they meet
LOW = 0.22  # of the eye's height: how far below its middle's lower lid a closed lid comes, where lashes hide it
LASHES = 0.045  # half the thickness of the line of lashes, of half the eye's length
ABOVE, BELOW = 0.85, 0.4  # of the eye's height: how far around its opening lashes and shade are skin in a blink
SHADE = 0.62  # of the lightest skin around an eye: what is darker above it is brow
FAINT = 1e-3  # weight of the mean skin against the skin near by
GRAIN = 7.0  # levels: what differs more from its surroundings is no grain of the skin
FOLD = 1.15  # of the eye's height: how much skin above it comes down
GLANCE = 0.22  # of half the eye's length: how far its iris goes for a glance of 1
PLACES = 65
ALONG = np.linspace(-1.6, 1.6, PLACES, dtype=np.float32)


class Eyelid:
    """The lids of one eye. `upper`, `lower`: their points, (9, 2), from the viewer's left end to the right one, in
    pixels of the crop `still`, (rows, columns, 3) uint8 RGB; `brow`: points of the brow above it, (5, 2);
    `soft`: how many pixels an edge of the picture is wide."""

    def __init__(
        self,
        still: Frame,
        upper: NDArray[np.float32],
        lower: NDArray[np.float32],
        brow: NDArray[np.float32],
        soft: float = 1.1,
    ) -> None:
        rows, columns = still.shape[:2]
        self._soft = soft
        left, right = upper[0].astype(float), upper[-1].astype(float)
        self._middle, half = (left + right) / 2, (right - left) / 2
        length = max(float(np.hypot(*half)), 1.0)
        self._across = half / length
        self._half = length
        self._upper, self._lower = self._contour(upper), self._contour(lower)
        self.height = max(float((self._lower - self._upper).max()), 0.12 * length)
        ax, ay = self._across
        over = brow.astype(float) - self._middle
        below = np.interp((over[:, 0] * ax + over[:, 1] * ay) / length, ALONG, self._upper)
        clear = float(np.median(below - (over[:, 1] * ax - over[:, 0] * ay)))  # from the lid to the brow's upper edge
        self._room = min(max(FOLD * self.height, 0.3 * length), max(0.6 * clear, 0.35 * self.height))
        reach = 1.6 * length
        x, y = self._middle
        top, bottom = y - self.height - self._room - 0.3 * length, y + 1.6 * self.height + 0.4 * length
        self.patch = (
            slice(max(0, int(top)), max(1, min(rows, int(bottom) + 2))),
            slice(max(0, int(x - reach)), max(1, min(columns, int(x + reach) + 2))),
        )
        py, px = np.mgrid[self.patch].astype(np.float32)
        self._u = np.asarray(((px - x) * ax + (py - y) * ay) / length, np.float32)
        self._v = np.asarray((py - y) * ax - (px - x) * ay, np.float32)
        self._inside = np.clip((1.25 - np.abs(self._u)) / 0.25, 0, 1).astype(np.float32)
        self._skin, self._lash = self._closed(np.ascontiguousarray(still[self.patch]))

    def _contour(self, points: NDArray[np.float32]) -> Plane:
        ax, ay = self._across
        px, py = points[:, 0] - self._middle[0], points[:, 1] - self._middle[1]
        u, v = (px * ax + py * ay) / self._half, py * ax - px * ay
        order = np.argsort(u)
        line = np.interp(ALONG, u[order], v[order])
        kernel = np.hanning(9)
        return np.asarray(np.convolve(np.pad(line, 4, mode="edge"), kernel / kernel.sum(), "valid"), np.float32)

    def _closed(self, patch: Frame) -> tuple[Plane, Plane]:
        """The skin of the closed lid, (r, c, 3), and the colour of its lashes, (3,)."""
        import cv2

        index = self._index(self._u)
        upper, lower = self._upper[index], self._lower[index]
        high, near = self.height, np.abs(self._u)
        hole = (near < 1.15) & (self._v > upper - ABOVE * high) & (self._v < lower + BELOW * high)
        under = (near < 1.1) & ~hole & (self._v > lower) & (self._v < lower + BELOW * high + 0.55 * self._half)
        over = (near < 1.1) & ~hole & (self._v < upper) & (self._v > upper - self._room)
        light = patch.astype(np.float32).mean(-1)
        weight = np.zeros(light.shape, np.float32)
        for ring in (under, over):  # what is darker is a brow, lashes or a rim; what is lighter a glint
            if ring.sum() >= 8:
                low, most = np.percentile(light[ring], (35, 92))
                weight[ring & (light >= low) & (light <= most)] = 1
        if weight[under].any():  # the lid lies in the socket's shade, but a brow is darker still
            weight[over & (light < SHADE * float(light[weight > 0].max()))] = 0
        known = weight > 0
        mean = patch[known].mean(0) if known.any() else patch.reshape(-1, 3).mean(0)
        reach = max(1.5, 0.3 * self._half)
        total = cv2.GaussianBlur(patch * weight[..., None], (0, 0), reach) + FAINT * mean
        skin = total / (cv2.GaussianBlur(weight, (0, 0), reach)[..., None] + FAINT)
        fine = patch - cv2.GaussianBlur(patch, (0, 0), 2.0).astype(np.float32)
        rows = np.clip(np.arange(len(patch)) + round(1.2 * high + 0.3 * self._half), 0, len(patch) - 1)
        grain = np.clip(fine, -GRAIN, GRAIN)[rows]
        self._top = upper - min(ABOVE * high, 0.9 * self._room)
        # Lashes and the dark above them are skin in a blink, however soft the border of the lid is.
        darker = np.clip((skin.mean(-1) - light) / (0.2 * skin.mean(-1) + 1) - 0.3, 0, 1).astype(np.float32)
        zone = np.clip((self._v - self._top) / (0.12 * high + 1), 0, 1) * (self._v < lower)
        zone = zone * np.clip((1.4 - near) / 0.2, 0, 1)
        self._lashes = cv2.GaussianBlur(cv2.dilate(darker, np.ones((3, 3))), (0, 0), 0.6 * self._soft) * zone
        fold = 1 - 0.10 * np.exp(-(((self._v - upper + 0.1 * high) / (0.3 * high + 1)) ** 2))
        inside = patch[(near < 0.9) & (self._v > upper - 0.2 * high) & (self._v < lower)].astype(np.float32)
        middle = skin[len(skin) // 2, skin.shape[1] // 2]
        if not len(inside):
            return skin, np.asarray(0.5 * middle, np.float32)
        dark = inside[inside.sum(1) <= np.percentile(inside.sum(1), 15)].mean(0)
        return np.asarray(skin * fold[..., None] + grain, np.float32), np.asarray(0.75 * dark + 0.25 * middle)

    def _index(self, u: Plane) -> NDArray[np.intp]:
        return np.asarray(np.clip((u + 1.6) * ((PLACES - 1) / 3.2), 0, PLACES - 1), np.intp)

    def close(self, drawn: Frame, blink: float, shift: tuple[float, float]) -> None:
        """Draw the lid into the crop, closed by `blink`, 0 … 1, where the head has moved the eye by `-shift`."""
        ax, ay = self._across
        u = self._u + np.float32((shift[0] * ax + shift[1] * ay) / self._half)
        v = self._v + np.float32(shift[1] * ax - shift[0] * ay)
        index = self._index(u)
        upper, lower = self._upper[index], self._lower[index]
        arc = np.sqrt(np.clip(1 - u**2, 0, 1))
        edge = upper + blink * (MEET * (lower - upper) + LOW * self.height * arc)
        soft = max(self._soft, 0.05 * self.height)
        lid = np.clip((v - self._top) / (0.45 * self.height + 1), 0, 1) * np.clip((1.15 - np.abs(u)) / 0.15, 0, 1)
        lid = np.maximum(lid, self._lashes) * np.clip((edge - v) / soft + 0.5, 0, 1) * min(1.0, 4 * blink)
        thick = max(0.7 * self._soft, LASHES * self._half)
        lash = np.exp(-(((v - edge) / thick) ** 2)) * arc * (0.7 * min(1.0, 3 * blink))
        under = drawn[self.patch].astype(np.float32)
        under += (self._skin - under) * lid[..., None]
        under += (self._lash - under) * lash[..., None]
        drawn[self.patch] = np.clip(np.rint(under), 0, 255)

    def look(self, lookup: Plane, glance: float, shift: tuple[float, float]) -> None:
        """Turn the eye: its iris goes `glance` of the way to a corner, -1 … 1; the lids and the corners stay."""
        ax, ay = self._across
        u = self._u + np.float32((shift[0] * ax + shift[1] * ay) / self._half)
        v = self._v + np.float32(shift[1] * ax - shift[0] * ay)
        index = self._index(u)
        soft = max(1.0, 0.12 * self.height)
        inside = np.clip(np.minimum(v - self._upper[index], self._lower[index] - v) / soft + 0.5, 0, 1)
        moved = (GLANCE * self._half * glance) * inside * np.clip(1 - u**2, 0, 1)
        lookup[0][self.patch] -= moved * np.float32(ax)
        lookup[1][self.patch] -= moved * np.float32(ay)

    def apply(self, lookup: Plane, upper: float, lower: float, shift: tuple[float, float]) -> None:
        """Move `lookup` (2, rows, columns), x and y: the lids raised by `upper` and `lower` pixels; `shift` is by how
        much the head moves what it looks at."""
        ax, ay = self._across
        u = self._u + np.float32((shift[0] * ax + shift[1] * ay) / self._half)
        v = self._v + np.float32(shift[1] * ax - shift[0] * ay)
        index = self._index(u)
        high = self._lower - self._upper
        share = np.clip(high / self.height, 0, 1)
        upper_at = self._upper - upper * share
        lower_at = self._lower - lower * share
        edge = np.minimum(upper_at, lower_at)
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
