"""Faces by BlazeFace (Bazarevsky et al. 2019), full range: boxes and six points of every face of a picture.

The model looks at the whole picture, 192 pixels wide. So that small faces are found too, it is looked at once more in
overlapping parts, and for those that fill it once from afar; what several looks find of one face is one face. Decoded
after the published options of the model: one anchor in the middle of each of 48 x 48 cells, offsets in pixels of the
input, weighted suppression.

Shapes: `h` rows, `w` columns, `n` faces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.box import Box
from dialogue.media.tflite import run

if TYPE_CHECKING:
    from dialogue.media.pictures import Pixels

SIDE = 192  # of the model's input, in pixels
CELLS = 48  # of its one layer of anchors, per side
CERTAIN = 0.6  # a face; the threshold its authors publish
POSSIBLE = 0.25  # drawn faces, and some of the dark, come out this low; the mesh tells them from foliage
SAME = 0.3  # intersection over union above which two boxes are one face
PARTS = (1.0, 0.55, 1.8)  # of the picture's longer side that one look sees: beyond 1 with black around it
PART_CERTAIN = 0.75  # of a face that only a part shows: parts see more that is none
AFAR = 0.5  # of a face seen from further away, where large ones and drawn ones are clearer, and dogs are .46

Points = NDArray[np.float32]  # (6, 2): right eye, left eye, nose, mouth, right ear, left ear, as their owner has them


@dataclass(frozen=True)
class Detection:
    """One face in pixels of the picture: the model's square (brow to chin and a little more), 0 … 1, six points."""

    box: Box
    score: float
    points: Points


def look(pixels: Pixels, parts: tuple[float, ...] = PARTS) -> list[Detection]:
    """What may be faces in a picture (h, w, 3) uint8 RGB, the surest first: from `CERTAIN` on they are."""
    height, width = pixels.shape[:2]
    found: list[Detection] = []
    for share in parts:
        for part in _parts(width, height, share):
            least = POSSIBLE if share == 1.0 else AFAR if share > 1 else PART_CERTAIN
            seen = _look(pixels, part, least)
            if share > 1:  # from afar nothing is certain
                seen = [replace(one, score=min(one.score, CERTAIN - 0.01)) for one in seen]
            found += [one for one in seen if share >= 1 or not _cut(one.box, part, width, height)]
    return merged(found)


def _parts(width: int, height: int, share: float) -> Iterable[Box]:
    """Squares of a share of the longer side that cover the picture, overlapping by half."""
    side = share * max(width, height)
    steps = [_starts(length, side) for length in (width, height)]
    return [Box(x, y, side, side) for y in steps[1] for x in steps[0]]


def _starts(length: float, side: float) -> list[float]:
    if side >= length:
        return [(length - side) / 2]
    count = int(np.ceil((length - side) / (side / 2))) + 1
    return [float(start) for start in np.linspace(0, length - side, count)]


def _cut(box: Box, part: Box, width: int, height: int) -> bool:
    """Whether the box touches an edge of the part that is none of the picture: another part shows the whole face."""
    near = 0.02 * part.width
    return bool(
        (box.x < part.x + near and part.x > 0)
        or (box.y < part.y + near and part.y > 0)
        or (box.right > part.right - near and part.right < width)
        or (box.bottom > part.bottom - near and part.bottom < height)
    )


def _look(pixels: Pixels, part: Box, least: float) -> list[Detection]:
    """The faces in a square of the picture; what lies outside the picture is black."""
    offsets, scores = run("detector", square(pixels, part, SIDE)[None] * np.float32(2 / 255) - 1)
    certain = 1 / (1 + np.exp(-np.clip(scores.reshape(-1), -100, 100)))
    offsets = offsets.reshape(-1, 8, 2)  # middle, size, six points
    at = np.flatnonzero(certain >= least)
    anchors = (np.stack([at % CELLS, at // CELLS], -1) + 0.5) / CELLS
    scale, origin = part.width, np.array([part.x, part.y])
    found = []
    for index, anchor in zip(at, anchors, strict=True):
        places = origin + scale * (offsets[index] / SIDE + anchor)
        (x, y), (wide, high) = places[0], scale * offsets[index, 1] / SIDE
        box = Box(float(x - wide / 2), float(y - high / 2), float(wide), float(high))
        found.append(Detection(box, float(certain[index]), places[2:].astype(np.float32)))
    return merged(found)


def merged(found: Iterable[Detection]) -> list[Detection]:
    """One detection a face: the mean of those that overlap the surest of them, weighed by their scores."""
    rest = sorted(found, key=lambda one: (-one.score, one.box))
    faces = []
    while rest:
        best = rest[0]
        same = [one for one in rest if one is best or best.box.overlap(one.box) > SAME or _inside(one.box, best.box)]
        rest = [one for one in rest if all(one is not other for other in same)]
        near = [one for one in same if best.box.overlap(one.box) > SAME]
        weights = np.array([one.score for one in near])
        sides = np.average([one.box.to_list() for one in near], axis=0, weights=weights)
        points = np.average([one.points for one in near], axis=0, weights=weights)
        faces.append(Detection(Box(*(float(side) for side in sides)), best.score, points.astype(np.float32)))
    return faces


def _inside(small: Box, large: Box) -> bool:
    return small.intersection(large).area > 0.7 * min(small.area, large.area)


def square(pixels: Pixels, part: Box, side: int) -> NDArray[np.float32]:
    """A square of the picture at `side` x `side` pixels, float32 0 … 255; black outside the picture."""
    import cv2

    height, width = pixels.shape[:2]
    left, top = max(0, int(part.x)), max(0, int(part.y))
    right, bottom = min(width, int(np.ceil(part.right))), min(height, int(np.ceil(part.bottom)))
    view: Any = pixels[top:bottom, left:right]
    scale = side / part.width
    if scale < 0.5:  # averaged first: a linear look-up would skip pixels
        size = (max(1, round(view.shape[1] * scale * 1.5)), max(1, round(view.shape[0] * scale * 1.5)))
        shrunk = size[0] / view.shape[1], size[1] / view.shape[0]
        view = cv2.resize(view, size, interpolation=cv2.INTER_AREA)
    else:
        shrunk = 1.0, 1.0
    x, y = scale / shrunk[0], scale / shrunk[1]
    middle = 0.5 * x - 0.5, 0.5 * y - 0.5
    matrix = np.array([[x, 0, (left - part.x) * scale + middle[0]], [0, y, (top - part.y) * scale + middle[1]]])
    return np.asarray(cv2.warpAffine(view, matrix, (side, side), flags=cv2.INTER_LINEAR), np.float32)
