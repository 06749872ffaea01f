"""Single values as a writer writes them: sizes, frame rates, colours, languages; or what would be right instead."""

from __future__ import annotations

import re
from fractions import Fraction

SIZES = {"16:9": (1024, 576), "9:16": (576, 1024), "1:1": (704, 704)}  # multiples of 64: any generator makes them
_NTSC = {"23.976": "24000/1001", "29.97": "30000/1001", "59.94": "60000/1001"}


def parse_size(text: str) -> tuple[int, int]:
    """Width and height in pixels, of `704x704` or the name of a shape."""
    if text.strip() in SIZES:
        return SIZES[text.strip()]
    match = re.fullmatch(r"\s*(\d{1,5})\s*[xX×]\s*(\d{1,5})\s*", text, re.ASCII)
    if not match:
        raise ValueError(f"as in 704x704, or one of {', '.join(SIZES)}")
    width, height = int(match[1]), int(match[2])
    if width % 2 or height % 2 or not (64 <= width <= 4096 and 64 <= height <= 4096):
        raise ValueError("width and height are even, 64 to 4096")
    return width, height


def parse_language(text: str) -> str:
    """A BCP 47 tag, in small letters."""
    if not re.fullmatch(r"[a-z]{2,3}(-[a-zA-Z0-9]{1,8})*", text.strip()):
        raise ValueError("two or three letters, as in en, de, cmn or pt-br")
    return text.strip().lower()


def parse_fps(text: str) -> str:
    """Frames per second as a number or a fraction; the short forms of NTSC rates are made exact."""
    text = _NTSC.get(text.strip(), text.strip())
    if not re.fullmatch(r"\d{1,3}(\.\d{1,6})?|\d{1,6}/[1-9]\d{0,5}", text, re.ASCII) or not 1 <= Fraction(text) <= 120:
        raise ValueError("1 to 120, as in 25, 29.97 or 30000/1001")
    return text


def parse_color(text: str) -> str:
    """`#rrggbb`, of that or of `#rgb`."""
    match = re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", text.strip())
    if not match:
        raise ValueError('as in "#e66" or "#ee6666", in quotes')
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))
