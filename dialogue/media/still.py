"""A still: the view of an upright picture, at the size of a film's frames.

Shapes: `H` and `W` are the frame's rows and columns.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dialogue.ground.box import Box

    Frame = NDArray[np.uint8]

BLUR = 0.03  # of the frame's longer side: how soft the extension beyond the picture is
BLEND = 0.02  # of the frame's longer side: over which the mirrored edge turns into the soft extension


def still(picture: Path, view: Box, width: int, height: int) -> Frame:
    """The part `view` of the picture as a frame, (H, W, 3) uint8 RGB, antialiased (Lanczos).

    Where the view reaches beyond the picture, the picture is mirrored at its edge and goes over into a blur, so
    that the frame has neither bars nor a hard border. SceneError when the picture cannot be read; ValueError when
    view and picture do not meet.
    """
    from dialogue.media.pictures import open_picture

    return framed(open_picture(picture), view, width, height)


def framed(picture: Frame, view: Box, width: int, height: int) -> Frame:
    """The part `view` of `picture` as (height, width, 3); see `still`."""
    from PIL import Image

    rows, columns = picture.shape[:2]
    left, right, x0, x1 = _covered(view.x, view.width, columns, width)
    top, bottom, y0, y1 = _covered(view.y, view.height, rows, height)
    size, seen = (x1 - x0, y1 - y0), (left, top, right, bottom)
    inner = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, box=seen)
    if (x1 - x0, y1 - y0) == (width, height):
        return np.array(inner)
    return _extended(np.asarray(inner), (y0, height - y1, x0, width - x1))


def _covered(start: float, length: float, picture: int, frame: int) -> tuple[float, float, int, int]:
    """Along one axis: the part of the picture that is seen, and the whole pixels of the frame it fills."""
    scale = frame / length if length else 0.0
    first = max(0, round(-start * scale))
    last = min(frame, round((picture - start) * scale))
    if first >= last:
        raise ValueError(f"a view of {length} pixels from {start} shows nothing of a picture of {picture} pixels")
    return max(0.0, start + first / scale), min(float(picture), start + last / scale), first, last


def _extended(inner: Frame, margins: tuple[int, int, int, int]) -> Frame:
    import cv2

    top, bottom, left, right = margins
    mirrored = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REFLECT)
    longer = max(mirrored.shape[:2])
    soft = cv2.GaussianBlur(mirrored, (0, 0), BLUR * longer, borderType=cv2.BORDER_REFLECT)
    outside = np.ones(mirrored.shape[:2], np.uint8)
    outside[top : top + inner.shape[0], left : left + inner.shape[1]] = 0
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    share = np.clip(distance / (BLEND * longer), 0, 1)[..., None]
    return np.asarray(np.rint(mirrored + (soft.astype(np.float32) - mirrored) * share), np.uint8)
