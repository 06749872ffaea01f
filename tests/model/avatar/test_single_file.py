"""Single files as others pass them on: safetensors in 16 and 8 bits, with scales or without, and GGUF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from small_transformer import inputs, transformer
from torch import Tensor

from model.avatar.checkpoint import CheckpointError, is_quantised, save_official, to_official
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer
from model.scaled_linear import ScaledLinear


def model_at(folder: Path) -> Transformer:
    """The small model; what its shapes do not tell is in config.json beside its files."""
    model = transformer()
    save_official(model, folder)
    return model


def alike(first: Transformer, second: Transformer) -> bool:
    one, other = first.state_dict(), second.state_dict()
    return set(one) == set(other) and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("prefix", ["", "model.diffusion_model.", "transformer."])
def test_safetensors_by_official_names_whatever_stands_before_them(prefix: str, tmp_path: Path) -> None:
    model = model_at(tmp_path)
    file = tmp_path / "avatar.safetensors"
    save_file({prefix + name: tensor.contiguous().clone() for name, tensor in to_official(model).items()}, file)
    assert alike(Transformer.from_single_file(file, torch.float32), model)


@pytest.mark.parametrize("ending", [".scale_weight", ".weight_scale"])
def test_eight_bits_with_scales_are_those_of_the_release(ending: str, tmp_path: Path) -> None:
    released = torch.load(save_official(transformer(), tmp_path, fp8=True), weights_only=True)["module"]
    scales = torch.load(next(tmp_path.glob("*_map.pt")), weights_only=True)["module"]
    state: dict[str, Tensor] = {name: tensor.contiguous().clone() for name, tensor in released.items()}
    state |= {layer + ending: torch.as_tensor(scale).float().reshape(1) for layer, scale in scales.items()}
    state |= {"scaled_fp8": torch.zeros(2)}
    save_file(state, tmp_path / "avatar.safetensors")
    here = Transformer.from_single_file(tmp_path / "avatar.safetensors", torch.float32)
    assert alike(here, Transformer.from_single_file(tmp_path, torch.float32, fp8=True))
    kept = Transformer.from_single_file(tmp_path / "avatar.safetensors", torch.float32, keep_fp8=True)
    assert any(isinstance(part, ScaledLinear) for part in kept.modules())
    with torch.no_grad():
        assert torch.equal(kept(**inputs()).sample, here(**inputs()).sample)


def test_eight_bits_without_scales_are_the_numbers_they_are(tmp_path: Path) -> None:
    state = {
        name: (tensor.to(torch.float8_e4m3fn) if is_quantised(name) else tensor).contiguous().clone()
        for name, tensor in to_official(model_at(tmp_path)).items()
    }
    save_file(state, tmp_path / "avatar.safetensors")
    back = to_official(Transformer.from_single_file(tmp_path / "avatar.safetensors", torch.float32))
    assert all(torch.equal(back[name], tensor.float()) for name, tensor in state.items())


def test_gguf_is_unpacked(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    model = model_at(tmp_path)
    writer = gguf.GGUFWriter(tmp_path / "avatar.gguf", "hyvid")
    packed = gguf.GGMLQuantizationType.Q8_0
    state = {name: tensor.contiguous().numpy() for name, tensor in to_official(model).items()}
    for name, array in state.items():
        if array.ndim == 2 and array.shape[-1] % 32 == 0:
            writer.add_tensor(name, gguf.quantize(array, packed), raw_dtype=packed)
        else:
            writer.add_tensor(name, np.ascontiguousarray(array, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    back = Transformer.from_single_file(tmp_path / "avatar.gguf", torch.float32)
    other = to_official(back)
    away = [float((other[name] - torch.from_numpy(array)).abs().max()) for name, array in state.items()]
    assert 0 < max(away) < 0.02, "eight bits in blocks of 32"
    with torch.no_grad():
        ours, unpacked = model(**inputs()).sample, back(**inputs()).sample
    assert (ours - unpacked).norm() < 0.05 * ours.norm()


@pytest.mark.parametrize("name", ["avatar.safetensors", "avatar.gguf"])
def test_a_damaged_file_is_an_error_that_names_it(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"GGUF\x03\0\0\0" + bytes(40))
    with pytest.raises(CheckpointError, match=rf"{name}: (not a|GGUF is read by the package gguf)"):
        Transformer.from_single_file(tmp_path / name, torch.float32)


def test_what_is_missing_is_named_there_too(tmp_path: Path) -> None:
    state = {name: tensor.contiguous().clone() for name, tensor in to_official(model_at(tmp_path)).items()}
    gone = next(name for name in state if name.endswith("img_mlp.fc1.weight"))
    del state[gone]
    save_file(state, tmp_path / "avatar.safetensors")
    with pytest.raises(CheckpointError, match=gone):
        Transformer.from_single_file(tmp_path / "avatar.safetensors", torch.float32)
