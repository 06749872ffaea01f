"""One face made to speak: the jaw drops, the lips part, the eyes close and the head nods, by warping its picture.

A pose is a few numbers; every number scales a displacement field that is made once per face. The fields are zero at
the border of the part that moves, so that nothing moves outside it and no seam shows. What a field moves by is where
a pixel of the frame looks in the still: frame(p) = still(p + displacement(p)).

Shapes: `r` rows and `c` columns of the region that moves, or of the patch of it around the mouth.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.eyelid import Eyelid
from dialogue.generators.animatic.mouth_interior import EDGE, InteriorColors, interior_colors, paint_interior
from dialogue.media.face_edges import LipLine
from dialogue.media.face_points import eyes_of, face_points, lip_line_of

if TYPE_CHECKING:
    from dialogue.ground.box import Box
    from dialogue.planning.plan import Face

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

GAPE = 0.62  # height of the widest gap between the lips, in half mouth widths
UPPER_SHARE = 0.27  # of the gap is the upper lip's rise; the jaw does the rest
JAW = 0.8  # how far the chin follows the lower lip
SPREAD = 0.13  # how much wider or narrower the mouth gets
NOD = 0.020  # of the face's height, for a nod of 1
MARGIN = 0.22  # around the face's box, of its size
SWAY = 0.012  # of the face's height, for a sway of 1


@dataclass(frozen=True)
class Pose:
    """`opening` and `blink` 0 … 1; `spread` -1 (rounded) … 1 (wide); `nod` (down) and `sway` (right) about -1 … 1."""

    opening: float = 0.0
    spread: float = 0.0
    nod: float = 0.0
    sway: float = 0.0
    blink: float = 0.0


def _smooth(value: Plane) -> Plane:
    x = np.clip(value, 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def moving_part(face: Face) -> Box:
    """The part of the speaker's region that moves: the face and a margin in which the movement fades."""
    return face.box.padded(MARGIN).intersection(face.region)


@dataclass(frozen=True)
class _MouthPlane:
    """The region in the mouth's own axes, in half widths: along the lips, and below the lip line."""

    mouth: LipLine
    along: Plane
    below: Plane

    @staticmethod
    def of(mouth: LipLine, x: Plane, y: Plane) -> _MouthPlane:
        dx, dy = (x - mouth.x) / mouth.half_width, (y - mouth.y) / mouth.half_width
        cos, sin = math.cos(mouth.angle), math.sin(mouth.angle)
        along, down = dx * cos + dy * sin, dy * cos - dx * sin
        line = -mouth.curve * np.minimum(along**2, 1.5)
        return _MouthPlane(mouth, np.asarray(along, np.float32), np.asarray(down - line, np.float32))

    def part(self, rows: slice, columns: slice) -> _MouthPlane:
        return _MouthPlane(self.mouth, self.along[rows, columns], self.below[rows, columns])

    def shifted(self, pixels: Plane) -> _MouthPlane:
        """As seen from `pixels` (r, c, 2) further on."""
        mouth, x, y = self.mouth, pixels[..., 0], pixels[..., 1]
        cos, sin = math.cos(mouth.angle) / mouth.half_width, math.sin(mouth.angle) / mouth.half_width
        return _MouthPlane(
            mouth,
            np.asarray(self.along + x * cos + y * sin, np.float32),
            np.asarray(self.below + y * cos - x * sin, np.float32),
        )

    def lips(self, spread: float) -> Plane:
        """The outline of the gap: 1 in the middle, 0 from the corners on."""
        reach = 0.88 * (1 + 1.2 * SPREAD * spread)
        return np.asarray(np.clip(1 - (self.along / reach) ** 2, 0, None) ** 0.8, np.float32)

    def jaw(self, spread: float) -> Plane:
        """How far each point below the lip line goes down with the lower lip."""
        chin = JAW * np.exp(-((self.along / 1.75) ** 2) / 2)
        share = _smooth(self.below / 1.1)
        return np.asarray((self.lips(spread) * (1 - share) + chin * share) * self._fades_below(), np.float32)

    def upper(self, spread: float) -> Plane:
        """How far each point above the lip line goes up with the upper lip."""
        return np.asarray(self.lips(spread) * np.exp(-((self.below / 0.5) ** 2)), np.float32)

    def _fades_below(self) -> Plane:
        return np.asarray(1 - _smooth((self.below - 1.5) / 1.6), np.float32)


