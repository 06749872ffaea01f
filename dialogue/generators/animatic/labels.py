"""What an animatic writes on the picture: a rim in the speaker's colour, their name, and the emotion of the line.

Each is drawn once, with its alpha, and laid over the frame with a strength from 0 to 1.

Shapes: `r` rows and `c` columns of a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dialogue.ground.box import Box

Frame = NDArray[np.uint8]

SHARPEN = 4  # shapes are drawn this many times larger and scaled down


@dataclass(frozen=True)
class Label:
    """`color` (r, c, 3) and `alpha` (r, c, 1), float32, at row `top` and column `left` of the frame."""

    top: int
    left: int
    color: NDArray[np.float32]
    alpha: NDArray[np.float32]

    @property
    def bottom(self) -> int:
        return self.top + len(self.alpha)

    @property
    def right(self) -> int:
        return self.left + int(self.alpha.shape[1])

    def draw(self, frame: Frame, strength: float) -> None:
        """Lay it over `frame` (H, W, 3)."""
        if strength <= 0:
            return
        rows, columns = self.alpha.shape[:2]
        under = frame[self.top : self.top + rows, self.left : self.left + columns]
        under[:] = np.rint(under + (self.color - under) * (self.alpha * min(strength, 1.0)))


def rgb(color: str) -> tuple[int, int, int]:
    """`#rrggbb` as three numbers."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _label(image: Any, top: int, left: int) -> Label:
    pixels = np.asarray(image, np.float32)
    return Label(top, left, pixels[..., :3], pixels[..., 3:] / np.float32(255))


def _scale(width: int, height: int) -> float:
    return max(0.5, min(width, height) / 704)


def rim(area: Box, color: str, width: int, height: int) -> list[Label]:
    """A rounded frame just inside `area` of a frame of `width` x `height` pixels, as four strips."""
    from PIL import Image, ImageDraw

    left, top = max(0, int(area.x)), max(0, int(area.y))
    right, bottom = min(width, int(area.right)), min(height, int(area.bottom))
    columns, rows = right - left, bottom - top
    line = max(2, round(3 * _scale(width, height)))
    if columns < 4 * line or rows < 4 * line:
        return []
    radius = round(0.22 * min(columns, rows))
    large = Image.new("RGBA", (columns * SHARPEN, rows * SHARPEN), (*rgb(color), 0))
    edge = (0, 0, columns * SHARPEN - 1, rows * SHARPEN - 1)
    ImageDraw.Draw(large).rounded_rectangle(
        edge, radius * SHARPEN, outline=(*rgb(color), 235), width=line * SHARPEN
    )  # fmt: skip
    whole = _label(large.resize((columns, rows), Image.Resampling.BOX), top, left)
    deep = radius + line
    strips = [
        (slice(0, deep), slice(0, columns)), (slice(rows - deep, rows), slice(0, columns)),
        (slice(deep, rows - deep), slice(0, line)), (slice(deep, rows - deep), slice(columns - line, columns)),
    ]  # fmt: skip
    return [
        Label(top + (r.start or 0), left + (c.start or 0), whole.color[r, c], whole.alpha[r, c])
        for r, c in strips
        if r.stop > r.start
    ]


def tag(
    text: str,
    color: str,
    middle: float,
    top: float,
    width: int,
    height: int,
    quiet: bool = False,
    font: Path | None = None,
) -> Label:
    """A small pill with `text`, centred on column `middle`, from row `top` on, kept inside the frame.

    With the speaker's colour as its dot; `quiet` is a lighter one, for the emotion. `font`: the scene's own.
    """
    from PIL import Image, ImageDraw

    from dialogue.media.letters import letters_for

    scale = _scale(width, height)
    size = round((12 if quiet else 15) * scale)
    letters = letters_for([text, "…"], size * SHARPEN, font)
    pad, dot = round(0.55 * size), 0 if quiet else round(0.55 * size)
    around = 2 * pad + (dot + pad // 2 if dot else 0)
    text = letters.fitting(text, (min(width, 20 * size) - around) * SHARPEN)
    columns = min(width, round(letters.width(text) / SHARPEN) + around)
    # As high as Latin letters are, or as what reaches further: Thai and Hindi stack marks above and below.
    above, below = (max(pair) for pair in zip(letters.height("Xg"), letters.height(text), strict=True))
    rows = max(round(1.7 * size), round((above + below) / SHARPEN) + pad)
    back = (*rgb(color), 205) if quiet else (18, 18, 22, 190)
    large = Image.new("RGBA", (columns * SHARPEN, rows * SHARPEN), (*back[:3], 0))
    pen = ImageDraw.Draw(large)
    pen.rounded_rectangle((0, 0, columns * SHARPEN - 1, rows * SHARPEN - 1), rows * SHARPEN // 2, fill=back)
    x, middle_row = pad * SHARPEN, rows * SHARPEN / 2
    if dot:
        half = dot * SHARPEN / 2
        pen.ellipse((x, middle_row - half, x + 2 * half, middle_row + half), fill=(*rgb(color), 255))
        x += (dot + pad // 2) * SHARPEN
    dark = quiet and sum(rgb(color)) > 380
    letters.draw(pen, x, middle_row + (above - below) / 2, text, (20, 20, 24, 255) if dark else (255,) * 4)
    left = min(max(0, round(middle - columns / 2)), width - columns)
    return _label(large.resize((columns, rows), Image.Resampling.BOX), min(max(0, round(top)), height - rows), left)


def beside(label: Label, taken: Sequence[Label], height: int) -> Label:
    """The label, moved up or down to where it covers none of `taken`, as little as that takes; else where it is."""
    rows, columns = label.alpha.shape[:2]
    gap = max(1, round(0.12 * rows))
    near = [other for other in taken if other.left < label.left + columns and label.left < other.right]
    tops = [label.top, *(other.top - rows - gap for other in near), *(other.bottom + gap for other in near)]
    free = [
        top
        for top in tops
        if 0 <= top <= height - rows and all(top >= other.bottom or top + rows <= other.top for other in near)
    ]
    return replace(label, top=min(free, key=lambda top: abs(top - label.top), default=label.top))
