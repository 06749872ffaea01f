"""Layers in 8 bits: the numbers of the multiplied-out layer to the bit, in half the memory, saved and loaded."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from small_transformer import inputs, transformer

from model.avatar.checkpoint import save_official, to_official
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer
from model.scaled_linear import ScaledLinear, quantised, store_in_eight_bits


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("per_row", [False, True])
def test_a_layer_is_the_multiplied_out_one_bit_for_bit(dtype: torch.dtype, per_row: bool) -> None:
    weight, scale = quantised(torch.randn(24, 16) * torch.logspace(-6, 6, 24).unsqueeze(1), per_row)
    bias, given = torch.randn(24, dtype=dtype), torch.randn(3, 5, 16, dtype=dtype)
    layer = ScaledLinear(weight, scale, bias, dtype)
    plain = weight.to(dtype) * scale.to(dtype)
    assert torch.equal(layer(given), torch.nn.functional.linear(given, plain, bias))
    assert layer.weight.element_size() == 1


def test_a_scale_per_row_keeps_the_small_rows() -> None:
    rows = torch.randn(8, 64) * torch.logspace(-6, 0, 8).unsqueeze(1)
    for per_row, lost in ((True, 0.04), (False, 1.0)):
        weight, scale = quantised(rows, per_row)
        off = ((weight.float() * scale - rows).norm(dim=1) / rows.norm(dim=1)).max()
        assert off <= lost and (per_row or off > 0.5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_eight_bit_file_stays_in_eight_bits_and_gives_the_same_numbers(tmp_path: Path, dtype: torch.dtype) -> None:
    save_official(transformer(), tmp_path, fp8=True)
    wide = Transformer.from_single_file(tmp_path, dtype, fp8=True)
    narrow = Transformer.from_single_file(tmp_path, dtype, fp8=True, keep_fp8=True)
    assert narrow.dtype == dtype
    blocks = [m for m in narrow.single_transformer_blocks.modules() if isinstance(m, torch.nn.Linear)]
    assert blocks and all(m.weight.dtype == torch.float8_e4m3fn for m in blocks)
    # The audio adapters are not among the release's 8-bit layers.
    assert narrow.transformer_blocks[1].audio_adapter.to_q.weight.dtype == dtype
    given = {name: tensor.to(dtype) for name, tensor in inputs().items()}
    with torch.no_grad():
        assert torch.equal(narrow(**given).sample, wide(**given).sample)
    for name, tensor in to_official(wide).items():
        assert torch.equal(to_official(narrow)[name], tensor), name


def test_a_model_moved_to_another_type_keeps_its_values(tmp_path: Path) -> None:
    save_official(transformer(), tmp_path, fp8=True)
    narrow = Transformer.from_single_file(tmp_path, torch.float32, fp8=True, keep_fp8=True)
    before = to_official(narrow)
    after = to_official(narrow.to(torch.float32))
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_blocks_in_eight_bits_are_near_the_exact_ones_and_stay_when_stored_again() -> None:
    exact, model, given = transformer(), transformer(), inputs()
    for _ in range(2):
        store_in_eight_bits(model.transformer_blocks, torch.float32)
        store_in_eight_bits(model.single_transformer_blocks, torch.float32)
        kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in kept.items())
    with torch.no_grad():
        ours, eight = exact(**given).sample, model(**given).sample
    assert 0 < (ours - eight).norm() < 0.1 * ours.norm()
