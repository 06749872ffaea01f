"""A mouth in motion: where each pixel around it looks in the still, and what is painted between the lips.

The upper lip and what is above it go with the upper edge, the lower lip, the chin and the jaw with the lower one. Each
edge in a pose lies where a shape says; what a pixel looks at is its own place less how far its side has moved. Pixels
of a side never look past its own edge: an open mouth's teeth and dark stay out of closed lips.

Shapes: `r` rows and `c` columns of the patch around the mouth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.lips import PLACES, REACH, Curve, Frame, Lips, Plane
from dialogue.generators.animatic.mouth_interior import InteriorColors, interior_colors, paint_interior
from dialogue.generators.animatic.mouth_shapes import Edges, MouthShape, edges_of

CHIN_SHARE = 0.86  # how far the chin follows the lower lip
JAW_HALF = 0.95  # of the mouth's width: half the width of what the jaw takes along
BELOW = 0.85  # of the mouth's width below the chin, over which the neck takes it up
UPPER_FADE = 0.30  # of the mouth's width above the upper lip, over which the face takes up its rise
SQUEEZE = 0.36  # of the mouth's width above and below: how far the skin goes along with a corner
OUTLINE = 1.1  # of s, where the outline of a face seen from the side has the mouth end
REST_REACH = 1.25  # of s: how far what an open mouth shows may go beyond its corners
LEFT_OVER = 0.08  # of the mouth's width: how far beyond its edges
SOFT = 0.008  # of the mouth's width: the softness of a lip's edge


def _softness(picture: Frame) -> float:
    """How many pixels an edge of this picture is wide: a mouth painted sharper looks glued on."""
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine, coarse = (np.percentile(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), size)), 97) for size in (1, 4))
    return float(np.clip(0.45 * coarse / max(float(fine), 1e-3), 1.1, 3.5))


def smooth(value: Any) -> Any:
    """0 up to 0, 1 from 1 on, smooth between."""
    x = np.clip(value, 0, 1)
    return x * x * (3 - 2 * x)


class MovingMouth:
    """The mouth of one face in one still; `apply` moves a lookup, `paint` paints the inside.

    `still` is the crop (rows, columns, 3) uint8 RGB; `window` (rows, columns) is 1 where the face may move, 0 where
    it may not; `teeth`: whether they may be painted, which beside a picture's own would be a second row; `before`:
    how much of each pixel is of a thing in front of the face, which neither moves nor is painted over.
    """

    def __init__(
        self, still: Frame, lips: Lips, window: Plane, teeth: bool = True, before: Plane | None = None
    ) -> None:
        self.lips = lips
        self._teeth = teeth
        self._still = still
        rows, columns = self._patch(still.shape[0], still.shape[1])
        self.patch = rows, columns
        y, x = np.mgrid[rows, columns].astype(np.float32)
        self._s, self._t = lips.plane(x, y)
        clear = 1 - before[rows, columns] if before is not None else np.ones_like(self._s)
        self._clear = np.asarray(clear, np.float32)
        self._window = window[rows, columns] * self._clear
        if lips.side:  # nor beyond the outline of a face seen from the side, where the window begins to fall
            self._clear = np.asarray(self._clear * smooth((window[rows, columns] - 0.86) / 0.12), np.float32)
        self._colors: InteriorColors = interior_colors(still, lips)
        width = lips.width
        near = np.abs(self._s)
        self._side_fade = np.exp(-(np.clip(near - 1, 0, None) ** 2) / 0.5).astype(np.float32)
        px = np.where(self._s < 0, self._s * lips.left, self._s * lips.right) / width
        if lips.side:  # the outline of the face is the middle of a mouth seen from the side
            px = np.clip(px * lips.side, None, 0.12) * lips.side
        self._jaw_wide = np.asarray(1 - smooth((np.abs(px) - 0.3) / (JAW_HALF - 0.3)), np.float32)
        depth = smooth((lips.chin + BELOW * width - self._t) / (BELOW * width))
        self._jaw_deep = np.asarray(depth, np.float32)
        self.soft = _softness(still[rows, columns])
        self._edge = max(self.soft, SOFT * width)
        self._margin = max(1.0, 0.028 * width) if lips.open else 0.0
        self._in_mouth = np.asarray(np.clip((1.1 - near) / 0.15, 0, 1), np.float32)
        self.closed = self._filled() if lips.open else still  # what lips and face are taken from
        # Along the mouth: how much of a corner's way a place goes.
        self._pulled = np.asarray(np.clip(self._s, -1, 1) * (1 - smooth((near - 1) / 0.9)), np.float32)

    def _filled(self) -> Frame:
        """The still without its own teeth and dark: what is seen inside, and beyond the contour at the corners, is
        painted out from the lips around it."""
        import cv2

        lips, width = self.lips, self.lips.width
        index = self._index(self._s)
        upper, lower = lips.upper[index], lips.lower[index]
        near = np.abs(self._s)
        inside = (near < 1) & (self._t > upper) & (self._t < lower)
        around = (near < REST_REACH) & (self._t > upper - LEFT_OVER * width) & (self._t < lower + LEFT_OVER * width)
        patch = np.ascontiguousarray(self._still[self.patch])
        lab = cv2.cvtColor(patch, cv2.COLOR_RGB2LAB).astype(np.float32)
        light, red = lab[..., 0], lab[..., 1] - 128
        ring = (near < 0.8) & ~inside & (self._t > upper - 0.1 * width) & (self._t < lower + 0.1 * width)
        if ring.sum() < 8:
            return self._still
        lip_light, lip_red = float(np.median(light[ring])), float(np.median(red[ring]))
        dark = light < 0.68 * lip_light
        pale = (red < 0.5 * lip_red) & (light > 0.9 * lip_light) & (near < 1.12)
        mask = (inside | (around & (dark | pale))).astype(np.uint8)
        _, labels = cv2.connectedComponents(mask)
        mask = np.isin(labels, np.unique(labels[inside & (labels > 0)])).astype(np.uint8)
        mask = cv2.dilate(mask, np.ones((3, 3), np.uint8), iterations=max(1, round(0.03 * width)))
        filled = self._still.copy()
        filled[self.patch] = cv2.inpaint(patch, mask, max(3.0, 0.03 * width), cv2.INPAINT_TELEA)
        return np.asarray(filled, np.uint8)

    @staticmethod
    def _index(s: Plane) -> NDArray[np.intp]:
        return np.asarray(np.clip((s + REACH) * ((PLACES - 1) / (2 * REACH)), 0, PLACES - 1.001), np.intp)

    def _patch(self, rows: int, columns: int) -> tuple[slice, slice]:
        """The rows and columns that the jaw and the lips can move."""
        lips = self.lips
        wide = JAW_HALF * lips.width
        s = np.array([-wide / lips.left, wide / lips.right])
        t = np.array([min(lips.nose * 1.1, -0.6 * lips.width), lips.chin + (BELOW + 0.1) * lips.width])
        x, y = lips.pixels(s[None, :], t[:, None])
        top, bottom = max(0, int(y.min()) - 2), min(rows, int(y.max()) + 3)
        left, right = max(0, int(x.min()) - 2), min(columns, int(x.max()) + 3)
        return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))

    def at_rest(self, shape: MouthShape) -> bool:
        """Whether the picture's own mouth is what the shape asks for."""
        same = not any((shape.jaw, shape.out, shape.lift, shape.thick, shape.tuck, shape.sneer))
        return same and not self.lips.open

    def apply(self, shape: MouthShape, lookup: Plane, shift: tuple[float, float]) -> MouthPose:
        """Move `lookup` (2, rows, columns), x and y, around the mouth; `shift`: by how much the head moves it."""
        lips = self.lips
        edges = edges_of(lips, shape)
        s, t = self._shifted(shift)
        s, squeeze = self._squeezed(s, t, edges)
        index = self._index(s)

        def along(curve: Curve) -> Plane:
            return np.asarray(curve.take(index), np.float32)

        below_upper, above_lower = t - along(edges.upper), along(edges.lower) - t
        is_lower = below_upper > above_lower
        down, sideways = self._lower(t, along, edges, above_lower)
        up = self._upper(along, edges, below_upper)
        moved = np.where(is_lower, down, up) * self._window
        if lips.open:
            moved = self._held_back(t, moved, along, is_lower)
        sideways = np.where(is_lower, sideways, 0) * self._window
        (ax, ay), (dx, dy) = lips.across, lips.down
        slide = squeeze * self._window - sideways
        here = lookup[0][self.patch], lookup[1][self.patch]
        skull = np.stack(here) if lips.open else None
        here[0][:] += slide * ax - moved * dx
        here[1][:] += slide * ay - moved * dy
        return MouthPose(edges, s, below_upper, above_lower, skull)

    def _shifted(self, shift: tuple[float, float]) -> tuple[Plane, Plane]:
        (ax, ay), (dx, dy) = self.lips.across, self.lips.down
        scale = 1 / (ax * dy - ay * dx)
        along = (shift[0] * dy - shift[1] * dx) * scale
        s = self._s + np.where(self._s < 0, along / self.lips.left, along / self.lips.right).astype(np.float32)
        return s, self._t + np.float32((shift[1] * ax - shift[0] * ay) * scale)

    def _squeezed(self, s: Plane, t: Plane, edges: Edges) -> tuple[Plane, Plane]:
        """s by the corners of the pose, and by how many pixels along the mouth the picture lies further on."""
        left, right = edges.corner
        if not (left or right):
            return s, np.zeros_like(s)
        lips = self.lips
        ratio = np.where(s < 0, lips.left / (lips.left + left), lips.right / (lips.right + right)).astype(np.float32)
        posed = s * (1 + (ratio - 1) * self._side_fade)
        half = np.where(s < 0, lips.left, lips.right).astype(np.float32)
        fade = np.exp(-((t / (SQUEEZE * lips.width)) ** 2))
        return posed, np.asarray((ratio - 1) * self._pulled * half * fade, np.float32)

    def _lower(self, t: Plane, along: Any, edges: Edges, above_lower: Plane) -> tuple[Plane, Plane]:
        """How far what is below the lower lip's edge has moved: down, and along the mouth with the jaw."""
        lips = self.lips
        middle = float(edges.moved_lower[PLACES // 2 - 20 : PLACES // 2 + 21].mean())
        if lips.side:
            middle = float(edges.moved_lower[PLACES // 2])
        to_chin = smooth(-above_lower / (0.75 * max(lips.chin, 0.3 * lips.width)))
        lip = along(edges.moved_lower)
        down = (lip + (CHIN_SHARE * middle * self._jaw_wide - lip) * to_chin) * self._jaw_deep
        down = down + self._thickened(-above_lower, edges.thick)
        return down, np.asarray(down * lips.jaw[0], np.float32)

    def _upper(self, along: Any, edges: Edges, below_upper: Plane) -> Plane:
        fade = np.exp(-((below_upper / (UPPER_FADE * self.lips.width)) ** 2))
        return np.asarray(along(edges.moved_upper) * fade - self._thickened(-below_upper, edges.thick), np.float32)

    def _thickened(self, from_edge: Plane, thick: float) -> Plane:
        """How far the red of a lip grows (or shrinks), by the distance from its inner edge."""
        if not thick:
            return np.zeros_like(from_edge)
        high = 0.16 * self.lips.width
        return np.asarray(thick * 0.5 * from_edge * np.exp(-((from_edge / high) ** 2)) * self._side_fade, np.float32)

    def _held_back(self, t: Plane, moved: Plane, along: Any, is_lower: NDArray[np.bool_]) -> Plane:
        """Looked at: never the inside of the picture's own open mouth, but the lip at its edge."""
        upper, lower = along(self.lips.upper), along(self.lips.lower)
        margin = self._margin * (0.5 + 0.5 * np.clip((lower - upper) / (2 * self._margin), 0, 1)) * self._in_mouth
        source = t - moved
        source = np.where(is_lower, np.maximum(source, lower + margin), np.minimum(source, upper - margin))
        return np.asarray(t - source, np.float32)

    def paint(self, pose: MouthPose, drawn: Frame) -> None:
        """Paint what shows between the lips, and the line where closed lips of an open picture meet."""
        lips, edges = self.lips, pose.edges
        edge = self._edge
        clear = np.minimum(pose.below_upper, pose.above_lower)
        inside = smooth(clear / edge + 0.5) * (np.abs(pose.s) < 1)
        if lips.side:  # beyond the outline of the face there is no inside
            inside = inside * smooth((OUTLINE - lips.side * pose.s) / 0.3)
        gap = pose.below_upper + pose.above_lower
        inside = inside * self._clear * smooth((gap - 0.6 * edge) / (1.4 * edge))
        part = drawn[self.patch]
        if lips.open:
            seam = np.exp(-(((pose.below_upper - pose.above_lower) / (1.6 * max(self.soft, 0.014 * lips.width))) ** 2))
            seam = seam * 0.5 * smooth((1 - np.abs(pose.s)) / 0.3) * (1 - smooth(gap / (2 * edge))) * self._clear
        else:
            seam = None
        rows = np.flatnonzero((inside > 0.002).any(1) | ((seam > 0.01).any(1) if seam is not None else False))
        if not len(rows):
            return
        band = slice(int(rows[0]), int(rows[-1]) + 1)
        under = part[band].astype(np.float32)
        if seam is not None:
            under *= 1 - 0.75 * seam[band, :, None]
        share = inside[band]
        if share.max() > 0.002:
            color = paint_interior(
                self._colors, pose.s[band], pose.below_upper[band] / lips.width, pose.above_lower[band] / lips.width,
                edges.teeth * self._teeth * (0.4 if lips.side else 1.0),
            )  # fmt: skip
            if pose.skull is not None:
                color = self._own_teeth(color, pose.skull[:, band])
            under += (color - under) * share[..., None]
        part[band] = np.clip(np.rint(under), 0, 255)

    def _own_teeth(self, color: Plane, skull: Plane) -> Plane:
        """What the picture itself shows of the inside, where it does: it stays with the skull."""
        import cv2

        s, t = self.lips.plane(skull[0], skull[1])
        index = self._index(s)
        upper, lower = self.lips.upper[index], self.lips.lower[index]
        soft = max(1.2, 0.02 * self.lips.width)
        own = smooth((lower - t - 0.3 * soft) / (2 * soft)) * smooth((lower - upper - soft) / (2 * soft))
        # Above what the picture shows, teeth go on as they begin.
        x, y = self.lips.pixels(s, np.maximum(t, upper + np.minimum(1.5 * soft, 0.4 * (lower - upper))))
        seen = cv2.remap(self._still, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        own = (own * (np.abs(s) < 1))[..., None]
        return np.asarray(color + (seen - color) * own, np.float32)


@dataclass(frozen=True)
class MouthPose:
    """A mouth in one pose: its edges, and for the patch (r, c) s and the distances to both edges, positive between.

    `skull`: where the patch looked before the mouth moved it (2, r, c), of a picture whose mouth is open.
    """

    edges: Edges
    s: Plane
    below_upper: Plane
    above_lower: Plane
    skull: Plane | None
