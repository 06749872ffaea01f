"""The part of a picture that fills the output frame: a crop around the faces, or padding where they do not fit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from dialogue.ground.box import Box

_CLOSE = 3.0  # times the height of a face
_EYES = 0.42  # of the frame's height at which the middle of a face is, seen close


def output_size(picture: tuple[int, int], area: int, multiple: int) -> tuple[int, int]:
    """A frame of the picture's shape and about `area` pixels, both sides multiples of `multiple`."""
    width, height = picture
    scale = math.sqrt(area / (width * height))
    return nearest_multiple(width * scale, multiple), nearest_multiple(height * scale, multiple)


def nearest_multiple(side: float, multiple: int) -> int:
    """The multiple nearest to `side`, one at least."""
    return max(1, round(side / multiple)) * multiple


def _hull(boxes: Sequence[Box]) -> Box:
    left, top = min(box.x for box in boxes), min(box.y for box in boxes)
    return Box(left, top, max(box.right for box in boxes) - left, max(box.bottom for box in boxes) - top)


def _slid(start: float, size: float, low: float, high: float, keep_low: float, keep_high: float) -> float:
    """The start of a span of `size`, moved as little as can be so that it holds `keep`, and lies in low … high."""
    start = min(start, keep_low)
    start = max(start, keep_high - size)
    if size >= high - low:
        return low + (high - low - size) / 2  # larger than the picture: padded evenly
    return min(max(start, low), high - size)


def view_of(picture: tuple[int, int], output: tuple[int, int], faces: Sequence[Box]) -> Box:
    """The view, in pixels of the picture, of the output frame's shape: as large a crop as the picture allows, around
    the faces with some air; reaching beyond the picture only as far as the faces need.

    Without faces it is the middle of the picture.
    """
    width, height = picture
    shape = Fraction(output[0], output[1])
    crop_height = min(Fraction(height), width / shape)
    if not faces:
        keep = Box(width / 2, height / 2, 0, 0)
    else:
        hull = _hull([box.padded(0.25) for box in faces])
        keep = hull.intersection(Box(0, 0, width, height))
        crop_height = max(crop_height, min(Fraction(keep.height), Fraction(height)), Fraction(keep.width) / shape)
    crop_width = crop_height * shape
    x = _slid(keep.center[0] - float(crop_width) / 2, float(crop_width), 0, width, keep.x, keep.right)
    y = _slid(keep.center[1] - float(crop_height) / 2, float(crop_height), 0, height, keep.y, keep.bottom)
    return Box(round(x, 3), round(y, 3), round(float(crop_width), 3), round(float(crop_height), 3))


def close_view(picture: tuple[int, int], output: tuple[int, int], face: Box) -> Box:
    """The view of one person, head and shoulders: `_CLOSE` times as high as their face, or as large as the picture."""
    width, height = picture
    shape = output[0] / output[1]
    tall = min(height, width / shape, max(_CLOSE * face.height, _CLOSE * face.width / shape / 1.5))
    wide = tall * shape
    x = _slid(face.center[0] - wide / 2, wide, 0, width, face.x, face.right)
    y = _slid(face.center[1] - _EYES * tall, tall, 0, height, face.y, face.bottom)
    return Box(round(x, 3), round(y, 3), round(wide, 3), round(tall, 3))


def holds(view: Box, face: Box) -> bool:
    """Whether a face is whole in a view."""
    return face.x >= view.x and face.y >= view.y and face.right <= view.right and face.bottom <= view.bottom


def padding_of(view: Box, picture: tuple[int, int]) -> tuple[float, float]:
    """Pixels of the picture by which the view is wider and higher than it."""
    return max(0.0, view.width - picture[0]), max(0.0, view.height - picture[1])


def to_output(box: Box, view: Box, output: tuple[int, int]) -> Box:
    """A box of the picture, in pixels of the output frame."""
    moved = box.moved(-view.x, -view.y).scaled(output[0] / view.width, output[1] / view.height)
    return Box(*(round(side, 2) for side in moved.to_list()))
