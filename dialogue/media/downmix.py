"""Several channels as one: their mean, except that channels which would cancel each other are turned over first.

A cable wired the wrong way round gives a right channel that is the left one upside down; their mean is silence while
everybody hears a voice. Shapes: `c` channels, `n` samples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float32]

_CANCELS = 0.2  # of the channels' mean power that is left in their mean; unrelated channels leave half
_OPPOSITE = -0.5  # correlation with the loudest channel below which a channel is upside down


class Downmix:
    """Blocks of one recording in order, each to mono. Which channels are turned is kept through silence."""

    def __init__(self) -> None:
        self._signs: Sound | None = None

    def mono(self, block: Sound) -> Sound:
        """float32 (c, n) to (n,)."""
        mean: Sound = block.mean(axis=0, dtype=np.float32)
        if len(block) == 1 or not block.any():
            return np.ascontiguousarray(mean)
        self._signs = self._turned(block, mean)
        if self._signs is not None:
            mean = (block * self._signs[:, None]).mean(axis=0, dtype=np.float32)
        return np.ascontiguousarray(mean)

    @staticmethod
    def _turned(block: Sound, mean: Sound) -> Sound | None:
        """1 or -1 per channel; None where nothing cancels."""
        power = np.square(block, dtype=np.float64).mean(axis=1)
        if float(np.square(mean, dtype=np.float64).mean()) >= _CANCELS * float(power.mean()):
            return None
        loudest = int(power.argmax())
        likeness = (block.astype(np.float64) @ block[loudest]) / block.shape[1]
        likeness /= np.sqrt(np.maximum(power * power[loudest], 1e-30))
        return np.where(likeness < _OPPOSITE, -1.0, 1.0).astype(np.float32)
