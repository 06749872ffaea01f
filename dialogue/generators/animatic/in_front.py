"""Things in front of the lower face: a microphone, hair, a cup. They stay while the jaw moves behind them.

GrabCut, once a picture, on a small copy: what is sure to be this face is above the mouth, what is sure to be something
else is beside it. What comes out as something else inside the face's outline counts only if it looks unlike the face
and is on one side alone: a beard, a shade and the two sides of a head of hair are the face's own. A thing of the colour
of the face, such as the person's hand, is not told from it.

Shapes: `r` rows and `c` columns of the crop; points are (468, 3), in its pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.grab_cut import grab_cut
from dialogue.media.face_mesh import CHIN, EARS, FOREHEAD, NOSE_BASE, OVAL

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

SIDE = 120  # of the small copy, in pixels, at most
UNLIKE = 26.0  # how far the colour of a thing is from the face's: .6 of lightness, 1.5 of colour, in levels of Lab
DEPTH = 0.06  # of the face's width: how far into its outline a thing reaches at least
AREA = 0.010  # of the face's outline
MIRRORED = 0.5  # of a thing that has its like on the other side: as much is a beard's
ASIDE = 0.22  # of the face's width from its middle line: further off even a turned face has no beard


def in_front(crop: Frame, points: NDArray[np.float32]) -> Plane:
    """How much of each pixel of `crop` (r, c, 3) uint8 RGB is of a thing in front of the lower face, 0 … 1, (r, c)."""
    import cv2

    rows, columns = crop.shape[:2]
    scale = min(1.0, SIDE / max(rows, columns))
    small = np.ascontiguousarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    things = _things(small, points * scale)
    if not things.any():
        return np.zeros((rows, columns), np.float32)
    soft = cv2.GaussianBlur(cv2.dilate(things, np.ones((3, 3), np.uint8)).astype(np.float32), (0, 0), 0.8)
    return np.asarray(cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32)


def _things(small: Frame, points: NDArray[np.float32]) -> NDArray[np.uint8]:
    import cv2

    rows, columns = small.shape[:2]
    flat = points[:, :2]
    face = max(float(np.linalg.norm(points[EARS[1]] - points[EARS[0]])), 1.0)
    oval = np.zeros((rows, columns), np.uint8)
    cv2.fillPoly(oval, [np.rint(flat[list(OVAL)]).astype(np.int32)], 1)
    down = (flat[CHIN] - flat[FOREHEAD]) / (np.linalg.norm(flat[CHIN] - flat[FOREHEAD]) + 1e-6)
    across = np.array((down[1], -down[0]))
    y, x = np.mgrid[:rows, :columns]
    from_nose = np.stack([x, y], -1) - flat[NOSE_BASE]
    low, aside = from_nose @ down, from_nose @ across
    depth = cv2.distanceTransform(oval, cv2.DIST_L2, 5)
    away = cv2.distanceTransform(1 - oval, cv2.DIST_L2, 5)
    neck = (low > 0) & (np.abs(aside) < 0.33 * face) & (oval == 0)
    marks = np.where(oval > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    marks[(away > 0.10 * face) & ~neck] = cv2.GC_BGD
    marks[neck] = cv2.GC_PR_FGD
    sure = (low < -0.05 * face) & (depth > 0.06 * face)
    marks[sure] = cv2.GC_FGD
    nothing = np.zeros((rows, columns), np.uint8)
    if not sure.any() or not (marks == cv2.GC_BGD).any():
        return nothing
    if not grab_cut(small, marks):
        return nothing
    other = np.isin(marks, (cv2.GC_BGD, cv2.GC_PR_BGD))
    inside = (other & (oval > 0) & (low > -0.05 * face)).astype(np.uint8)
    inside = cv2.morphologyEx(inside, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels = cv2.connectedComponents(inside)
    lab = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
    skin = np.median(lab[sure], 0)
    for label in range(1, count):
        part = labels == label
        gap = np.abs(np.median(lab[part], 0) - skin)
        large = depth[part].max() > DEPTH * face and part.sum() > AREA * oval.sum()
        if not large or 0.6 * gap[0] + 1.5 * float(np.hypot(gap[1], gap[2])) < UNLIKE:
            continue
        mirror = flat[NOSE_BASE] + low[part][:, None] * down - aside[part][:, None] * across
        column, row = np.rint(mirror).astype(int).T
        there = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        there[there] = oval[row[there], column[there]] > 0
        if there.mean() > 0.25:
            own = float(other[row[there], column[there]].mean()) > MIRRORED
        else:  # the other side is turned away
            own = float(np.abs(aside[part]).min()) < ASIDE * face
        if not own:
            nothing[part] = 1
    return nothing
