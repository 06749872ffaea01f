"""The outline of a recording's sound for drawing: the least and the greatest sample of every stretch, at four sizes.

Shapes: `n` stretches, each a pair of int8 (least, greatest), full scale 127.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import Problem, SceneError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Peaks = NDArray[np.int8]  # (n, 2)

SAMPLES = 256  # of the recording, in a stretch of level 0
STEP = 4  # stretches of one level in a stretch of the next
LEVELS = 4


def peaks_of(path: Path, channel: int | None = None) -> tuple[Peaks, int]:
    """Level 0 of a recording or one of its channels (from 1; None: all of them together), and its rate in Hz.

    Read in blocks, so that hours of sound fit in little memory. SceneError where the file is no sound.
    """
    import numpy as np

    from dialogue.media.recordings import sound_blocks

    parts: list[Peaks] = []
    held = np.zeros((2, 0), np.float32)  # of every moment the least and the greatest channel
    rate = 0
    for block, each in sound_blocks(path, 10.0):
        rate = each
        if channel is not None and channel > len(block):
            raise SceneError(Problem(f"there is no channel {channel}", str(path), hint=f"it has {len(block)}"))
        chosen = block if channel is None else block[channel - 1 : channel]
        held = np.concatenate([held, np.stack([chosen.min(0), chosen.max(0)])], 1)
        whole = held.shape[1] // SAMPLES * SAMPLES
        parts.append(_pairs(held[:, :whole]))
        held = held[:, whole:]
    if held.shape[1]:
        parts.append(_pairs(np.pad(held, ((0, 0), (0, SAMPLES - held.shape[1])))))
    return (np.concatenate(parts) if parts else np.zeros((0, 2), np.int8)), rate


def _pairs(edges: NDArray[np.float32]) -> Peaks:
    """(2, n x 256) to (n, 2)."""
    import numpy as np

    least, greatest = np.nan_to_num(edges).reshape(2, -1, SAMPLES)
    pairs = np.stack([least.min(1), greatest.max(1)], 1)
    return np.asarray(np.clip(np.round(pairs * 127), -127, 127), np.int8)


def level_of(peaks: Peaks, level: int) -> Peaks:
    """The same outline in stretches 4 to the power of `level` as long."""
    import numpy as np

    size = STEP**level
    padded = np.pad(peaks, ((0, -len(peaks) % size), (0, 0)), mode="edge") if len(peaks) else peaks
    least, greatest = padded[:, 0].reshape(-1, size).min(1), padded[:, 1].reshape(-1, size).max(1)
    return np.stack([least, greatest], 1)
