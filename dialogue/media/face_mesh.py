"""The 468 points of a face by MediaPipe's Face Mesh (Kartynnik et al. 2019).

The model sees the face upright in a square a half larger than it. Where the square comes from matters little: the
points say where the face is, so it is looked at again in the square that they give.

Shapes: points are (468, 3): x and y in pixels of the picture, z in the same unit, smaller nearer. As in the published
mesh, "left" and "right" in names of points are the viewer's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.box import Box
from dialogue.media.tflite import run

if TYPE_CHECKING:
    from dialogue.media.pictures import Pixels

SIDE = 192  # of the model's input, in pixels
_LARGEST = 32_767  # pixels a side that OpenCV can look up in
AROUND = 1.5  # the square it sees, of the face's longer side

Points = NDArray[np.float32]  # (468, 3)

# Indices of the published mesh. Corners and middles of the lips, then their outlines from the left corner to the right.
CORNERS = (61, 291)
OUTER_UPPER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
OUTER_LOWER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
# Eyes: outlines of the opening, upper and lower lid, from the viewer's left end to the right.
LEFT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
LEFT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
RIGHT_UPPER = (362, 398, 384, 385, 386, 387, 388, 466, 263)
RIGHT_LOWER = (362, 382, 381, 380, 374, 373, 390, 249, 263)
# Brows: upper edge from the outer end to the inner.
LEFT_BROW = (70, 63, 105, 66, 107)
RIGHT_BROW = (300, 293, 334, 296, 336)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150,
    136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
CHIN, NOSE_TIP, NOSE_BASE, FOREHEAD = 152, 1, 2, 10
EARS = (234, 454)


def mesh_in(pixels: Pixels, box: Box, angle: float = 0.0) -> tuple[Points, float]:
    """The mesh of the face in `box` of a picture (h, w, 3) uint8 RGB, and how certain the model is that there is one.

    `angle` is the head's tilt, in radians, clockwise.
    """
    return _look(pixels, *box.center, AROUND * max(box.width, box.height), angle)


def again(pixels: Pixels, points: Points) -> tuple[Points, float]:
    """The face looked at once more, in the square that its points give."""
    return _look(pixels, *frame_of(points))


def frame_of(points: Points) -> tuple[float, float, float, float]:
    """Middle x, y, side and tilt of the square in which the model wants to see these points."""
    eyes = points[[33, 263], :2]
    angle = math.atan2(*(eyes[1] - eyes[0])[::-1].tolist())
    cos, sin = math.cos(angle), math.sin(angle)
    upright = points[:, :2] @ np.array([[cos, -sin], [sin, cos]], np.float32)
    low, high = upright.min(0), upright.max(0)
    middle = (low + high) / 2
    x, y = float(middle[0] * cos - middle[1] * sin), float(middle[0] * sin + middle[1] * cos)
    return x, y, AROUND * float((high - low).max()), angle


def _look(pixels: Pixels, x: float, y: float, side: float, angle: float) -> tuple[Points, float]:
    """The model's points and certainty for one square of the picture; edges are carried on outside the picture."""
    import cv2

    scale = SIDE / max(side, 1.0)
    source, shrunk, left, top = pixels, 1.0, 0, 0
    height, width = pixels.shape[:2]
    if scale < 0.5 or max(height, width) > _LARGEST:  # averaged first: a linear look-up would skip pixels
        reach = 0.75 * side + 2  # half the square's diagonal, and what lies between two pixels
        left = min(max(0, int(x - reach)), width - 1)
        top = min(max(0, int(y - reach)), height - 1)
        part = pixels[top : max(top + 1, int(y + reach) + 1), left : max(left + 1, int(x + reach) + 1)]
        shrunk = min(1.0, 2 * scale)
        size = max(1, round(part.shape[1] * shrunk)), max(1, round(part.shape[0] * shrunk))
        source = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA)) if shrunk < 1 else part
    cos, sin = math.cos(angle) / scale, math.sin(angle) / scale
    half = (SIDE - 1) / 2
    # from the model's pixels to the picture's
    matrix = np.array([[cos, -sin, x - half * (cos - sin)], [sin, cos, y - half * (sin + cos)]])
    read = matrix.copy()
    read[:, 2] = (read[:, 2] - (left, top) + 0.5) * shrunk - 0.5
    read[:, :2] *= shrunk
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(source, read, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    raw, score = run("mesh", np.asarray(seen, np.float32)[None] / np.float32(255))
    raw = raw.reshape(468, 3)
    flat = raw[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    points = np.column_stack([flat, raw[:, 2] / scale]).astype(np.float32)
    return points, float(1 / (1 + np.exp(-float(score.reshape(-1)[0]))))
