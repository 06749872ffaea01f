"""8-bit layers by torchao: near the exact film where it is there, one line with the command where it is not."""

from __future__ import annotations

import sys

import pytest
import torch
from shot import conditions, pipeline
from torch import Generator, Tensor

from model.avatar.eight_bits import in_eight_bits
from model.avatar.guidance import Sampling
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.scaled_linear import ScaledLinear

CPU = torch.device("cpu")


def film(pipe: HunyuanVideoAvatarPipeline) -> Tensor:
    given, fusion = conditions(17), pipe.schedule(17, 5)
    start = pipe.start(given, fusion, Generator().manual_seed(0))
    return list(pipe.denoise(given, fusion, Sampling(3), start))[-1].latents


@pytest.mark.filterwarnings("ignore")
def test_the_film_is_near() -> None:
    pytest.importorskip("torchao", exc_type=ImportError)
    pipe = pipeline()
    exact = film(pipe)
    in_eight_bits(pipe.transformer, CPU)
    error = float((film(pipe) - exact).norm() / exact.norm())
    assert 1e-4 < error < 0.1


def test_without_torchao_it_says_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchao.quantization", None)
    told = r"8-bit needs torchao, which is not here: pip install 'dialogue-avatar\[fast\]'"
    with pytest.raises(ValueError, match=told):
        in_eight_bits(pipeline().transformer, CPU)


def test_weights_that_are_in_8_bits_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torchao", exc_type=ImportError)
    pipe = pipeline()
    layer = pipe.transformer.transformer_blocks[0].ff.net[2]
    pipe.transformer.transformer_blocks[0].ff.net[2] = ScaledLinear.__new__(ScaledLinear)
    torch.nn.Module.__init__(pipe.transformer.transformer_blocks[0].ff.net[2])
    assert layer is not None
    with pytest.raises(ValueError, match="in 8 bits already"):
        in_eight_bits(pipe.transformer, CPU)
