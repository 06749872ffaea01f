"""What hearing a script in a recording gives: each line's span and words, and where script and recording differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class HeardWord:
    """A word as it is spoken, [start, end) in seconds of the recording. `phones`: (name, start, end) where known."""

    text: str
    start: float
    end: float
    phones: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class HeardLine:
    """A line where it is said, in seconds of the recording. `sure` 0 … 1; `way` by what it was found."""

    start: float
    end: float
    sure: float
    way: str
    words: tuple[HeardWord, ...] = ()


@dataclass(frozen=True)
class Difference:
    """Where script and recording differ. `item`: the line it concerns, or after which it is heard; by its index."""

    kind: Literal["missing", "extra", "moved", "unsure"]
    item: int
    start: float | None = None
    end: float | None = None
    text: str | None = None


@dataclass(frozen=True)
class Heard:
    """A script as it is heard in one recording; lines by their index in the scene's `lines`."""

    lines: Mapping[int, HeardLine] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
