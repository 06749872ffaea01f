"""What is seen between parted lips: a dark mouth, a hint of upper teeth, a tongue; in the light of the picture.

Shapes: `r` rows and `c` columns of the patch around a mouth. Lengths are in mouth widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.lips import Frame, Lips, skin_around

Plane = NDArray[np.float32]
Color = NDArray[np.float32]  # (3,) RGB, 0 … 255

DARK = (0.16, 0.075, 0.07)  # of the skin, in red, green and blue: brighter is a brown slab
DARKEST = 0.17  # of the skin's brightness that the dark has at most
TEETH = 0.078  # how far the upper teeth show below the lip, at most


@dataclass(frozen=True)
class InteriorColors:
    """The colours of one mouth: a darkened, reddened skin, so that it has the light and palette of its picture."""

    dark: Color
    tongue: Color
    teeth: Color


def interior_colors(picture: Frame, lips: Lips) -> InteriorColors:
    """By the skin around the mouth. In a grey picture the mouth is grey as well."""
    tone = skin_around(picture, lips)
    light = float(tone.mean())
    colorful = float(np.clip((tone.max() - tone.min()) / (tone.max() + 1) / 0.25, 0, 1))

    def shade(factors: tuple[float, float, float], most: float) -> Color:
        color = tone * np.array(factors, np.float32)
        color = colorful * color + (1 - colorful) * color.mean()
        return np.asarray(color * min(1.0, most * light / (float(color.mean()) + 1e-3)), np.float32)

    white = (0.35 * tone + 0.65 * light) * np.array((1.0, 0.99, 0.95), np.float32)
    return InteriorColors(
        dark=shade(DARK, DARKEST), tongue=shade((0.50, 0.25, 0.25), 0.4),
        teeth=np.asarray(np.clip(0.97 * white, 0, 232), np.float32),
    )  # fmt: skip


def _step(value: Plane, low: float, high: float) -> Plane:
    """0 up to `low`, 1 from `high`, smooth between."""
    x = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(x * x * (3 - 2 * x), np.float32)


def paint_interior(
    colors: InteriorColors, along: Plane, below_upper: Plane, above_lower: Plane, teeth: float
) -> NDArray[np.float32]:
    """Colours (r, c, 3), 0 … 255, of the inside of a mouth.

    `along` runs from -1 to 1 between the corners; `below_upper` and `above_lower` are the distances to the lips;
    `teeth` 0 … 1 is how far the upper ones may show.
    """
    gap = np.maximum(below_upper + above_lower, 1e-3)
    across = np.clip(1 - along**2, 0, 1)
    depth = np.clip(below_upper / gap, 0, 1)
    tongue = _step(depth, 0.55, 1.1) * _step(gap, 0.16, 0.34) * across * 0.75
    color = colors.dark * (0.75 + 0.35 * depth[..., None]) * (1 - tongue[..., None])
    color = color + colors.tongue * tongue[..., None]
    if teeth > 0.02:
        height = np.asarray(TEETH * np.sqrt(across), np.float32)
        row = _step(height - below_upper, -0.012, 0.012) * _step(gap, 0.05, 0.15) * _step(across, 0.2, 0.7) * teeth
        lit = 0.66 + 0.34 * _step(below_upper, 0.0, 0.045)  # the lip throws its shadow on the teeth
        lit = lit * (0.66 + 0.34 * across)
        color = color + (colors.teeth * lit[..., None] - color) * (0.85 * row[..., None])
    return np.asarray(color, np.float32)
