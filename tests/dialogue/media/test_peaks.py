"""The outline of a recording, against the samples that were written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import SceneError
from dialogue.media.peaks import SAMPLES, level_of, peaks_of


def test_least_and_greatest_of_every_stretch(tmp_path: Path) -> None:
    count = SAMPLES * 40 + 7
    samples = np.random.default_rng(0).uniform(-1, 1, (count, 2)) * np.linspace(0, 1, count)[:, None]
    path = tmp_path / "sound.wav"
    soundfile.write(path, samples, 8000, subtype="FLOAT")
    peaks, rate = peaks_of(path, 2)
    assert (peaks.shape, peaks.dtype, rate) == ((41, 2), np.int8, 8000)
    right = samples[: SAMPLES * 40, 1].reshape(40, SAMPLES)
    np.testing.assert_allclose(peaks[:40], np.stack([right.min(1), right.max(1)], 1) * 127, atol=0.51)
    coarse = level_of(peaks, 1)
    assert coarse.shape == (11, 2)
    assert coarse[0, 1] == peaks[:4, 1].max()


def test_opposite_channels_do_not_cancel(tmp_path: Path) -> None:
    tone = 0.5 * np.sin(np.arange(8000) / 9)
    path = tmp_path / "opposite.wav"
    soundfile.write(path, np.stack([tone, -tone], 1), 8000)
    assert peaks_of(path)[0].max() > 60


def test_a_channel_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "mono.wav"
    soundfile.write(path, np.zeros(800), 8000)
    with pytest.raises(SceneError, match="no channel 2"):
        peaks_of(path, 2)
