"""Sounds that fit in memory as pydub's clips, at 32 bits: silence trimmed, turned up, joined, laid over each other.

For lines, drafts and the like; what may last hours goes through `dialogue.rendering.mix` in blocks. Nothing here has
pydub run a program or read a file.
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]  # (samples,), -1 … 1

Clip = Any  # pydub.AudioSegment, which has no types
_FULL = 2**31
_CHUNK = 1  # ms in which silence is looked for


@lru_cache(maxsize=1)
def load_clips() -> Any:
    """pydub, imported once. Call it before threads: what it warns of while it is imported is held back for all of them.

    It warns where no ffmpeg is on the PATH, which is not used here, and of audioop's end, for which audioop-lts stands.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pydub
        import pydub.silence

    return pydub


def clip_of(sound: Sound, rate: int) -> Clip:
    """The clip of a sound."""
    import numpy as np

    whole = np.clip(np.asarray(sound, np.float64) * _FULL, -_FULL, _FULL - 1).astype("<i4")
    return load_clips().AudioSegment(whole.tobytes(), sample_width=4, frame_rate=rate, channels=1)


def sound_of(clip: Clip) -> Sound:
    """The sound of a clip of one channel."""
    import numpy as np

    return np.asarray(np.frombuffer(clip.set_sample_width(4).raw_data, "<i4") / _FULL, dtype=np.float32)


def silence(seconds: float, rate: int) -> Clip:
    """A clip of nothing."""
    return load_clips().AudioSegment.silent(round(1000 * seconds), frame_rate=rate).set_sample_width(4)


def trimmed(clip: Clip, below: float) -> Clip | None:
    """Without the silence at both ends, which is `below` so many dB below the peak; None where there is only that."""
    if not clip.max:
        return None
    threshold = clip.max_dBFS - below
    leading = load_clips().silence.detect_leading_silence
    first, last = (leading(one, threshold, _CHUNK) for one in (clip, clip.reverse()))
    return clip[first : len(clip) - last] if first + last < len(clip) else None


def levelled(clip: Clip, level: float, ceiling: float) -> Clip:
    """At `level` dBFS (RMS), or lower where its peak would be above `ceiling` dBFS."""
    return clip.apply_gain(min(level - clip.dBFS, ceiling - clip.max_dBFS))
