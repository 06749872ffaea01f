"""The padded region of every face: theirs alone, and disjoint from everybody else's.

The release masks three times the width and height of a detected face; so does a region, cut to the frame. Where two
regions would meet, both end on one line between the faces, on the edge of a token (16 pixels) when one lies there.
"""

from __future__ import annotations

from collections.abc import Sequence

from dialogue.ground.box import Box

REGION_PADDING = 1.0  # of the face's own size, on every side: 3 x 3 faces
_TOKEN = 16  # pixels: the model's 2 x 2 patches of 8-pixel cells


def _line_between(low: float, high: float) -> float:
    """A whole pixel in low … high near the middle; on a token's edge if there is one in the middle half."""
    middle = (low + high) / 2
    edge = round(middle / _TOKEN) * _TOKEN
    return float(edge) if abs(edge - middle) <= (high - low) / 4 else float(round(middle))


def _halves(first: Box, second: Box, frame: Box) -> tuple[Box, Box]:
    """The frame cut in two between the faces, along the axis where they lie further apart: first's part, second's."""
    gap_x = max(first.x, second.x) - min(first.right, second.right)
    gap_y = max(first.y, second.y) - min(first.bottom, second.bottom)
    if gap_x >= gap_y:
        line = _line_between(min(first.right, second.right), max(first.x, second.x))
        low, high = Box(0, 0, line, frame.height), Box(line, 0, frame.width - line, frame.height)
        swapped = first.x > second.x
    else:
        line = _line_between(min(first.bottom, second.bottom), max(first.y, second.y))
        low, high = Box(0, 0, frame.width, line), Box(0, line, frame.width, frame.height - line)
        swapped = first.y > second.y
    return (high, low) if swapped else (low, high)


def regions_of(
    faces: Sequence[Box], output: tuple[int, int], strangers: Sequence[Box] = ()
) -> tuple[tuple[Box, ...], tuple[tuple[int, int], ...]]:
    """The regions of disjoint faces, in whole pixels of the frame, and the pairs (by index) shrunk to meet.

    `strangers` are faces that are nobody's: no region reaches over them.
    """
    frame = Box(0, 0, *output)
    regions = []
    for face in faces:
        padded = face.padded(REGION_PADDING).intersection(frame)
        left, top = int(padded.x), int(padded.y)
        region = Box(left, top, int(padded.right) - left, int(padded.bottom) - top)
        for other in strangers:
            if region.intersection(other).area > 0 and not face.intersection(other).area > 0:
                region = region.intersection(_halves(face, other, frame)[0])
        regions.append(region)
    met = []
    for i in range(len(faces)):
        for j in range(i + 1, len(faces)):
            if regions[i].intersection(regions[j]).area > 0:
                here, there = _halves(faces[i], faces[j], frame)
                regions[i], regions[j] = regions[i].intersection(here), regions[j].intersection(there)
                met.append((i, j))
    return tuple(regions), tuple(met)
