"""Attention to the blocks that matter: exact at density 1, nearer the more blocks there are."""

from __future__ import annotations

import pytest
import torch
from einops import rearrange
from shot import WINDOW, conditions, pipeline
from torch import Generator, Tensor
from torch.nn.functional import scaled_dot_product_attention

from model.avatar import sparse_attention as sparse
from model.avatar.guidance import Guidance, Sampling
from model.avatar.sparse_attention import Sparsity, block_mask, chosen_blocks, set_sparsity, sparse_attention, sparsity

GRID, TEXT = (5, 6, 10), 7  # frames, rows, columns: 300 tokens of video, 60 of the reference
CPU = torch.device("cpu")


def tokens(seed: int) -> list[Tensor]:
    """Queries, keys and values that change slowly over time and space, as those of a film do."""
    generator = Generator().manual_seed(seed)
    frames, rows, columns = GRID
    coarse = torch.randn(6, 8, 3, 3, 3, generator=generator)
    fine = torch.nn.functional.interpolate(coarse, (frames + 1, rows, columns), mode="trilinear")
    image = rearrange(fine, "(s h) a t y x -> s (t y x) h a", s=3)
    text = torch.randn(3, TEXT, 2, 8, generator=generator)
    return [states.unsqueeze(0) * 2 for states in torch.cat([image, text], dim=1)]


def dense(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    heads_first = (rearrange(states, "b s h a -> b h s a") for states in (query, key, value))
    return rearrange(scaled_dot_product_attention(*heads_first), "b h s a -> b s h a")


def error(density: float, block: int = 16) -> float:
    exact, how = dense(*tokens(0)), sparsity(GRID, CPU, density, block)
    return float((sparse_attention(*tokens(0), how) - exact).norm() / exact.norm())


def test_density_1_is_exact() -> None:
    assert error(1.0) < 1e-6


def test_the_more_blocks_the_nearer() -> None:
    errors = [error(density) for density in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert errors == sorted(errors, reverse=True) and 0.0 < errors[1] < 0.3


def test_blocks_that_score_are_better_than_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = error(0.4)

    def any_blocks(query: Tensor, key: Tensor, how: Sparsity) -> Tensor:
        return chosen_blocks(torch.randn(query.shape), torch.randn(key.shape), how)

    monkeypatch.setattr(sparse, "chosen_blocks", any_blocks)
    assert chosen < 0.8 * error(0.4)


def test_the_order_keeps_neighbours_together_and_comes_back() -> None:
    how = sparsity(GRID, CPU)
    assert torch.equal(how.order[how.back], torch.arange(len(how.order))) and how.video == 300
    assert set(how.order[300:].tolist()) == set(range(60)), "the reference comes last"
    frames, rows, columns = GRID

    def spread(order: Tensor) -> float:
        place = torch.stack([order // (rows * columns), order // columns % rows, order % columns])
        return float(torch.stack([block.float().std(dim=1).norm() for block in place.split(16, dim=1)]).mean())

    assert frames == 5 and spread(how.order[:300]) < 0.8 * spread(torch.arange(60, 360))


@pytest.mark.parametrize("density", [0.3, 1.0])
def test_as_many_blocks_as_asked_and_all_see_reference_and_text(density: float) -> None:
    how = sparsity(GRID, CPU, density, 16)
    query, key, _ = (rearrange(states, "b s h a -> b h s a") for states in tokens(1))
    chosen = chosen_blocks(query, key, how)
    whole, total = 300 // 16, -(-367 // 16)
    assert chosen.shape == (1, 2, total, total)
    assert set(chosen[:, :, :whole, :whole].sum(dim=-1).flatten().tolist()) == {max(3, -(-density * whole // 1))}
    assert chosen[:, :, :, whole:].all() and chosen[:, :, whole:].all()
    assert chosen.diagonal(dim1=2, dim2=3).all()


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
def test_the_kernels_mask_says_the_same() -> None:
    """On a processor flex_attention works by the mask's function; its lists of blocks must say the same."""
    from torch.nn.attention.flex_attention import flex_attention

    how = sparsity(GRID, CPU, 0.4, 16)
    query, key, value = (rearrange(states, "b s h a -> b h s a") for states in tokens(2))
    chosen = chosen_blocks(query, key, how)
    mask = block_mask(chosen, query.shape[2], 16)
    by_tokens = sparse._by_tokens(chosen, query.shape[2], 16)
    made = flex_attention(query, key, value, block_mask=mask)
    assert torch.allclose(made, scaled_dot_product_attention(query, key, value, attn_mask=by_tokens), atol=1e-5)
    assert torch.equal(mask.to_dense().bool(), chosen)


def film(*fast: str, density: float = 1.0) -> Tensor:
    pipe, made = PIPE, conditions(41)
    fusion = pipe.schedule(41, WINDOW)
    sampling = Sampling(6, Guidance(text_steps=2), None, fast=fast)
    return list(pipe.denoise(made, fusion, sampling, pipe.start(made, fusion, Generator().manual_seed(0))))[-1].latents


PIPE = pipeline()


@pytest.mark.parametrize("density", [1.0, 0.25])
def test_a_film_is_exact_at_density_1_and_near_below(density: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse.sparsity, "__defaults__", (density, 4))
    exact, made = film(), film("sparse")
    difference = float((made - exact).norm() / exact.norm())
    assert difference < 1e-5 if density == 1 else 1e-4 < difference < 0.5
    processors = {block.attn.processor.sparse for block in PIPE.transformer.transformer_blocks}
    assert processors == {None}, "the transformer attends to all again"


def test_context_parallelism_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PIPE.transformer, "_parallel_config", object())
    with pytest.raises(ValueError, match="all tokens of a window in one process"):
        set_sparsity(PIPE.transformer, sparsity(GRID, CPU))
    set_sparsity(PIPE.transformer, None)


@pytest.mark.parametrize("density", [0.0, 1.5])
def test_a_wrong_density_is_refused(density: float) -> None:
    with pytest.raises(ValueError, match="0 < density <= 1"):
        sparsity(GRID, CPU, density)
