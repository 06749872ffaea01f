"""Voices that are nobody's: a label is somebody's only where it is nearer to them than to any of these.

They are a synthesiser's, made by scripts/make_strangers.py: to the encoder of open voices those are all much alike.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("strangers.npz")


@functools.cache
def strangers() -> NDArray[np.float32]:
    """(n, 256), rows of length 1, in the vectors of `dialogue.diarization.voice_encoder`."""
    import numpy as np

    with np.load(FILE) as kept:
        voices = kept["voices"].astype(np.float32)
    return np.asarray(voices / np.linalg.norm(voices, axis=1, keepdims=True))
