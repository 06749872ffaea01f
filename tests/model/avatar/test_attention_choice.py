"""Attention kernels by name, fused projections, compiled blocks: the same numbers, or a sentence that says why not."""

from __future__ import annotations

import pytest
import torch
from shot import WINDOW, conditions, pipeline
from small_transformer import inputs, transformer
from torch import Generator, Tensor

from model.attention_names import BACKENDS
from model.avatar.attention_choice import choose_attention
from model.avatar.guidance import CacheSchedule, Guidance, Sampling
from model.scaled_linear import store_in_eight_bits

SHORT = Sampling(6, Guidance(text_steps=2), CacheSchedule(first=2, every=2, until=4))


@torch.no_grad()
def test_fused_projections_give_the_same_and_hold_nothing_twice() -> None:
    model, given = transformer(), inputs()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    expected = model(**given).sample
    model.fuse_qkv_projections()
    attn = model.single_transformer_blocks[0].attn
    torch.testing.assert_close(model(**given).sample, expected, rtol=0, atol=1e-6)
    attn.to_qkv.weight[:] = 0
    assert not torch.allclose(model(**given).sample, expected), "the fused layer is what computes"
    assert attn.to_k.weight.abs().max() == 0, "and the three are views of it"
    model = transformer()
    model.fuse_qkv_projections()
    model.unfuse_qkv_projections()
    assert torch.equal(model(**given).sample, expected)
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_layers_in_eight_bits_are_not_fused() -> None:
    model = transformer()
    store_in_eight_bits(model.single_transformer_blocks, torch.float32)
    with pytest.raises(ValueError, match="cannot be fused: a layer of them is in 8 bits"):
        model.fuse_qkv_projections()


@pytest.mark.parametrize("name", sorted(BACKENDS))
def test_a_kernel_runs_or_is_refused_in_a_sentence(name: str) -> None:
    model, given = transformer(), inputs()
    with torch.no_grad():
        expected = model(**given).sample
    try:
        choose_attention(model, name)
    except ValueError as error:
        assert str(error).startswith(f"attention {name!r} cannot be used here: ")
        assert "\n" not in str(error)
        return
    assert name in ("native", "flex")
    if name == "native":
        with torch.no_grad():
            torch.testing.assert_close(model(**given).sample, expected, rtol=1e-4, atol=1e-4)


def test_an_unknown_kernel_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="attention is 'fast'; it is one of native, cudnn"):
        choose_attention(transformer(), "fast")


@pytest.mark.slow
def test_compiled_blocks_serve_whole_shots_without_breaks_and_without_compiling_per_window() -> None:
    from torch._dynamo.testing import CompileCounter

    pipe, counter = pipeline(), CompileCounter()

    def film(frames: int) -> Tensor:
        given, fusion = conditions(frames), pipe.schedule(frames, WINDOW)
        start = pipe.start(given, fusion, Generator().manual_seed(0))
        return list(pipe.denoise(given, fusion, SHORT, start))[-1].latents

    exact = film(41), film(81)
    pipe.transformer.compile_repeated_blocks(backend=counter, fullgraph=True)
    assert torch.equal(film(41), exact[0])
    compiled = counter.frame_count
    assert compiled <= 16  # three kinds of blocks, batches of equal and of unequal text, sizes known and free
    assert torch.equal(film(41), exact[0]) and torch.equal(film(81), exact[1])
    assert counter.frame_count <= compiled + 2, "other windows need no other code"
    torch.compiler.reset()
