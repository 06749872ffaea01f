"""LoRA files in both layouts of names, with every prefix and spelling, scaled as they say, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig
from safetensors.torch import save_file
from shot import conditions, pipeline
from torch import Generator, Tensor

from model.avatar.checkpoint import table_of
from model.avatar.guidance import Sampling
from model.avatar.lora import LoraError, diffusers_lora, read_lora
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline

LAYERS = ("double_blocks.1.img_attn_qkv", "double_blocks.0.txt_mlp.fc1", "single_blocks.0.linear1",
          "single_blocks.1.linear2", "audio_adapter_blocks.0.to_q", "final_layer.adaLN_modulation.1")  # fmt: skip
RANK = 2


def run(pipe: HunyuanVideoAvatarPipeline) -> Tensor:
    given, fusion = conditions(17), pipe.schedule(17, 5)
    start = pipe.start(given, fusion, Generator().manual_seed(0))
    return list(pipe.denoise(given, fusion, Sampling(2), start))[-1].latents


def original_lora(pipe: HunyuanVideoAvatarPipeline, alpha: float) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A random LoRA by the original's names, and what it adds to each of the original's weights."""
    table, state = table_of(pipe.transformer), pipe.transformer.state_dict()
    generator = Generator().manual_seed(7)
    lora, added = {}, {}
    for layer in LAYERS:
        rows, columns = table[f"{layer}.weight"].pack(state).shape
        down = torch.randn(RANK, columns, generator=generator)
        up = torch.randn(rows, RANK, generator=generator)
        lora.update({f"{layer}.lora_A.weight": down, f"{layer}.lora_B.weight": up})
        added[layer] = up @ down * alpha / RANK
    return lora, added


def merged(pipe: HunyuanVideoAvatarPipeline, added: dict[str, Tensor]) -> None:
    """Add to our weights what the LoRA adds to the original's: what loading must amount to."""
    table, state = table_of(pipe.transformer), pipe.transformer.state_dict()
    for layer, change in added.items():
        official = table[f"{layer}.weight"]
        rows = [state[name].shape[0] for name in official.ours]
        for name, weight in official.unpack(official.pack(state) + change, rows).items():
            state[name].copy_(weight)


@pytest.mark.parametrize("alpha", [2.0, 5.0])
@pytest.mark.parametrize("spelling", ["A and B", "diffusion_model", "kohya"])
def test_the_originals_names_add_what_they_would_add_to_the_originals_weights(spelling: str, alpha: float) -> None:
    pipe, other = pipeline(), pipeline()
    lora, added = original_lora(pipe, alpha)
    if spelling != "A and B":
        prefix = "diffusion_model." if spelling == "diffusion_model" else "lora_unet_"
        named = {}
        for key, tensor in lora.items():
            layer, _, rest = key.rpartition(".lora_")
            layer = layer.replace(".", "_") if spelling == "kohya" else layer
            named[f"{prefix}{layer}.lora_{'down' if rest.startswith('A') else 'up'}.weight"] = tensor
        lora = named
    layers = {key.rpartition(".lora_")[0] for key in lora}
    lora.update({f"{layer}.alpha": torch.tensor(alpha) for layer in layers})
    pipe.load_lora_weights(lora, adapter_name="voice")
    merged(other, added)
    torch.testing.assert_close(run(pipe), run(other), rtol=1e-4, atol=1e-4)
    assert pipe.get_active_adapters() == ["voice"]
    pipe.unload_lora_weights()
    assert torch.equal(run(pipe), run(pipeline()))


