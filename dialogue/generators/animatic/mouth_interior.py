"""What is seen between parted lips: a dark mouth, a hint of upper teeth, a tongue; in the light of the picture.

Shapes: `r` rows and `c` columns of the patch around a mouth. Lengths are in mouth widths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.generators.animatic.lips import ALONG, Frame, Lips, seen_at, skin_around

Plane = NDArray[np.float32]
Color = NDArray[np.float32]  # (3,) RGB, 0 … 255

DARK = (0.16, 0.075, 0.07)  # of the skin, in red, green and blue: brighter is a brown slab
DARKEST = 0.17  # of the skin's brightness that the dark has at most
TEETH = 0.088  # how far the upper teeth show below the lip, at most
TOOTH = 0.30  # the width of a middle tooth, of half the mouth, on the arch that teeth stand on
TURN = 0.028  # how far lips turn inward before the dark


@dataclass(frozen=True)
class InteriorColors:
    """The colours of one mouth: a darkened, reddened skin, so that it has the light and palette of its picture."""

    dark: Color
    tongue: Color
    teeth: Color
    lip: Color


def interior_colors(picture: Frame, lips: Lips) -> InteriorColors:
    """By the skin around the mouth. In a grey picture the mouth is grey as well."""
    tone = skin_around(picture, lips)
    light = float(tone.mean())
    colorful = float(np.clip((tone.max() - tone.min()) / (tone.max() + 1) / 0.25, 0, 1))

    def shade(factors: tuple[float, float, float], most: float) -> Color:
        color = tone * np.array(factors, np.float32)
        color = colorful * color + (1 - colorful) * color.mean()
        return np.asarray(color * min(1.0, most * light / (float(color.mean()) + 1e-3)), np.float32)

    # A pale or faded picture has no black, and its mouths have none either.
    y, x = np.mgrid[: picture.shape[0] : 2, : picture.shape[1] : 2].astype(np.float32)
    s_of, t_of = lips.plane(x, y)
    face = (np.abs(s_of) < 1.5) & (t_of > -1.7 * lips.width) & (t_of < lips.chin)  # pupils, lashes and brows
    seen = picture[::2, ::2][face].mean(-1) if face.any() else picture.reshape(-1, 3).mean(-1)
    darkest = 0.55 * float(np.percentile(seen, 1.5))
    dark = shade(DARK, DARKEST)
    dark = dark + max(0.0, min(darkest, 0.3 * light) - float(dark.mean()))
    white = (0.3 * tone + 0.7 * light) * np.array((1.02, 1.0, 0.95), np.float32)
    s = np.linspace(-0.5, 0.5, 17, dtype=np.float32)
    down = np.linspace(0.2, 0.7, 4, dtype=np.float32)[:, None]
    lower, outer = (np.interp(s, ALONG, curve) for curve in (lips.lower, lips.outer_lower))
    lip = np.median(seen_at(picture, lips, s, (lower + (outer - lower) * down).astype(np.float32)).reshape(-1, 3), 0)
    return InteriorColors(
        dark=np.asarray(dark, np.float32), tongue=shade((0.50, 0.25, 0.25), 0.4),
        teeth=np.asarray(np.clip(0.97 * white, 0, 232), np.float32), lip=np.asarray(lip, np.float32),
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
    # Both lips turn inward before they end: their own colour, darker and darker.
    turned = np.exp(-((np.clip(above_lower, 0, None) / TURN) ** 2)) * 0.5
    turned = np.maximum(turned, np.exp(-((np.clip(below_upper, 0, None) / (0.7 * TURN)) ** 2)) * 0.25)
    color = color + (colors.lip - color) * turned[..., None]
    if teeth > 0.02:
        arch = np.sqrt(across)
        height = np.asarray(TEETH * arch, np.float32)
        # Their edges are a row of small arcs: the middle pair is the widest, further ones turn away.
        place = np.arcsin(np.clip(along, -1, 1)) / TOOTH
        notch = np.abs(place - np.round(place - 0.5) - 0.5) * 2  # 0 in a tooth's middle, 1 between two
        height = np.asarray(height * (1 - 0.12 * notch**4), np.float32)
        row = _step(height - below_upper, -0.016, 0.012) * _step(gap, 0.05, 0.15) * _step(across, 0.2, 0.7) * teeth
        lit = 0.74 + 0.26 * _step(below_upper, 0.0, 0.05)  # the lip throws its shadow on the teeth
        lit = lit * (0.6 + 0.4 * across) * (1 - 0.10 * notch**6)
        color = color + (colors.teeth * lit[..., None] - color) * (0.9 * row[..., None])
    return np.asarray(color, np.float32)
