"""An eyelid to close over an eye: the skin around the eye, drawn down over it, with the dark line of its lashes.

Shapes: `r` rows and `c` columns of the patch around one eye.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from dialogue.media.face_edges import Eye

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

LOWER = 0.8  # how far below the eye's middle the lids meet, of its half height
LASHES = 0.13  # half the thickness of the lash line, of the eye's half height


def _smooth(value: Plane) -> Plane:
    x = np.clip(value, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


class Eyelid:
    """The lid of `eye` (in pixels of `picture`, (H, W, 3) uint8 RGB)."""

    def __init__(self, picture: Frame, eye: Eye) -> None:
        height, width = picture.shape[:2]
        reach = math.ceil(1.5 * max(eye.half_width, eye.half_height)) + 3
        top, left = max(0, int(eye.y) - reach), max(0, int(eye.x) - reach)
        self.rows = slice(top, min(height, int(eye.y) + reach + 1))
        self.columns = slice(left, min(width, int(eye.x) + reach + 1))
        patch = np.ascontiguousarray(picture[self.rows, self.columns])
        if not patch.size:
            raise ValueError(f"the eye at {eye.x:.0f}, {eye.y:.0f} lies outside the picture of {width} x {height}")
        y, x = np.mgrid[self.rows, self.columns].astype(np.float32)
        cos, sin = math.cos(eye.angle), math.sin(eye.angle)
        along = ((x - eye.x) * cos + (y - eye.y) * sin) / eye.half_width
        self._down = np.asarray(((y - eye.y) * cos - (x - eye.x) * sin) / eye.half_height, np.float32)
        self._arc = np.asarray(np.clip(1 - along**2, 0, None), np.float32)
        self._pixel = 1 / eye.half_height
        radius = np.sqrt((along / 1.15) ** 2 + (self._down / 1.3) ** 2)
        self._eye = _smooth((1.2 - radius) / 0.45)
        hole = (radius < 1.1).astype(np.uint8)
        soft = self._skin_around(patch, (np.abs(along) < 1.1) & (self._down > 1.3) & (self._down < 2.8))
        shade = 0.93 - 0.10 * _smooth((self._down + 0.2) / 1.2)  # the lid turns away from the light
        self._skin = np.asarray(soft * shade[..., None], np.float32)
        inside = patch[hole.astype(bool)].astype(np.float32)
        dark = inside[inside.sum(1) <= np.percentile(inside.sum(1), 12)].mean(0) if len(inside) else soft.mean((0, 1))
        self._lash = np.asarray(0.7 * dark + 0.3 * soft.mean((0, 1)), np.float32)

    @staticmethod
    def _skin_around(patch: Frame, ring: NDArray[np.bool_]) -> Plane:
        """The skin under the eye carried on over it, (r, c, 3): of the medium lightness there, as lashes and rims of
        glasses are no skin, and no brow lies below an eye.
        """
        import cv2

        light = patch.astype(np.float32).mean(-1)
        if not ring.any():
            ring = np.ones_like(ring)
        low, high = np.percentile(light[ring], (30, 85))
        skin = ring & (light >= low) & (light <= high)
        weight = skin.astype(np.float32)[..., None] + 1e-4
        reach = 0.22 * max(patch.shape[:2])
        total = cv2.GaussianBlur(patch * weight, (0, 0), reach)
        return np.asarray(total / cv2.GaussianBlur(weight, (0, 0), reach)[..., None], np.float32)

    def close(self, picture: Frame, blink: float) -> None:
        """Draw the lid into `picture`, closed by `blink`, 0 … 1."""
        if blink <= 0:
            return
        under = picture[self.rows, self.columns].astype(np.float32)
        edge = self._arc * ((1 + LOWER) * blink - 1)  # of the lid, from the upper (-1) to the lower
        shown = float(_smooth(np.float32(2.5 * blink) * np.ones(1, np.float32))[0])
        lid = self._eye * _smooth((edge - self._down) / (2 * self._pixel) + 0.5) * shown
        under += (self._skin - under) * lid[..., None]
        thick = LASHES + 0.4 * self._pixel
        lash = np.exp(-(((self._down - edge) / thick) ** 2)) * np.sqrt(self._arc) * (0.75 * shown)
        under += (self._lash - under) * lash[..., None]
        picture[self.rows, self.columns] = np.rint(under)
