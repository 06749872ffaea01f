"""What belongs to a head and what to the wall behind it, so that a nod moves the one and not the other.

GrabCut, once a picture, seeded by the face's points, on a small copy. The moving part then follows the head as far as
its outline and a narrow border in which what is behind it is taken up, so there is nothing to fill in behind a moved
head. Where picture and outline do not agree the whole part moves, as without a matte.

Shapes: `r` rows and `c` columns of the crop; points are (468, 3), in its pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.grab_cut import grab_cut
from dialogue.media.face_mesh import EARS, OVAL

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

SIDE = 128  # of the small copy, in pixels, at most
BORDER = 0.09  # of the face's width: how far beyond the outline the movement ends
HAIR = (1.30, 1.42)  # of the face's outline, across and down: what is likely head
LEAST, MOST = 0.05, 0.75  # of the crop: as much background a believable matte has
CLEAR = 1.45  # times the crop's usual change of colour: as much there is across a believable outline


def head_window(crop: Frame, points: NDArray[np.float32]) -> tuple[Plane, bool]:
    """How far pixels of `crop` (r, c, 3) uint8 RGB go with the head, (r, c), 0 … 1; and whether a matte says so."""
    import cv2

    rows, columns = crop.shape[:2]
    scale = min(1.0, SIDE / max(rows, columns))
    small = cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else crop
    head = _head(np.ascontiguousarray(small), points[:, :2] * scale)
    if head is None:
        return np.ones((rows, columns), np.float32), False
    face = float(np.linalg.norm(points[EARS[1]] - points[EARS[0]])) * scale
    away = cv2.distanceTransform((1 - head).astype(np.uint8), cv2.DIST_L2, 5)
    near = np.clip(1.15 - away / (BORDER * face), 0, 1)
    window = cv2.GaussianBlur((near * near * (3 - 2 * near)).astype(np.float32), (0, 0), max(0.8, 0.012 * face))
    window = cv2.resize(window, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(window, np.float32), True


def _head(small: Frame, flat: NDArray[np.float32]) -> NDArray[np.uint8] | None:
    """1 on the head and what it is on, 0 on what is behind, as the small copy; None where that is not clear."""
    import cv2

    rows, columns = small.shape[:2]
    oval = flat[list(OVAL)]
    middle = oval.mean(0)
    marks = np.full((rows, columns), cv2.GC_PR_BGD, np.uint8)
    hair = middle + (oval - middle) * np.array(HAIR)
    hair[:, 1] -= 0.10 * np.ptp(oval[:, 1])
    cv2.fillPoly(marks, [np.rint(hair).astype(np.int32)], int(cv2.GC_PR_FGD))
    low = oval[np.argsort(oval[:, 1])[-9:]]  # the neck, below the chin
    neck = np.array([(low[:, 0].min(), low[:, 1].mean()), (low[:, 0].max(), low[:, 1].mean())])
    below = np.vstack([neck, [(neck[1, 0] + 4, rows), (neck[0, 0] - 4, rows)]])
    cv2.fillPoly(marks, [np.rint(below).astype(np.int32)], int(cv2.GC_PR_FGD))
    edge = np.zeros((rows, columns), bool)  # beside the face, at the border of the part that moves
    high = max(1, min(rows, int(middle[1] + 0.1 * np.ptp(oval[:, 1]))))
    edge[:high, : max(1, columns // 24)] = edge[:high, -max(1, columns // 24) :] = True
    marks[edge & (marks == cv2.GC_PR_BGD)] = cv2.GC_BGD
    face = np.zeros((rows, columns), np.uint8)
    cv2.fillPoly(face, [np.rint(middle + (oval - middle) * 0.97).astype(np.int32)], 1)
    marks[face.astype(bool)] = cv2.GC_FGD
    if not (marks == cv2.GC_BGD).any():
        return None
    if not grab_cut(small, marks):
        return None
    head = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    head = cv2.morphologyEx(head, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    head = cv2.morphologyEx(head, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels = cv2.connectedComponents(head)
    head = np.isin(labels, np.unique(labels[(face > 0) & (labels > 0)])).astype(np.uint8)
    return head if _believable(small, head) else None


def _believable(small: Frame, head: NDArray[np.uint8]) -> bool:
    """Whether the outline lies where the picture changes, and leaves a background at all."""
    import cv2

    share = 1 - float(head.mean())
    if not LEAST <= share <= MOST:
        return False
    lab = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), (0, 0), 1.0).astype(np.float32)
    change = np.hypot(np.gradient(lab, axis=0), np.gradient(lab, axis=1)).max(-1)
    outline = cv2.morphologyEx(head, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    outline[[0, -1]] = outline[:, [0, -1]] = False
    if not outline.any():
        return False
    return bool(float(np.median(change[outline])) > CLEAR * float(np.median(change)))
