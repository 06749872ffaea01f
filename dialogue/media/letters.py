"""Text drawn on a picture with Pillow: each piece in a font that has its letters, in the direction it is read in.

Within a piece Pillow shapes the letters (raqm, which its wheels carry): Arabic joins, Hindi reorders.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.media.fonts import Font, Fonts, fonts_for

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw


@dataclass(frozen=True)
class Letters:
    """The fonts of some texts at one size in pixels, to measure and to draw them with."""

    fonts: Fonts
    size: int
    _loaded: dict[Font, Any] = field(default_factory=dict, compare=False)

    def width(self, text: str) -> float:
        """Of the whole text, in pixels."""
        return sum(float(self._font(face).getlength(piece)) for piece, face in self.fonts.runs(text))

    def height(self, text: str) -> tuple[int, int]:
        """Pixels that it reaches above and below its base line."""
        boxes = [self._font(face).getbbox(piece, anchor="ls") for piece, face in self.fonts.runs(text)]
        return -min((round(box[1]) for box in boxes), default=0), max((round(box[3]) for box in boxes), default=0)

    def draw(self, pen: ImageDraw, left: float, base: float, text: str, fill: Any) -> None:
        """The text from column `left` on, its letters standing on row `base`."""
        runs = self.fonts.runs(text)
        for piece, face in reversed(runs) if from_right(text) else runs:
            font = self._font(face)
            pen.text((left, base), piece, font=font, fill=fill, anchor="ls")
            left += font.getlength(piece)

    def fitting(self, text: str, room: float) -> str:
        """As much of the text as `room` pixels hold, with … where it was cut."""
        if self.width(text) <= room:
            return text
        while text and self.width(text + "…") > room:
            text = text[:-1]
        while text and unicodedata.category(text[-1])[0] in "MZ":
            text = text[:-1]
        return text + "…"

    def _font(self, face: Font) -> Any:
        from PIL import ImageFont

        if face not in self._loaded:
            self._loaded[face] = ImageFont.truetype(str(face.file), self.size, index=face.index)
        return self._loaded[face]


def letters_for(texts: Iterable[str], size: float, own: Path | None = None) -> Letters:
    """For these texts, at `size` pixels and no less than what can be read; `own` is the scene's own font."""
    return Letters(fonts_for(texts, own), max(8, round(size)))


def from_right(text: str) -> bool:
    """Whether a line is read from the right: by its first letter that has a direction (Unicode's rules P2 and P3)."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False
