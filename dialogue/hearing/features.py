"""Speech as what tells words apart and voices not: smooth cepstra of mel bands and their slopes, every 20 ms.

Shapes: `t` frames of 20 ms, `m` mel bands, `c` features.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from einops import einsum
from numpy.typing import NDArray

HOP = 320  # samples at 16 kHz
RATE = 16_000
FRAMES_PER_SECOND = RATE // HOP
_WINDOW, _FFT, _MELS, _CEPSTRA = 512, 512, 32, 9
_SLOPES = 4.0
_LOW, _HIGH = 100.0, 6500.0  # Hz: what every voice and every engine has

Features = NDArray[np.float32]  # (t, c)


def features(samples: NDArray[np.float32], speech: NDArray[np.bool_] | None = None) -> Features:
    """(n,) at 16 kHz to (t, c): 9 cepstra and their slopes, without their mean over `speech`, each frame of length 1.

    Low orders, smoothed over a tenth of a second and compared by their direction, tell the same words of another voice
    from other words best: the cost of a right match is half that of a wrong one.
    """
    cepstra = einsum(log_mel(samples), _cosines(), "t m, m c -> t c")
    padded = np.pad(cepstra, ((2, 2), (0, 0)), mode="edge")
    slopes = (2 * (padded[4:] - padded[:-4]) + (padded[3:-1] - padded[1:-3])) / 10
    found = _smoothed(np.concatenate([cepstra, _SLOPES * slopes], axis=1))
    inside = found[speech[: len(found)]] if speech is not None and speech[: len(found)].sum() > 10 else found
    if len(inside):
        found = found - inside.mean(axis=0)
    return np.asarray(found / (np.linalg.norm(found, axis=1, keepdims=True) + 1e-6), dtype=np.float32)


def _smoothed(found: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean of five frames."""
    padded = np.pad(found, ((2, 2), (0, 0)), mode="edge")
    return np.asarray(sum(padded[at : at + len(found)] for at in range(5)) / 5)


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) to (t, m): log power in mel bands; one frame for every 20 ms begun."""
    frames = -(-len(samples) // HOP)
    if not frames:
        return np.zeros((0, _MELS), np.float32)
    padded = np.pad(samples, (_WINDOW // 2, _WINDOW + frames * HOP - len(samples)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[: frames * HOP : HOP]
    found = np.empty((frames, _MELS), np.float32)
    for first in range(0, frames, 4096):  # an hour at once would be gigabytes
        part = windows[first : first + 4096] * np.hanning(_WINDOW).astype(np.float32)
        power = np.abs(np.fft.rfft(part, _FFT)) ** 2
        found[first : first + 4096] = np.log(einsum(power, _filters(), "t f, f m -> t m") + 1e-7)
    return found


def loud(samples: NDArray[np.float32], depth: float = 30.0) -> NDArray[np.bool_]:
    """(t,) whether a frame of a clean recording holds sound: within `depth` dB of its loud parts."""
    frames = -(-len(samples) // HOP)
    padded = np.pad(samples, (0, frames * HOP - len(samples))).reshape(frames, HOP)
    level = 10 * np.log10(np.mean(padded**2, axis=1) + 1e-10)
    return np.asarray(level > np.percentile(level, 95) - depth) if frames else np.zeros(0, bool)


@lru_cache(maxsize=1)
def _filters() -> NDArray[np.float32]:
    """(f, m) triangles, equal steps on the mel scale."""
    mel = np.linspace(2595 * np.log10(1 + _LOW / 700), 2595 * np.log10(1 + _HIGH / 700), _MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    at = np.linspace(0, RATE / 2, _FFT // 2 + 1)[:, None]
    rising = (at - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - at) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), dtype=np.float32)


@lru_cache(maxsize=1)
def _cosines() -> NDArray[np.float32]:
    """(m, c) the cosine transform that takes bands to cepstra."""
    bands, order = np.arange(_MELS)[:, None], np.arange(_CEPSTRA)[None]
    cosines = np.cos(np.pi * order * (2 * bands + 1) / (2 * _MELS)) * np.sqrt(2 / _MELS)
    return np.asarray(cosines, dtype=np.float32)
