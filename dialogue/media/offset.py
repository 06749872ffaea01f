"""How late one recording is heard in another, by their envelopes: a microphone in the mix that it is part of.

Both are taken as how their level rises, in steps of 10 ms: what else is in the mix adds little to that at the same
moments, and neither loudness nor equalizing moves it. The sum over all that overlaps, by FFT, has one sharp peak.

Shapes: `l` level frames (10 ms).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.media.recordings import Samples
from dialogue.media.speech import BLOCK, LEVELS_PER_SECOND, levels_of

Levels = NDArray[np.float32]

_DEPTH = 40.0  # dB below the loud tenth at which a recording is taken to be silent
_ALONE = 1.4  # times the next peak: tracks of a mix gave 1.6 to 3.1, also of one compressed or in noise; others 1.2
_NEAR = 0.1  # seconds around a peak that belong to it


@dataclass(frozen=True)
class Offset:
    """The one recording is heard `seconds` after the other begins; `clear` where that is beyond doubt.

    `alike`: the correlation there, 1 for the same recording; below 0.45 for 5 s or more of something else.
    """

    seconds: float
    clear: bool
    alike: float = 0.0


def envelope(samples: Samples) -> Levels:
    """Level in dBFS per 10 ms (l,), read once in blocks."""
    return _joined(levels_of(block) for block in samples.blocks(BLOCK))


def _joined(parts: Iterable[Levels]) -> Levels:
    found = list(parts)
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def offset_of(track: Levels, mix: Levels) -> Offset:
    """When the track begins in the mix, below 0 where the mix begins later; of their envelopes."""
    rises, mixed = _rises(track), _rises(mix)
    if not rises.any() or not mixed.any():
        return Offset(0.0, False)
    size = 1 << (len(rises) + len(mixed)).bit_length()
    product = np.fft.rfft(mixed, size) * np.conj(np.fft.rfft(rises, size))
    alike = np.fft.irfft(product, size)
    alike = np.concatenate([alike[-len(rises) :], alike[: len(mixed)]])  # index 0 is minus the track's length
    best = int(alike.argmax())
    near = round(_NEAR * LEVELS_PER_SECOND)
    rest = np.concatenate([alike[: max(0, best - near)], alike[best + near + 1 :]])
    clear = float(alike[best]) > _ALONE * float(rest.max(initial=0.0))
    share = float(alike[best]) / float(np.linalg.norm(rises) * np.linalg.norm(mixed))
    return Offset((best - len(rises)) / LEVELS_PER_SECOND, clear, share)


def _rises(levels: Levels) -> NDArray[np.float64]:
    """How fast the level rises (l,), silence cut off, smoothed over 50 ms."""
    if len(levels) < LEVELS_PER_SECOND // 2:
        return np.zeros(0)
    loud = float(np.percentile(levels, 95))
    heard = np.maximum(levels.astype(np.float64), loud - _DEPTH)
    smooth = np.convolve(np.pad(heard, 2, mode="edge"), np.full(5, 0.2), "valid")
    return np.asarray(np.maximum(np.diff(smooth, prepend=smooth[0]), 0.0))
