"""The separator around its network: a network that lets everything through gives the sound back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from model.hallo3.vocals import LOUDER, VocalSeparator


class Through:
    """A session that gives back what it gets, or nothing of it."""

    def __init__(self, share: float = 1.0) -> None:
        self.share = share

    def get_inputs(self) -> list[object]:
        from types import SimpleNamespace

        return [SimpleNamespace(name="input", shape=["batch", 4, 3072, 64])]

    def run(self, _names: None, given: dict[str, np.ndarray]) -> list[np.ndarray]:
        assert given["input"].shape == (1, 4, 3072, 64)
        return [self.share * given["input"]]


@pytest.mark.parametrize("samples", [1, 100, 16_000, 50_001])
def test_what_the_network_lets_through_comes_back_in_time(samples: int) -> None:
    sound = 0.3 * torch.sin(torch.arange(samples) * 2 * torch.pi * 220 / 16_000)
    voice = VocalSeparator(Through())(sound)
    assert voice.shape == sound.shape
    if samples > 1000:
        inner = slice(400, -400)  # resampling rings at the ends
        torch.testing.assert_close(voice[inner], LOUDER * sound[inner], rtol=0, atol=0.01)


def test_what_it_keeps_back_is_gone() -> None:
    assert VocalSeparator(Through(0.0))(torch.randn(20_000)).abs().max() < 1e-6


def test_nothing_stays_nothing_and_a_broken_file_is_told(tmp_path: Path) -> None:
    assert VocalSeparator(Through())(torch.zeros(0)).shape == (0,)
    (tmp_path / "Kim_Vocal_2.onnx").write_bytes(b"not a network")
    with pytest.raises(ValueError, match="not a separator that onnxruntime can use"):
        VocalSeparator.from_file(tmp_path / "Kim_Vocal_2.onnx")
