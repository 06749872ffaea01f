"""Times as a writer writes them: `2.4`, `1:23.5`, `1:02:03`. Seconds, as floats, everywhere else."""

from __future__ import annotations

import re
from fractions import Fraction

LONGEST = 100 * 3600  # seconds; nothing longer is a scene

_SECONDS = re.compile(r"(\d{1,12})?(\.\d{0,12})?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,6}):(\d{2})(\.\d{1,12})?", re.ASCII)


def parse_time(text: str) -> float:
    """Seconds, 0 or more, from `2.4`, `m:ss`, `m:ss.mmm`, `h:mm:ss` or `h:mm:ss.mmm`; blanks around are ignored.

    Raises ValueError with what would be right, in the writer's words.
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds, fraction = clock.groups()
        if int(seconds) > 59 or (hours is not None and (len(minutes) != 2 or int(minutes) > 59)):
            raise ValueError("minutes and seconds after a colon are two digits, 00 to 59")
        total = Fraction(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) + Fraction("0" + (fraction or ""))
    elif text not in ("", ".") and _SECONDS.fullmatch(text):
        total = Fraction(text.rstrip("."))
    else:
        raise ValueError(_advice(text))
    if total > LONGEST:
        raise ValueError("a scene lasts 100 hours at most")
    return float(total)


def parse_signed_time(text: str) -> float:
    """As `parse_time`, with a sign allowed in front."""
    text = text.strip()
    seconds = parse_time(text[1:] if text[:1] in ("-", "+") else text)
    return -seconds if text.startswith("-") else seconds


def format_time(seconds: float) -> str:
    """`m:ss.mmm`, or `h:mm:ss.mmm` from an hour on; to the nearest millisecond, and `parse_time` reads it back.

    Raises ValueError below 0.
    """
    if seconds < 0:
        raise ValueError(f"seconds is {seconds}; a time is 0 or more")
    minutes, milliseconds = divmod(round(Fraction(seconds) * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"


def _advice(text: str) -> str:
    if re.fullmatch(r"[\d:]+,\d+", text):
        return "decimals come after a point, not a comma"
    if re.fullmatch(r"[\d.:]+\s*[a-z]+", text, re.IGNORECASE):
        return "seconds are written without a unit"
    if text.startswith("-"):
        return "it cannot be negative"
    return "as in 2.4, 1:23.5 or 1:02:03"
