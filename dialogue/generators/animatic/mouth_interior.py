"""What is seen between parted lips: a dark mouth, a hint of upper teeth, a tongue; in the light of the picture.

Shapes: `r` rows and `c` columns of the patch around a mouth. Lengths are in half mouth widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Color = NDArray[np.float32]  # (3,) RGB, 0 … 255

TEETH = 0.20  # how far the upper teeth show below the lip, at most
EDGE = 0.05  # over which a lip goes over into the dark


@dataclass(frozen=True)
class InteriorColors:
    """The colours of one mouth: a darkened, reddened skin, so that it has the light and palette of its picture."""

    dark: Color
    tongue: Color
    teeth: Color


def interior_colors(skin: NDArray[np.uint8]) -> InteriorColors:
    """From pixels of the face around the mouth, (n, 3) RGB. In a grey picture the mouth is grey as well."""
    tone = np.median(skin.astype(np.float32), axis=0)
    light = float(tone.mean())
    colorful = float(np.clip((tone.max() - tone.min()) / (tone.max() + 1) / 0.25, 0, 1))

    def shade(factors: tuple[float, float, float], of: Color) -> Color:
        color = of * np.array(factors, np.float32)
        return np.asarray(colorful * color + (1 - colorful) * color.mean(), np.float32)

    white = (0.45 * tone + 0.55 * light) * min(1.18, 225 / (light + 1))
    return InteriorColors(
        dark=shade((0.22, 0.11, 0.11), tone),
        tongue=shade((0.62, 0.36, 0.36), tone),
        teeth=np.asarray(np.clip(white * np.array((1.0, 0.98, 0.94), np.float32), 0, 235), np.float32),
    )


def _step(value: Plane, low: float, high: float) -> Plane:
    """0 up to `low`, 1 from `high`, smooth between."""
    x = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def paint_interior(colors: InteriorColors, along: Plane, below_upper: Plane, above_lower: Plane) -> NDArray[np.float32]:
    """Colours (r, c, 3), 0 … 255, of the inside of a mouth.

    `along` runs from -1 to 1 between the corners; `below_upper` and `above_lower` are the distances to the lips.
    """
    gap = np.maximum(below_upper + above_lower, 1e-3)
    across = np.clip(1 - along**2, 0, 1)
    depth = np.clip(below_upper / gap, 0, 1)
    tongue = _step(depth, 0.5, 1.05) * _step(gap, 0.12, 0.4) * across * 0.85
    teeth = _step(TEETH * across + 0.02 - below_upper, -0.03, 0.03) * _step(gap, 0.07, 0.2) * _step(across, 0.1, 0.55)
    lit = 0.62 + 0.36 * _step(below_upper, 0.0, 0.10)  # the lip throws its shadow on the teeth
    lit = lit * (0.75 + 0.25 * across) * (1 - 0.07 * np.abs(np.sin(7.5 * along)) ** 6)
    color = colors.dark * (0.65 + 0.5 * depth[..., None]) * (1 - tongue[..., None])
    color = color + colors.tongue * tongue[..., None]
    shown = 0.88 * teeth[..., None]
    color = color * (1 - shown) + colors.teeth * lit[..., None] * shown
    soft = 0.7 + 0.3 * _step(above_lower, 0.0, 0.09)
    return np.asarray(color * soft[..., None], np.float32)