@pytest.mark.parametrize("prefix", ["", "transformer.", "base_model.model."])
def test_our_names_load_with_any_prefix_and_the_alpha_of_their_header(prefix: str, tmp_path: Path) -> None:
    one, other = pipeline(), pipeline()
    layers = ["to_q", "to_out.0", "proj_mlp"]
    config = LoraConfig(r=2, lora_alpha=6, target_modules=layers, init_lora_weights=False)
    torch.manual_seed(3)
    one.transformer.add_adapter(config, "mine")
    one.transformer.save_lora_adapter(tmp_path, adapter_name="mine")
    (file,) = tmp_path.glob("*.safetensors")
    tensors = {prefix + name: tensor for name, tensor in read_lora(file).items() if not name.endswith("alpha")}
    header = {"lora_adapter_metadata": json.dumps({f"{prefix}r": 2, f"{prefix}lora_alpha": 6})}
    save_file(tensors, file, metadata=header)
    other.load_lora_weights(tmp_path)
    torch.testing.assert_close(run(other), run(one), rtol=1e-4, atol=1e-5)


def test_peft_s_own_folder_says_alpha_beside_the_weights(tmp_path: Path) -> None:
    pipe, plain = pipeline(), pipeline()
    lora, added = original_lora(pipe, alpha=8.0)
    save_file(lora, tmp_path / "adapter_model.safetensors")
    (tmp_path / "adapter_config.json").write_text(json.dumps({"r": 2, "lora_alpha": 8}))
    pipe.load_lora_weights(str(tmp_path))
    merged(plain, added)
    torch.testing.assert_close(run(pipe), run(plain), rtol=1e-4, atol=1e-4)


def test_a_second_one_loads_beside_the_first_and_each_has_its_weight() -> None:
    pipe, plain = pipeline(), pipeline()
    lora, added = original_lora(pipe, alpha=2.0)
    pipe.load_lora_weights(lora, adapter_name="a")
    pipe.load_lora_weights(lora, adapter_name="b")
    pipe.set_adapters(["a", "b"], [0.25, 0.5])
    merged(plain, {layer: change * 0.75 for layer, change in added.items()})
    torch.testing.assert_close(run(pipe), run(plain), rtol=1e-4, atol=1e-4)
    pipe.set_adapters(["a", "b"], [0.0, 0.0])
    torch.testing.assert_close(run(pipe), run(pipeline()), rtol=1e-4, atol=1e-5)


def test_fused_it_is_part_of_the_weights() -> None:
    pipe, plain = pipeline(), pipeline()
    lora, added = original_lora(pipe, alpha=2.0)
    pipe.load_lora_weights(lora)
    pipe.fuse_lora()
    pipe.unload_lora_weights()
    merged(plain, added)
    torch.testing.assert_close(run(pipe), run(plain), rtol=1e-4, atol=1e-4)


def test_all_that_does_not_fit_is_named_at_once() -> None:
    model = pipeline().transformer
    lora = {
        "double_blocks.9.img_attn_qkv.lora_A.weight": torch.zeros(2, 32),
        "transformer_blocks.0.attn.to_q.lora_A.weight": torch.zeros(2, 31),
        "transformer_blocks.0.attn.to_q.lora_B.weight": torch.zeros(32, 2),
        "transformer_blocks.0.attn.to_k.lora_A.weight": torch.zeros(2, 32),
        "transformer_blocks.0.attn.to_v.dora_scale": torch.zeros(2),
    }
    with pytest.raises(LoraError) as caught:
        diffusers_lora(lora, model)
    said = str(caught.value)
    for part in (
        "double_blocks.9.img_attn_qkv",
        "A (2, 31), B (32, 2); the layer is 32 to 32",
        "to_k has no B",
        "dora",
    ):
        assert part in said
    with pytest.raises(LoraError, match="it has no layer"):
        diffusers_lora({}, model)


def test_files_that_are_none_are_named(tmp_path: Path) -> None:
    with pytest.raises(LoraError, match="no such file; give a safetensors file or its folder"):
        read_lora(tmp_path / "gone.safetensors")
    (tmp_path / "a.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(LoraError, match="is no safetensors file"):
        read_lora(tmp_path)
    (tmp_path / "b.safetensors").write_bytes(b"")
    with pytest.raises(LoraError, match=r"2 safetensors files \(a.safetensors, b.safetensors\); name one"):
        read_lora(tmp_path)
