"""The transformer as a citizen of diffusers: saving, adapters, memory options, block caches, context parallelism."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import FirstBlockCacheConfig
from diffusers.hooks import apply_group_offloading
from diffusers.models.attention_processor import AttentionProcessor
from peft import LoraConfig
from small_transformer import CONFIG, inputs, transformer
from torch import Tensor

from model.avatar.audio_adapter import FaceAwareAudioAdapter
from model.avatar.emotion import AudioEmotionModule
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel


def run(model: HunyuanVideoAvatarTransformer3DModel, given: dict[str, Any], **changes: Any) -> Tensor:
    with torch.no_grad():
        sample: Tensor = model(**{**given, **changes}).sample
    return sample


def test_saved_in_shards_and_loaded_is_the_same(tmp_path: Path) -> None:
    model, given = transformer(emotion_layers=(1, 2)), inputs()
    model.save_pretrained(tmp_path, max_shard_size="100KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    back = HunyuanVideoAvatarTransformer3DModel.from_pretrained(tmp_path)
    saved, loaded = model.state_dict(), back.state_dict()
    assert saved.keys() == loaded.keys()
    assert all(torch.equal(weight, loaded[name]) for name, weight in saved.items())
    # Not to the last bit: weights mapped from a file lie at other addresses, for which some CPUs' libraries sum apart.
    torch.testing.assert_close(run(back, given), run(model, given), rtol=1e-5, atol=1e-5)
    half = HunyuanVideoAvatarTransformer3DModel.from_pretrained(tmp_path, torch_dtype=torch.bfloat16)
    assert half.dtype == torch.bfloat16


def test_bf16_on_cpu_is_close_to_fp32() -> None:
    model, given = transformer(emotion_layers=None), inputs()
    emotion = torch.randn(1, 2, 1, 5, 16)
    exact = run(model, given, emotion=emotion)
    half = {name: tensor.bfloat16() for name, tensor in {**given, "emotion": emotion}.items()}
    rounded = run(model.bfloat16(), half)
    assert rounded.dtype == torch.bfloat16
    assert (rounded.float() - exact).norm() < 0.05 * exact.norm()


def test_lora_adds_scales_and_goes(tmp_path: Path) -> None:
    model, given = transformer(), inputs()
    plain = run(model, given)
    layers = ["to_q", "to_k", "to_v", "to_out.0"]
    model.add_adapter(LoraConfig(r=2, lora_alpha=2, target_modules=layers, init_lora_weights=False), "voice")
    adapted = run(model, given)
    assert not torch.allclose(plain, adapted)
    assert isinstance(model.transformer_blocks[1].audio_adapter.to_q.base_layer, torch.nn.Linear)
    assert torch.equal(run(model, given, attention_kwargs={"scale": 0.0}), plain)
    model.save_lora_adapter(tmp_path, adapter_name="voice")
    other = transformer()
    other.load_lora_adapter(tmp_path, prefix=None, weight_name="pytorch_lora_weights.safetensors")
    torch.testing.assert_close(run(other, given), adapted)
    model.disable_adapters()
    assert torch.equal(run(model, given), plain)


def test_layerwise_casting_stores_eight_bits_and_computes_in_the_given_type() -> None:
    model, given = transformer(emotion_layers=None), inputs()
    exact = run(model, given)
    model.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=torch.float32)
    assert model.transformer_blocks[1].audio_adapter.to_q.weight.dtype == torch.float8_e4m3fn
    assert model.image_injection.video_embedder.proj.weight.dtype == torch.float32
    cast = run(model, given)
    assert 0 < (cast - exact).norm() < 0.3 * exact.norm()


@pytest.mark.parametrize("offload", ["block_level", "leaf_level"])
def test_group_offload_gives_the_same_output_before_and_inside_forward(offload: str) -> None:
    model, given = transformer(emotion_layers=None), inputs()
    emotion = torch.randn(1, 2, 1, 5, 16)
    expected = run(model, given, emotion=emotion)
    apply_group_offloading(
        model, torch.device("cpu"), torch.device("cpu"), offload_type=offload, num_blocks_per_group=1
    )
    assert torch.equal(run(model, given, emotion=emotion), expected)
    with torch.no_grad():
        frozen = {"audio": model.encode_audio(given["audio"]), "emotion": model.encode_emotion(emotion)}
    assert torch.equal(run(model, given, **frozen), expected)


def test_gradient_checkpointing_gives_the_same_gradients() -> None:
    given, grads = inputs(), []
    for checkpointing in (False, True):
        model = transformer(emotion_layers=None).train()
        if checkpointing:
            model.enable_gradient_checkpointing()
        model(**given, emotion=torch.ones(1, 2, 1, 5, 16)).sample.square().mean().backward()
        grads.append({name: weight.grad for name, weight in model.named_parameters()})
    # The MLP of the last double block's text and the like reach the output through the single blocks: all have one.
    assert all(grad is not None for grad in grads[0].values())
    for name, grad in grads[0].items():
        torch.testing.assert_close(grads[1][name], grad, rtol=1e-4, atol=1e-6)


def test_first_block_cache_skips_the_modules_inside_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    model, given = transformer(emotion_layers=None), inputs()
    given["emotion"] = torch.randn(1, 2, 1, 5, 16)
    calls: list[str] = []
    for kind in (FaceAwareAudioAdapter, AudioEmotionModule):
        forward = kind.forward
        monkeypatch.setattr(
            kind, "forward", lambda *args, f=forward, name=kind.__name__: (calls.append(name), f(*args))[1]
        )
    model.enable_cache(FirstBlockCacheConfig(threshold=1e9))
    with model.cache_context("one"):
        first = run(model, given)
        assert calls.count("FaceAwareAudioAdapter") == 2
        assert calls.count("AudioEmotionModule") == 4
        calls.clear()
        again = run(model, given)
    assert calls == ["AudioEmotionModule"]  # of the first block, which always runs and has no adapter
    torch.testing.assert_close(first, again, rtol=0, atol=1e-4)
    model.disable_cache()
    assert torch.equal(run(model, given), first)


def test_attention_backends_and_processors_can_be_set() -> None:
    model, given = transformer(), inputs()
    expected = run(model, given)
    model.set_attention_backend("_native_math")
    torch.testing.assert_close(run(model, given), expected, rtol=0, atol=1e-5)
    processors: dict[str, AttentionProcessor] = model.attn_processors
    assert sum("transformer_blocks" in name for name in processors) == 6


@pytest.mark.slow
def test_compiled_blocks_give_the_same_output() -> None:
    model, given = transformer(emotion_layers=(1,)), inputs()
    given["emotion"] = torch.ones(1, 2, 1, 5, 16)
    expected = run(model, given)
    model.compile_repeated_blocks(backend="eager")  # traced as for a GPU, without its code generator
    torch.testing.assert_close(run(model, given), expected, rtol=0, atol=1e-5)
    torch.compiler.reset()


def test_blocks_are_declared_for_compiling_splitting_and_parallel_contexts() -> None:
    model = transformer()
    names = {type(module).__name__ for module in model.modules()}
    assert set(model._repeated_blocks) <= names
    assert set(model._no_split_modules) <= names
    for path in model._cp_plan:
        model.get_submodule(path)
    assert CONFIG["num_layers"] == len(model.transformer_blocks)
