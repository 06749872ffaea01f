"""One face made to act: the mouth takes shapes, the eyes close, brows and corners feel, the head moves; by one warp.

A pose is a few numbers. For every pixel of the face it says where in the still to look; the picture is looked up once,
and what shows between the lips is painted. All of it fades to nothing beside the head and at the border of the part
that moves, so nothing moves outside and no seam shows.

Shapes: `r` rows and `c` columns of the part that moves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.expression import Expression, brow_field, mixed
from dialogue.generators.animatic.eyelid import Eyelid
from dialogue.generators.animatic.in_front import in_front
from dialogue.generators.animatic.lips import lips_of
from dialogue.generators.animatic.matte import head_window
from dialogue.generators.animatic.mouth import MovingMouth, smooth
from dialogue.generators.animatic.mouth_shapes import MouthShape
from dialogue.generators.animatic.mouth_shapes import mixed as mixed_shape
from dialogue.generators.animatic.painted_lid import PaintedLid, cover, painted_lids
from dialogue.media.face_mesh import LEFT_BROW, LEFT_LOWER, LEFT_UPPER, RIGHT_BROW, RIGHT_LOWER, RIGHT_UPPER
from dialogue.media.face_points import FacePoints, face_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dialogue.ground.box import Box
    from dialogue.planning.plan import Face

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

NOD = 0.020  # of the face's height, for a nod of 1
SWAY = 0.012  # of the face's height, for a sway of 1
MARGIN = 0.26  # around the face's box, of its size
EYES = ((LEFT_UPPER, LEFT_LOWER, LEFT_BROW), (RIGHT_UPPER, RIGHT_LOWER, RIGHT_BROW))
HIDDEN_EYE = 0.6  # of the wider eye: a narrower one is turned away and does not blink


@dataclass(frozen=True)
class Pose:
    """`shape`: weights of mouth shapes by name, to 1 in all; `blink` 0 … 1; `nod` (down), `sway` and `glance`
    (right) about -1 … 1; `feeling`: weights of emotions by name, 0 … 1.5."""

    shape: Mapping[str, float] = field(default_factory=dict)
    blink: float = 0.0
    nod: float = 0.0
    sway: float = 0.0
    feeling: Mapping[str, float] = field(default_factory=dict)
    glance: float = 0.0


def moving_part(face: Face) -> Box:
    """The part of the speaker's region that moves: the face and a margin in which the movement fades."""
    return face.box.padded(MARGIN).intersection(face.region)


