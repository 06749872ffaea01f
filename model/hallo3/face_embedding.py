"""Who somebody is, as insightface's recognition model puts it: 512 numbers of one chosen face.

The release takes the largest face for the numbers and the first found for the mask, which may be two people. Here both
are of the face that the caller points at.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

EMBEDDING = 512
Corners = tuple[float, float, float, float]  # left, top, right, bottom
# Where eyes, nose and corners of the mouth lie in a box from brow to chin, of its width and height.
_POINTS = ((0.28, 0.22), (0.72, 0.22), (0.5, 0.52), (0.31, 0.74), (0.69, 0.74))


def overlap(a: Corners, b: Corners) -> float:
    """Intersection over union."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / union


class FaceEmbedder:
    """insightface's FaceAnalysis over a folder of its .onnx files; without a folder every embedding is zero.

    Zeros are what the release gives the network where it finds no face.
    """

    def __init__(self, analysis: Any | None) -> None:
        self.analysis = analysis

    @staticmethod
    def from_folder(folder: Path | None) -> FaceEmbedder:
        """ValueError says which model insightface cannot use."""
        if folder is None or not any(folder.glob("*.onnx")):
            return FaceEmbedder(None)
        from insightface.app import FaceAnalysis

        try:
            analysis = FaceAnalysis(
                name=str(folder), allowed_modules=["detection", "recognition"], providers=["CPUExecutionProvider"]
            )
            analysis.prepare(ctx_id=-1, det_size=(640, 640))
        except Exception as error:  # whatever a damaged model file makes insightface or onnxruntime raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(f"{folder}: insightface cannot use the models in it: {reason}") from error
        return FaceEmbedder(analysis)

    def __call__(self, picture: NDArray[np.uint8], box: Corners) -> Tensor:
        """The face in `box` of an RGB picture (H, W, 3) to its embedding, (1, 512) float32, not normalised."""
        if self.analysis is None or "recognition" not in self.analysis.models:
            return torch.zeros(1, EMBEDDING)
        reversed_colours = np.ascontiguousarray(picture[..., ::-1])  # insightface takes BGR
        found = max(self.analysis.get(reversed_colours), key=lambda face: overlap(tuple(face.bbox), box), default=None)
        if found is not None and overlap(tuple(found.bbox), box) > 0.1:
            return torch.as_tensor(np.asarray(found.embedding, np.float32))[None]
        left, top, right, bottom = box
        points = np.array([(left + x * (right - left), top + y * (bottom - top)) for x, y in _POINTS], np.float32)
        face = _Face(points)
        embedding = self.analysis.models["recognition"].get(reversed_colours, face)
        return torch.as_tensor(np.asarray(embedding, np.float32)).reshape(1, -1)


class _Face(dict):  # type: ignore[type-arg]
    """What insightface's recognition model asks of a face: its five points, and a place for the embedding."""

    def __init__(self, points: NDArray[np.float32]) -> None:
        super().__init__(kps=points)
        self.kps = points
        self.embedding: Any = None
