"""A colour for every speaker: the same in the plan, the captions, the chart and the report.

The palette is that of Okabe and Ito ("Color Universal Design", 2008), told apart by people of every colour vision,
without its black, which does not read on film, and led by the two that differ most.
"""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping, Sequence

_OKABE_ITO = ("#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#f0e442", "#0072b2", "#d55e00")
_SHADES = (1.0, 0.6, 1.4)  # of the palette, once it is used up


def speaker_colors(ids: Sequence[str], written: Mapping[str, str]) -> dict[str, str]:
    """`#rrggbb` by speaker: as written (`#rgb` or `#rrggbb`), else the palette's colour for their place in `ids`.

    What is written for one changes nobody else's, save for whoever would have that very colour: they get a spare one.
    """
    taken = {speaker: full_color(color) for speaker, color in written.items()}
    palette = _palette(len(ids))
    spare = iter([color for color in palette[len(ids) :] if color not in taken.values()])
    usual = {
        speaker: next(spare) if color in taken.values() and speaker not in taken else color
        for speaker, color in zip(ids, palette, strict=False)
    }
    return {speaker: taken.get(speaker, usual[speaker]) for speaker in ids}


def full_color(color: str) -> str:
    """`#e66` as `#ee6666`. ValueError when it is neither `#rgb` nor `#rrggbb`."""
    if not re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", color):
        raise ValueError(f"color is {color!r}; it is #rgb or #rrggbb")
    digits = color[1:].lower()
    return "#" + ("".join(2 * digit for digit in digits) if len(digits) == 3 else digits)


def channels(color: str) -> tuple[int, int, int]:
    """Red, green, blue, 0 … 255, of `#rrggbb`."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def ink_on(color: str) -> str:
    """Black or white: whichever reads better on the colour (WCAG 2 relative luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in channels(color))]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"


def _palette(count: int) -> list[str]:
    """The palette, its shades, and beyond those hues evenly round the circle; at least `2 * count` colours."""
    colors = [_shade(color, factor) for factor in _SHADES for color in _OKABE_ITO]
    spare = max(0, 2 * count - len(colors))
    for index in range(spare):
        red, green, blue = colorsys.hls_to_rgb(index / spare, 0.45 + 0.2 * (index % 2), 0.6)
        colors.append(f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}")
    return list(dict.fromkeys(colors))


def _shade(color: str, factor: float) -> str:
    """Darker below 1, nearer to white above."""
    mixed = (round(v * factor if factor <= 1 else v + (255 - v) * (factor - 1)) for v in channels(color))
    return "#" + "".join(f"{v:02x}" for v in mixed)
