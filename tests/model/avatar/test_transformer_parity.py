"""The transformer against the official code's outputs, step by step and as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from parity import (
    CASES,
    FOLDER,
    case_tensors,
    description,
    forward_inputs,
    needs_parity,
    official_overrides,
    relative_error,
)
from safetensors.torch import load_file
from torch import Tensor

from model.avatar.checkpoint import table_of, to_official
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer

TOLERANCE = 2e-5  # of the largest official value


def official_transformer(name: str, folder: Path) -> Transformer:
    file = folder / f"{name}_model_states.pt"
    torch.save({"module": load_file(FOLDER / f"{name}.state_dict.safetensors")}, file)
    return Transformer.from_single_file(file, torch.float32, **official_overrides(description(name)["config"]))


@needs_parity
@pytest.mark.parametrize(("name", "case"), CASES)
def test_equals_the_official_output_and_intermediates(name: str, case: str, tmp_path: Path) -> None:
    model, tensors = official_transformer(name, tmp_path), case_tensors(name, case)
    seen: dict[str, Tensor] = {}
    for number, block in enumerate(model.transformer_blocks):
        block.register_forward_hook(lambda *call, n=number: seen.update({f"double.{n}": call[2]}))
    for number, block in enumerate(model.single_transformer_blocks):
        block.register_forward_hook(lambda *call, n=number: seen.update({f"single.{n}": call[2]}))
    with torch.no_grad():
        out = model(**forward_inputs(tensors), return_block_cache=True)
    assert relative_error(out.sample, tensors["out"]) <= TOLERANCE

    valid = description(name)["cases"][case]["valid_txt_tokens"]
    for number in range(len(model.transformer_blocks)):
        image, text = seen[f"double.{number}"]
        assert relative_error(image, tensors[f"mid.double.{number}.img_after_adapter"]) <= TOLERANCE
        for row, count in enumerate(valid):
            official = tensors[f"mid.double.{number}.txt"][row, :count]
            assert relative_error(text[row, :count], official) <= TOLERANCE
    for number in range(len(model.single_transformer_blocks)):
        image, _ = seen[f"single.{number}"]
        assert relative_error(image, tensors[f"mid.single.{number}"][:, : image.shape[1]]) <= TOLERANCE
    kept = out.block_cache.image()
    assert relative_error(kept, tensors["mid.cache_out"][:, : kept.shape[1]]) <= TOLERANCE


@needs_parity
@pytest.mark.parametrize(("name", "case"), CASES)
def test_cached_step_equals_the_official_one(name: str, case: str, tmp_path: Path) -> None:
    model, tensors = official_transformer(name, tmp_path), case_tensors(name, case)
    inputs = forward_inputs(tensors)
    with torch.no_grad():
        cache = model(**inputs, return_block_cache=True).block_cache
        out = model(**{**inputs, "timestep": tensors["in.t_cached"]}, block_cache=cache)
    assert relative_error(out.sample, tensors["out_cached"]) <= TOLERANCE


@needs_parity
@pytest.mark.parametrize("fp8", [False, True])
def test_checkpoint_on_disk_equals_the_official_output(fp8: bool) -> None:
    folder = FOLDER / "checkpoint_small"
    overrides = official_overrides(json.loads((folder / "meta.json").read_text())["config"])
    tensors = load_file(folder / "io.safetensors")
    model = Transformer.from_single_file(folder, torch.float32, fp8=fp8, **overrides)
    with torch.no_grad():
        out = model(**forward_inputs(tensors))
    assert relative_error(out.sample, tensors["out_fp8_file" if fp8 else "out_bf16_file"]) <= TOLERANCE


@needs_parity
@pytest.mark.parametrize("name", ["transformer_small_a", "transformer_small_b"])
def test_weights_return_to_their_official_names_unchanged(name: str, tmp_path: Path) -> None:
    ours = to_official(official_transformer(name, tmp_path))
    official = load_file(FOLDER / f"{name}.state_dict.safetensors")
    assert ours.keys() == official.keys()
    assert all(torch.equal(ours[key], official[key]) for key in official)


@needs_parity
def test_default_configuration_is_the_official_13_b_model() -> None:
    with torch.device("meta"):
        model = Transformer()
    assert sum(weight.numel() for weight in model.parameters()) == 12_991_493_184
    shapes = {name: tuple(tensor.shape) for name, tensor in to_official(model).items()}
    expected = {}
    for pattern, tensor in json.loads((FOLDER / "official_state_dict_patterns.json").read_text())["patterns"].items():
        for number in range(tensor["count"]):
            expected[pattern.replace("{i}", str(number))] = tuple(tensor["shape"])
    assert shapes == expected
    assert len(table_of(model)) == 946
