"""A lid painted over a large drawn eye: skin from below it, drawn down over it, with the dark line of its lashes.

A mesh of real faces takes the eyes of drawn people for smaller than they are, and above them is no lid to bring down.

Shapes: `r` rows and `c` columns of the patch around one eye.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.media.face_edges import Eye, edge_points

if TYPE_CHECKING:
    from dialogue.ground.box import Box

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]
Outline = NDArray[np.float32]  # (n, 2)

LOWER = 0.8  # how far below the eye's middle the lids meet, of its half height
WHITE_AROUND = (1.25, 1.5)  # times the mesh's outline of an eye: where drawn eyes are still white
WHITE = (0.2, 0.1)  # shares of white there, of the clearer eye, from which both are large
NO_SKIN = 17.0  # levels of Lab from the skin below the eye, lightness halved: what is further is eye
SEEN = 0.8  # of an open eye that closed lids may leave to be seen, their lashes with it
LASHES = 0.13  # half the thickness of the lash line, of the eye's half height


def _smooth(value: Plane) -> Plane:
    x = np.clip(value, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


class PaintedLid:
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
        round_ = np.hypot(x - eye.x, y - eye.y) / eye.half_width
        self._around = (round_ < 1.0) & (np.abs(self._down + 0.2) < 3)
        self._cheek = (np.abs(along) < 0.8) & (round_ > 1.1) & (self._down > 0)
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

    def seen(self, picture: Frame) -> float:
        """How much around the eye differs from the skin below it, lashes aside: of the patch, 0 … 1."""
        import cv2

        lab = cv2.cvtColor(np.ascontiguousarray(picture[self.rows, self.columns]), cv2.COLOR_RGB2LAB)
        skin = np.median(lab[self._cheek].reshape(-1, 3), 0) if self._cheek.any() else np.median(lab, (0, 1))
        other = np.linalg.norm((lab - skin) * (0.5, 1.2, 1.2), axis=-1) > NO_SKIN
        return float((other & self._around).mean())

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


def painted_lids(picture: Frame, box: Box, eyes: list[tuple[Outline, Outline]]) -> list[PaintedLid]:
    """Lids for the eyes of the face in `box` if they are larger than their outlines by the mesh; else none.

    `eyes`: points of the upper and the lower lid of each, (n, 2), in pixels of the picture; empty without a mesh.
    """
    shares = [[_white(picture, upper, lower, times) for times in WHITE_AROUND] for upper, lower in eyes]
    if shares and any(best < least for best, least in zip(max(shares), WHITE, strict=True)):
        return []
    return [PaintedLid(picture, eye) for eye in edge_points(picture, box).eyes]


def cover(picture: Frame, lids: list[PaintedLid]) -> bool:
    """Whether closed lids leave little of the eyes to be seen; half covered ones look worse than open ones."""
    shut = picture.copy()
    for lid in lids:
        lid.close(shut, 1.0)
    return all(lid.seen(shut) <= SEEN * lid.seen(picture) for lid in lids)


def _white(picture: Frame, upper: Outline, lower: Outline, times: float) -> float:
    """How much of an eye's outline, scaled, lies on what is lighter and less colourful than the skin below the eye."""
    import cv2

    outline = np.vstack([upper, lower[::-1]]).astype(np.float64)
    across = (upper[-1] - upper[0]).astype(np.float64)
    long = float(np.hypot(*across)) + 1e-6
    down = np.array((-across[1], across[0])) / long
    middle = ((upper[0] + upper[-1]) / 2 + upper.mean(0) + lower.mean(0)) / 3
    ring = middle + (outline - middle) * times
    share = np.linspace(0, 1, 6)[:, None, None]
    ring = (ring[None] * (1 - share) + np.roll(ring, -1, 0)[None] * share).reshape(-1, 2)
    steps = np.linspace(-0.2, 0.2, 7) * long
    cheek = middle + 1.1 * long * down
    grid = np.stack(np.meshgrid(cheek[0] + steps, cheek[1] + 0.4 * steps), -1).reshape(-1, 2)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    places = np.concatenate([ring, grid]).astype(np.float32)[None]
    seen = cv2.remap(lab, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
    chroma = np.hypot(seen[:, 1] - 128, seen[:, 2] - 128)
    skin_light, skin_chroma = float(np.median(seen[len(ring) :, 0])), float(np.median(chroma[len(ring) :]))
    white = (chroma < 0.55 * skin_chroma) & (seen[:, 0] > 1.02 * skin_light)
    return float(white[: len(ring)].mean())
