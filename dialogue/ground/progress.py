"""How far something is: told to a callback while it is done, shown by whoever gave it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Progress:
    """What is being done, and how much of the whole is done.

    `share` is 0 … 1; `left`: seconds to the end, where that is known; `shot`: the number of the shot that is being
    made, from 1, where one is; `frame`: the newest of its frames, uint8 (height, width, 3), where there is one.
    """

    doing: str
    share: float
    left: float | None = None
    shot: int | None = None
    frame: Frame | None = None


OnProgress = Callable[[Progress], None]
"""Called from the thread that works. What it raises stops the work: whatever was finished is kept."""


class Cancelled(Exception):
    """For a progress callback to raise, when somebody wants no more of it. Passed on as it is."""


def untold(progress: Progress) -> None:
    """Nobody is told."""