class FaceWarp:
    """The face of one speaker in one still; `draw` writes a pose into a frame.

    `still` is (H, W, 3) uint8 RGB; `face` has its box, its mouth and the region that is the speaker's alone, in its
    pixels. `expressions`: what this face does in each emotion.
    """

    def __init__(self, still: Frame, face: Face, expressions: Mapping[str, Expression] | None = None) -> None:
        height, width = still.shape[:2]
        region = moving_part(face)
        self._top, bottom = max(0, math.ceil(region.y)), min(height, math.floor(region.bottom))
        self._left, right = max(0, math.ceil(region.x)), min(width, math.floor(region.right))
        if bottom - self._top < 8 or right - self._left < 8:
            raise ValueError(
                f"the region {region.to_list()} of {face.speaker!r} has less than 8 x 8 pixels in the frame"
            )
        self._still = np.ascontiguousarray(still[self._top : bottom, self._left : right])
        self._expressions = dict(expressions or {})
        found = points_of(still, face)
        self._points = found.points - np.array((self._left, self._top, 0), np.float32)
        y, x = np.mgrid[self._top : bottom, self._left : right].astype(np.float32)
        window = _window(x, y, face.box, region)
        if found.meshed:
            window = window * head_window(self._still, self._points)[0]
        things = in_front(self._still, self._points) if found.meshed else np.zeros_like(window)
        self._grid = np.stack([x - self._left, y - self._top])
        self._window = window
        lips = lips_of(self._still, self._points)
        self._mouth = MovingMouth(self._still, lips, window, teeth=found.meshed, before=things)
        self._lids = self._eyelids() if found.eyes else []
        self._painted = self._painted_lids(face.box, found.meshed) if found.eyes else []
        # Large drawn eyes that no lid covers stay open.
        self._blinks = not self._painted or cover(self._still, self._painted)
        head = window * face.box.height
        turn = 1 - 0.35 * np.clip((y - face.box.y) / face.box.height, 0, 1)  # the crown goes further than the chin
        # (2, r, c), in pixels: x for a sway of 1, y for a nod of 1.
        self._head_field = np.stack([-SWAY * head * turn, -NOD * head * turn]).astype(np.float32)
        self._lookup = np.empty_like(self._head_field)  # of the pose that is drawn: made once, for it is large
        self._drawn = np.empty_like(self._still)
        self._felt: tuple[Expression, Plane] = (Expression(), self._grid)

    def _eyelids(self) -> list[Eyelid]:
        rows, columns = self._still.shape[:2]
        wide = [float(np.linalg.norm(np.diff(self._points[[u[0], u[-1]], :2], axis=0))) for u, _, _ in EYES]
        lids, soft = [], self._mouth.soft
        for (upper, lower, brow), own in zip(EYES, wide, strict=True):
            middle = self._points[list(upper), :2].mean(0)
            inside = 0 <= middle[0] < columns and 0 <= middle[1] < rows
            if own >= HIDDEN_EYE * max(wide) and own >= 4 and inside:
                points = self._points[:, :2]
                over, under, above = (points[list(part)] for part in (upper, lower, brow))
                lids.append(Eyelid(self._still, over, under, above, soft))
        return lids

    def _painted_lids(self, box: Box, meshed: bool) -> list[PaintedLid]:
        """Where no mesh knows the eyes' outlines, or they are larger than it believes."""
        lines = [(self._points[list(upper), :2], self._points[list(lower), :2]) for upper, lower, _ in EYES]
        return painted_lids(self._still, box.moved(-self._left, -self._top), lines if meshed else [])

    def draw(self, pose: Pose, frame: Frame) -> None:
        """Write the face in this pose into its region of `frame`, which has the size of the still.

        A pose of nothing gives the still, bit for bit, where its mouth is closed.
        """
        import cv2

        felt = self._feeling(pose)
        shape = _felt_shape(mixed_shape(dict(pose.shape)), felt)
        still_mouth = self._mouth.at_rest(shape)
        drawn = self._still
        if not (still_mouth and felt == Expression() and not (pose.blink or pose.nod or pose.sway or pose.glance)):
            lookup, base = self._head(pose, felt), self._mouth.closed
            for lid in self._lids:
                if pose.glance and not self._painted:
                    lid.look(lookup, pose.glance, self._shift(lid.patch, pose))
                self._raise(lid, pose, felt, lookup)
            if pose.blink and self._painted and self._blinks:
                base = base.copy()
                for painted in self._painted:
                    painted.close(base, pose.blink)
            moved = None
            if not still_mouth:
                moved = self._mouth.apply(shape, lookup, self._shift(self._mouth.patch, pose))
            drawn = cv2.remap(base, lookup[0], lookup[1], cv2.INTER_CUBIC, self._drawn, cv2.BORDER_REPLICATE)
            if moved is not None:
                self._mouth.paint(moved, drawn)
            for lid in self._lids if pose.blink and not self._painted else ():
                lid.close(drawn, pose.blink, self._shift(lid.patch, pose))
        rows, columns = drawn.shape[:2]
        frame[self._top : self._top + rows, self._left : self._left + columns] = drawn

    def _feeling(self, pose: Pose) -> Expression:
        if not pose.feeling or not self._expressions:
            return Expression()
        return mixed(pose.feeling, self._expressions)

    def _head(self, pose: Pose, felt: Expression) -> Plane:
        """Where every pixel of the part looks, (2, r, c), x and y: with the head, and with the brows."""
        if self._felt[0] != felt:
            self._felt = felt, self._grid + brow_field(self._points, felt, *self._grid) * self._window
        lookup = self._lookup
        for axis, amount in enumerate((pose.sway, pose.nod)):
            np.multiply(self._head_field[axis], np.float32(amount), out=lookup[axis])
        lookup += self._felt[1]
        return lookup

    def _shift(self, patch: tuple[slice, slice], pose: Pose) -> tuple[float, float]:
        """By how much the head moves what the middle of a patch looks at."""
        row, column = ((part.start + part.stop) // 2 for part in patch)
        x, y = self._head_field[:, row, column].tolist()
        return pose.sway * x, pose.nod * y

    def _raise(self, lid: Eyelid, pose: Pose, felt: Expression, lookup: Plane) -> None:
        if not (felt.upper_lid or felt.lower_lid):
            return
        wide = self._mouth.lips.face
        upper, lower = felt.upper_lid * wide, felt.lower_lid * wide
        most = 0.3 * lid.height
        lid.apply(lookup, min(upper, most), min(lower, most), self._shift(lid.patch, pose))


def points_of(still: Frame, face: Face) -> FacePoints:
    """The points of a face of the plan in its still: with its mouth where the plan has it."""
    own = face.own_mouth
    return face_points(still, face.box, (own.left, own.right) if own is not None else ())


def _felt_shape(shape: MouthShape, felt: Expression) -> MouthShape:
    """The mouth of a sound on a face that feels something."""
    if felt == Expression():
        return shape
    loose = 1 - 0.35 * min(1.0, shape.jaw / 0.3)  # a wide open mouth smiles less
    return replace(
        shape, out=shape.out + felt.out * loose / 2, lift=shape.lift + felt.lift * loose, jaw=shape.jaw + felt.jaw,
        sneer=shape.sneer + 0.6 * felt.nose,
    )  # fmt: skip


def _window(x: Plane, y: Plane, box: Box, region: Box) -> Plane:
    """1 over the face, 0 at the region's border."""

    def ramp(distance: Plane, margin: float, least: float) -> Plane:
        return np.asarray(smooth(distance / max(margin, least)), np.float32)

    across, down = 0.14 * box.width, 0.14 * box.height
    window = ramp(x - region.x, box.x - region.x + 0.3 * across, across)
    window = window * ramp(region.right - 1 - x, region.right - box.right + 0.3 * across, across)
    window = window * ramp(y - region.y, box.y - region.y + 0.3 * down, down)
    return np.asarray(window * ramp(region.bottom - 1 - y, region.bottom - box.bottom + 0.3 * down, down), np.float32)
