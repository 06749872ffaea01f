"""From a picture of several people to one picture for each, and back: crops, and the frame put together again.

Hallo3 knows one person. Each face gets a crop of the frame with room around it, as wide as it is high or half as wide
again, whichever keeps others out; what is made of it is put back with soft edges, the colour of its rim held to the
still's. Where crops overlap, every pixel is its nearest face's.

Shapes: H, W pixels of the frame; h, w of a crop; N crops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dialogue.ground.box import Box

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]
    Weights = NDArray[np.float32]

HEIGHTS = (3.2, 2.6, 2.1, 1.7)  # of a crop, in heights of the face, from roomy to narrow
FEATHER = 0.12  # of a crop's shorter side: how soft its edge is
BORDER = 0.15  # of a face's size: how soft the border between two people's crops is
NEAR = 0.02  # two shapes whose ratios differ by less are one


@dataclass(frozen=True)
class Crop:
    """Whole pixels of the frame: left, top, right, bottom; right and bottom are outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    def holds(self, box: Box) -> bool:
        """Whether any of the box's inner half lies in the crop."""
        inner = box.padded(-0.25)
        return (
            inner.x < self.right and inner.x + inner.width > self.left
            and inner.y < self.bottom and inner.y + inner.height > self.top
        )  # fmt: skip

    def of(self, frame: Frame) -> Frame:
        return np.ascontiguousarray(frame[self.top : self.bottom, self.left : self.right])


def _around(face: Box, height: float, aspect: float, frame: tuple[int, int]) -> Crop:
    """A crop about a face from brow to chin, a little below its middle (there is hair above), inside the frame."""
    width, frame_width, frame_height = height * aspect, *frame
    scale = min(1.0, frame_width / width, frame_height / height)
    wide, high = round(width * scale), round(height * scale)
    left = round(face.x + face.width / 2 - wide / 2)
    top = round(face.y + face.height / 2 - 0.54 * high)
    left, top = min(max(left, 0), frame_width - wide), min(max(top, 0), frame_height - high)
    return Crop(left, top, left + wide, top + high)


def crops_of(faces: Sequence[Box], width: int, height: int, aspect: float) -> tuple[Crop, ...]:
    """One crop per face of a frame; the whole frame where one person fills it in a shape that the network makes.

    `aspect`: width by height of the network's own frame; 1 is the other shape it knows.
    """
    if len(faces) <= 1:
        if any(abs(width / height - shape) < NEAR * shape for shape in (aspect, 1.0)):
            return (Crop(0, 0, width, height),)
        face = faces[0] if faces else Box(width / 4, height / 4, width / 2, height / 2)
        wide = _around(face, min(height, width / aspect), aspect, (width, height))
        square = _around(face, min(height, width), 1.0, (width, height))
        return (wide if wide.width * wide.height >= square.width * square.height else square,)
    chosen = []
    for number, face in enumerate(faces):
        others = [box for other, box in enumerate(faces) if other != number]
        options = [
            _around(face, size * face.height, shape, (width, height)) for size in HEIGHTS for shape in (aspect, 1.0)
        ]
        alone = [crop for crop in options if not any(crop.holds(box) for box in others)]
        chosen.append((alone or options[-1:])[0])
    return tuple(chosen)


def weights_of(crops: Sequence[Crop], faces: Sequence[Box], width: int, height: int) -> Weights:
    """How much of each crop is seen at each pixel of the frame, (N, H, W); what is left is the still's."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    weights = np.zeros((len(crops), height, width), np.float32)
    for number, crop in enumerate(crops):
        soft = max(1.0, FEATHER * min(crop.width, crop.height))
        edges = [(columns - crop.left, crop.left > 0), (crop.right - columns, crop.right < width)]
        edges += [(rows - crop.top, crop.top > 0), (crop.bottom - rows, crop.bottom < height)]
        inside = np.full((height, width), soft, np.float32)
        for distance, inner in edges:
            inside = np.minimum(inside, distance if inner else np.where(distance > 0, soft, distance))
        share = np.clip(inside / soft, 0, 1)
        weights[number] = share * share * (3 - 2 * share)
    if len(crops) > 1:
        far = np.stack(
            [
                np.maximum(
                    abs(columns - box.x - box.width / 2) / box.width, abs(rows - box.y - box.height / 2) / box.height
                )
                for box in faces
            ]
        )
        near = np.exp(-(far - far.min(axis=0)) / BORDER)
        weights *= near / near.sum(axis=0)
    return weights


def put_together(still: Frame, pictures: Sequence[Frame], crops: Sequence[Crop], weights: Weights) -> Frame:
    """A frame: the still, with the picture made of each crop (any size) in its place, (H, W, 3)."""
    import cv2

    out = still.astype(np.float32)
    for crop, picture, weight in zip(crops, pictures, weights, strict=True):
        smaller = crop.width < picture.shape[1]
        resized = picture
        if picture.shape[:2] != (crop.height, crop.width):
            how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
            resized = np.asarray(cv2.resize(picture, (crop.width, crop.height), interpolation=how), np.uint8)
        window = slice(crop.top, crop.bottom), slice(crop.left, crop.right)
        share = weight[window][..., None]
        under = still[window].astype(np.float32)
        made = resized.astype(np.float32) + _held(under, resized.astype(np.float32), share[..., 0])
        out[window] += share * (made - under)
    return np.asarray(np.clip(np.rint(out), 0, 255), np.uint8)


def _held(still: NDArray[np.float32], made: NDArray[np.float32], share: NDArray[np.float32]) -> NDArray[np.float32]:
    """The shift of colour, (3,), by which the rim of what was made comes to the still's; none without a rim."""
    rim = (share > 0) & (share < 0.5)
    if rim.sum() < 16:
        return np.zeros(3, np.float32)
    shift: NDArray[np.float32] = still[rim].mean(axis=0) - made[rim].mean(axis=0)
    return shift