class FaceWarp:
    """The face of one speaker in one still; `draw` writes a pose into a frame.

    `still` is (H, W, 3) uint8 RGB; `face` has its box and the region that is the speaker's alone, in its pixels.
    """

    def __init__(self, still: Frame, face: Face) -> None:
        height, width = still.shape[:2]
        region = moving_part(face)
        self._top, bottom = max(0, math.ceil(region.y)), min(height, math.floor(region.bottom))
        self._left, right = max(0, math.ceil(region.x)), min(width, math.floor(region.right))
        if bottom - self._top < 8 or right - self._left < 8:
            raise ValueError(
                f"the region {region.to_list()} of {face.speaker!r} has less than 8 x 8 pixels in the frame"
            )
        self._still = np.ascontiguousarray(still[self._top : bottom, self._left : right])
        points = face_points(still, face.box)
        y, x = np.mgrid[self._top : bottom, self._left : right].astype(np.float32)
        window = self._window(x, y, face.box, region)
        self._plane = _MouthPlane.of(lip_line_of(points), x, y)
        self._window_plane = window
        self._grid = np.stack([x - self._left, y - self._top], -1)
        self._patch = self._mouth_patch()
        self._patch_plane = self._plane.part(*self._patch)
        self._colors = self._interior_colors()
        self._lids = [
            Eyelid(self._still, dataclasses.replace(eye, x=eye.x - self._left, y=eye.y - self._top))
            for eye in eyes_of(points)
        ]
        # Fields (r, c, 2), in pixels, for a pose of 1.
        head = window * face.box.height
        turn = 1 - 0.35 * np.clip((y - face.box.y) / face.box.height, 0, 1)  # the crown goes further than the chin
        self._nod = np.stack([np.zeros_like(x), -NOD * head * turn], -1).astype(np.float32)
        self._sway = np.stack([-SWAY * head * turn, np.zeros_like(x)], -1).astype(np.float32)
        self._spread = self._spread_field()
        self._open = self._opening_field(self._plane, window, 0.0)

    @staticmethod
    def _window(x: Plane, y: Plane, box: Box, region: Box) -> Plane:
        """1 over the face, 0 at the region's border."""

        def ramp(distance: Plane, margin: float, least: float) -> Plane:
            return _smooth(distance / max(margin, least))

        across, down = 0.14 * box.width, 0.14 * box.height
        window = ramp(x - region.x, box.x - region.x + 0.3 * across, across)
        window = window * ramp(region.right - 1 - x, region.right - box.right + 0.3 * across, across)
        window = window * ramp(y - region.y, box.y - region.y + 0.3 * down, down)
        return np.asarray(
            window * ramp(region.bottom - 1 - y, region.bottom - box.bottom + 0.3 * down, down), np.float32
        )

    def _mouth_patch(self) -> tuple[slice, slice]:
        """The rows and columns around the lips, where the gap can open."""
        near = (np.abs(self._plane.along) < 1.15) & (self._plane.below > -0.6) & (self._plane.below < 1.2)
        rows, columns = np.flatnonzero(near.any(1)), np.flatnonzero(near.any(0))
        if not len(rows):
            return slice(0, 1), slice(0, 1)
        return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

    def _interior_colors(self) -> InteriorColors:
        around = (np.abs(self._plane.along) < 1.6) & (np.abs(self._plane.below) < 1.3)
        return interior_colors(self._still[around] if around.any() else self._still.reshape(-1, 3))

    def _down(self, amount: Plane) -> Plane:
        """A displacement of `amount` half widths along the mouth's own down, as (r, c, 2) pixels."""
        mouth = self._plane.mouth
        length = amount * mouth.half_width
        return np.stack([-length * math.sin(mouth.angle), length * math.cos(mouth.angle)], -1)

    def _opening_field(self, plane: _MouthPlane, window: Plane, opening: float, spread: float = 0.0) -> Plane:
        """Per unit of opening: below the lip line the still lies higher, above it lower."""
        jaw, upper = self._shares(plane, window, spread)
        lower_side = plane.below - 0.5 * opening * (jaw - upper) > 0
        return np.asarray(self._down(np.where(lower_side, -jaw, upper)), np.float32)

    def _shares(self, plane: _MouthPlane, window: Plane, spread: float) -> tuple[Plane, Plane]:
        return (
            plane.jaw(spread) * (GAPE * (1 - UPPER_SHARE)) * window,
            plane.upper(spread) * (GAPE * UPPER_SHARE) * window,
        )

    def _spread_field(self) -> Plane:
        mouth, plane = self._plane.mouth, self._plane
        reach = np.exp(-((plane.along / 1.3) ** 2 + (plane.below / 0.9) ** 2) / 1.4) * self._window_plane
        length = -SPREAD * plane.along * reach * mouth.half_width
        return np.stack([length * math.cos(mouth.angle), length * math.sin(mouth.angle)], -1).astype(np.float32)

    def draw(self, pose: Pose, frame: Frame) -> None:
        """Write the face in this pose into its region of `frame`, which has the size of the still.

        A pose of all zeros gives the still, bit for bit.
        """
        import cv2

        drawn = self._still
        if pose.blink:
            drawn = drawn.copy()
            for lid in self._lids:
                lid.close(drawn, pose.blink)
        lookup = self._lookup(pose)
        if lookup is not None:
            drawn = cv2.remap(drawn, lookup, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        if pose.opening:
            self._fill_gap(pose, drawn)
        rows, columns = drawn.shape[:2]
        frame[self._top : self._top + rows, self._left : self._left + columns] = drawn

    def _lookup(self, pose: Pose) -> Plane | None:
        """Where every pixel of the region (r, c, 2) looks in the still; None when all look at themselves."""
        import cv2

        moves = [
            (self._open, pose.opening), (self._spread, pose.spread), (self._nod, pose.nod), (self._sway, pose.sway)
        ]  # fmt: skip
        if not any(amount for _, amount in moves):
            return None
        lookup: Plane = self._grid.copy()
        for field, amount in moves:
            if amount:
                cv2.scaleAdd(field, amount, lookup, lookup)
        if pose.opening:
            self._reopen(pose, lookup)
        return lookup

    def _reopen(self, pose: Pose, lookup: Plane) -> None:
        """Around the lips the side a pixel belongs to depends on how far they are open."""
        window = self._window_plane[self._patch]
        field = self._opening_field(self._patch_plane, window, pose.opening, pose.spread)
        lookup[self._patch] += pose.opening * (field - self._open[self._patch])

    def _fill_gap(self, pose: Pose, drawn: Frame) -> None:
        """Paint the inside of the mouth where both lips have moved away."""
        # The mouth goes with the head.
        shift = pose.nod * self._nod[self._patch] + pose.sway * self._sway[self._patch]
        plane = self._patch_plane.shifted(shift)
        along, below = plane.along, plane.below
        jaw, upper = self._shares(plane, self._window_plane[self._patch], pose.spread)
        below_upper, above_lower = below + pose.opening * upper, pose.opening * jaw - below
        edge = max(EDGE, 1.2 / plane.mouth.half_width)
        inside = _smooth((np.minimum(below_upper, above_lower) + 0.3 * edge) / edge)
        inside = inside * _smooth(pose.opening * (jaw + upper) / (1.2 * edge))
        color = paint_interior(self._colors, along, np.maximum(below_upper, 0), np.maximum(above_lower, 0))
        under = drawn[self._patch].astype(np.float32)
        drawn[self._patch] = np.rint(under + (color - under) * inside[..., None])
