"""Distilled weights as a LoRA in either layout, sampled as the file beside it says; a wrong file is told whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from shot import conditions, pipeline
from torch import Generator, Tensor

from model.avatar.checkpoint import table_of
from model.avatar.distilled import Distilled, read_distilled, take_distilled
from model.avatar.guidance import Guidance, Sampling
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline

LAYER, OURS = "double_blocks.1.img_attn_proj", "transformer_blocks.1.attn.to_out.0"


def written(folder: Path, layer: str, about: dict[str, object] | None = None) -> Path:
    """The same LoRA by the name of either layout."""
    generator = Generator().manual_seed(1)
    pair = {f"{layer}.lora_{side}.weight": torch.randn(shape, generator=generator) for side, shape in SHAPES.items()}
    path = folder / "distilled.safetensors"
    save_file(pair, path)
    if about is not None:
        path.with_suffix(".json").write_text(json.dumps(about))
    return path


SHAPES = {"A": (2, 32), "B": (32, 2)}


def film(pipe: HunyuanVideoAvatarPipeline, sampling: Sampling) -> tuple[Tensor, int]:
    given, fusion, rows = conditions(17), pipe.schedule(17, 5), []
    hook = pipe.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    start = pipe.start(given, fusion, Generator().manual_seed(0))
    latents = list(pipe.denoise(given, fusion, sampling, start))[-1].latents
    hook.remove()
    return latents, sum(rows)


@pytest.mark.parametrize("layer", [LAYER, OURS])
def test_in_both_layouts_it_is_the_weights_with_what_it_adds_and_few_steps(layer: str, tmp_path: Path) -> None:
    about = {"sigmas": [1.0, 0.7, 0.4], "shift": 9.0, "strength": 0.5}
    path = written(tmp_path, layer, about)
    pipe, other = pipeline(), pipeline()
    how = take_distilled(pipe, path)
    made, rows = film(pipe, how.sampling(Sampling()))
    assert rows == 3, "one window, three steps, no guidance"
    assert LAYER in {name.removesuffix(".weight") for name in table_of(other.transformer)}
    weight = other.transformer.get_submodule(OURS).weight
    generator = Generator().manual_seed(1)
    down, up = (torch.randn(shape, generator=generator) for shape in SHAPES.values())
    with torch.no_grad():
        weight += 0.5 * up @ down
    other.scheduler.register_to_config(shift=9.0)
    usual = Sampling(3, Guidance().constant(1.0), None, sigmas=(1.0, 0.7, 0.4))
    wanted, _ = film(other, usual)
    assert torch.allclose(made, wanted, atol=1e-4), float((made - wanted).abs().max())
    assert not torch.allclose(made, film(pipeline(), usual)[0], atol=1e-2)


def test_without_a_file_beside_it_the_usual_few_steps(tmp_path: Path) -> None:
    assert read_distilled(written(tmp_path, OURS)) == Distilled()
    assert Distilled().sampling(Sampling()).steps == 6


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"step": 4}, "'step' is unknown; it takes steps, sigmas"),
        ({"steps": 0, "shift": -1}, "steps is 0; .*; shift is -1"),
        ({"steps": True}, "steps is True"),
        ({"sigmas": [0.5, 0.7]}, "they must fall"),
        ({"sigmas": []}, "they must fall"),
        ({"sigmas": "1"}, "they must fall"),
        ({"steps": 3, "sigmas": [1.0, 0.5]}, "steps is 3, sigmas are 2"),
        ({"guidance": "none"}, "guidance is 'none'; it must be a number"),
        ([], "a list; it must be an object"),
    ],
)
def test_a_wrong_file_is_told(about: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=said):
        read_distilled(written(tmp_path, OURS, about))
    (tmp_path / "distilled.json").write_text("{")
    with pytest.raises(ValueError, match=r"distilled\.json: no JSON"):
        read_distilled(tmp_path / "distilled.safetensors")
