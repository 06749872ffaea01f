"""Integrated loudness after ITU-R BS.1770-4 (EBU R 128), in one pass over streamed sound.

Differs from the recommendation in one point: `peak` is the sample peak, not the oversampled true peak.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SILENCE_LUFS = -70.0
SILENCE_DBFS = -120.0

_STEP = 0.1  # seconds; a gating block is four steps, so that blocks overlap by 75 %
_STEPS_PER_BLOCK = 4
_OFFSET = -0.691  # dB, so that a 997 Hz sine at 0 dBFS in one front channel reads -3.01 LUFS
_SURROUND = {"back-left", "back-right", "side-left", "side-right"}


def _k_weighting(rate: int) -> NDArray[np.float64]:
    """The two biquads of BS.1770 at any rate, shape (2, 6): a shelf of +4 dB above 1.7 kHz, a high pass at 38 Hz."""
    k = math.tan(math.pi * 1681.974450955533 / rate)
    q, gain = 0.7071752369554196, 10 ** (3.999843853973347 / 20)
    band = gain**0.4996667741545416
    a0 = 1 + k / q + k * k
    shelf = [
        (gain + band * k / q + k * k) / a0, 2 * (k * k - gain) / a0, (gain - band * k / q + k * k) / a0,
        1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0,
    ]  # fmt: skip
    k = math.tan(math.pi * 38.13547087602444 / rate)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])


class LoudnessMeter:
    """Takes blocks (c, n) in order; knows the loudness and the peak of all it has been given."""

    def __init__(self, rate: int, channel_names: tuple[str, ...]) -> None:
        self._filter = _k_weighting(rate)
        self._state = np.zeros((2, len(channel_names), 2))
        self._weights = np.array([0.0 if n == "lfe" else 1.41 if n in _SURROUND else 1.0 for n in channel_names])
        self._step = round(_STEP * rate)
        self._rest = np.zeros(0)
        self._energies: list[NDArray[np.float64]] = []
        self._peak = 0.0

    def add(self, block: NDArray[np.float32]) -> None:
        """`block`: float32 (c, n), full scale ±1."""
        from scipy.signal import sosfilt

        self._peak = max(self._peak, float(np.abs(block).max(initial=0.0)))
        weighted, self._state = sosfilt(self._filter, block, axis=1, zi=self._state)
        power = np.concatenate([self._rest, self._weights @ np.square(weighted)])
        whole = len(power) // self._step * self._step
        self._energies.append(power[:whole].reshape(-1, self._step).mean(axis=1))
        self._rest = power[whole:]

    def integrated(self) -> float:
        """LUFS over the blocks louder than -70 LUFS and than 10 LU below their mean; -70 when there are none."""
        steps = np.concatenate(self._energies) if self._energies else np.zeros(0)
        if len(steps) < _STEPS_PER_BLOCK:  # shorter than one gating block: all of it is one
            tail = self._rest if len(self._rest) else np.zeros(1)
            blocks = np.array([np.concatenate([np.repeat(steps, self._step), tail]).mean()])
        else:
            blocks = np.convolve(steps, np.full(_STEPS_PER_BLOCK, 1 / _STEPS_PER_BLOCK), "valid")
        loud = blocks[_lufs(blocks) > SILENCE_LUFS]
        if not len(loud):
            return SILENCE_LUFS
        gated = loud[_lufs(loud) > float(_lufs(loud.mean())) - 10]
        return float(_lufs(gated.mean()))

    def peak(self) -> float:
        """dBFS of the largest sample; -120 for silence."""
        return max(SILENCE_DBFS, 20 * math.log10(self._peak)) if self._peak else SILENCE_DBFS


def _lufs(power: NDArray[np.float64] | float) -> NDArray[np.float64]:
    return np.asarray(_OFFSET + 10 * np.log10(np.maximum(power, 1e-12)))
