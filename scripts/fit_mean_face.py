"""Make dialogue/media/mean_face.npz: the mean of the face meshes of the ready characters' neutral portraits.

    python scripts/fit_mean_face.py

It stands in for a face that the mesh model does not know. Needs the model files (`dialogue models pull faces`).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

from dialogue.ground.box import Box
from dialogue.media.face_mesh import INNER_LOWER, INNER_UPPER
from dialogue.media.face_points import MEAN_FACE, face_points
from dialogue.media.pictures import open_picture

MIDLINE = [10, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 19, 94, 2, 164, 0, 13, 14, 17, 18, 200, 199, 175, 152]
PORTRAITS = Path(__file__).resolve().parent.parent / "dialogue" / "characters"
EYES = ([33, 133], [362, 263])  # ends of each eye, the viewer's left eye first


def upright(points: np.ndarray) -> np.ndarray:
    """The middle between the eyes at 0, 0, the distance between them 1, the eyes level."""
    left, right = (points[ends, :2].mean(0) for ends in EYES)
    turn = complex(*(right - left))
    middle = points[MIDLINE, :2].mean(0) * (1, 0) + (left + right) / 2 * (0, 1)  # the portraits are upright
    flat = (points[:, 0] - middle[0] + 1j * (points[:, 1] - middle[1])) / turn
    return np.column_stack([flat.real, flat.imag, (points[:, 2] - points[:, 2].mean()) / abs(turn)])


def mirrored(points: np.ndarray) -> np.ndarray:
    """The same face in a mirror, every point where its own twin is: twins are the pairs that lie nearest in all."""
    image = points * (-1, 1, 1)
    _, twin = linear_sum_assignment(((image[:, None] - points[None]) ** 2).sum(-1))
    back = np.empty_like(points)
    back[twin] = image
    return back


def main() -> None:
    meshes = []
    for portrait in sorted(PORTRAITS.glob("*/portrait.png")):
        pixels = open_picture(portrait)
        meshes.append(upright(face_points(pixels, Box(0, 0, pixels.shape[1], pixels.shape[0])).points))
    mean = np.mean(meshes, axis=0)
    mean = (mean + mirrored(mean)) / 2
    upper, lower = list(INNER_UPPER), list(INNER_LOWER)
    mean[upper] = mean[lower] = (mean[upper] + mean[lower]) / 2  # its lips touch
    np.savez_compressed(MEAN_FACE, points=mean.astype(np.float32))
    print(f"{MEAN_FACE.name}: {len(meshes)} faces, {MEAN_FACE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
