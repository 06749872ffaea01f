"""Whether a picture is of the drawn world that the small model knows: by the eyes, which everybody in it has alike.

Edge directions, not brightness, so that skin, hair and light do not matter (orientation correlation: Fitch et al.,
"Orientation correlation", BMVC 2002). A few eyes of the drawn world are looked for at every place and size;
scripts/fit_drawn_eyes.py makes them and measures how well that tells drawn pictures from others.

Shapes: N eyes, 2 axes, h x w pixels of a patch, H x W of the picture.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialogue.media.pictures import Pixels, open_picture

EYES = Path(__file__).with_name("drawn_eyes.npz")
AREA = 384 * 256  # pixels at which the small model sees a picture, and at which it is looked at
CONTRAST = 12.0  # grey levels per pixel at which an edge counts half
CALM = 0.03  # mean squared edge of a patch below which it is too flat to be an eye
SCALES = tuple(1.5 / 1.11**step for step in range(18))  # of that size: faces from 40 to 260 pixels wide
SMALLEST = 24  # pixels of a side

Plane = NDArray[np.float32]


def edges(grey: Plane) -> Plane:
    """(2, H, W): the direction of the change of brightness across and down, shorter than 1 where there is little."""
    change = np.zeros((2, *grey.shape), np.float32)
    change[0, :, 1:-1] = (grey[:, 2:] - grey[:, :-2]) / 2
    change[1, 1:-1] = (grey[2:] - grey[:-2]) / 2
    change /= np.hypot(change[0], change[1]) + np.float32(CONTRAST)
    return change


def correlation(found: Plane, eyes: Plane) -> float:
    """The best normalised correlation of any of the eyes (N, 2, h, w) with any patch of `found` (2, H, W); -1 … 1."""
    from scipy.fft import irfft2, next_fast_len, rfft2

    height, width = eyes.shape[2:]
    rows, columns = found.shape[1] - height + 1, found.shape[2] - width + 1
    if rows < 1 or columns < 1:
        return -1.0
    size = (next_fast_len(found.shape[1], real=True), next_fast_len(found.shape[2], real=True))
    spectrum = (rfft2(found, size) * np.conj(rfft2(eyes, size))).sum(1)
    product = irfft2(spectrum, size)[:, :rows, :columns].max(0)
    sums = np.pad((found**2).sum(0, dtype=np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    energy = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    return float((product / np.sqrt(np.maximum(energy, CALM * height * width))).max())


def likeness(picture: Pixels, eyes: Plane) -> float:
    """How much the most eye-like place of a picture (H, W, 3) is like an eye of the drawn world: up to 1."""
    from PIL import Image

    image = Image.fromarray(picture)
    scale = (AREA / (image.width * image.height)) ** 0.5
    best = -1.0
    for step in SCALES:
        size = (round(image.width * scale * step), round(image.height * scale * step))
        if min(size) >= SMALLEST:
            seen = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
            best = max(best, correlation(edges(np.asarray(seen, np.float32).mean(2)), eyes))
    return best


@lru_cache(maxsize=1)
def known_eyes() -> tuple[Plane, float]:
    """The eyes (N, 2, h, w), and the likeness from which a picture counts as drawn."""
    with np.load(EYES) as kept:
        return kept["eyes"].astype(np.float32), float(kept["threshold"])


def is_drawn(path: Path) -> bool:
    """Whether the picture shows somebody of the drawn world. SceneError as `open_picture`."""
    eyes, threshold = known_eyes()
    return likeness(open_picture(path), eyes) >= threshold
