"""Attention to the blocks of tokens that matter, in Jenga's manner (arXiv 2505.16864): opt-in, exact at density 1.

Shapes: B rows, H heads, A channels per head, S tokens of a row in all, V video tokens, K blocks of tokens.

Video tokens are put in an order in which neighbours in time and space stay together, and cut into blocks. How much two
blocks have to do with each other is judged by the means of their queries and keys; each block of queries then attends
to the blocks that score highest, to itself and to its neighbours in the order. The reference picture and the text,
which come last, are attended to by all and attend to all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

BLOCK = 128  # tokens of a block, as the kernels have them
DENSITY = 0.25  # of the blocks of video that each block of queries attends to


@dataclass(frozen=True, eq=False)
class Sparsity:
    """How the image tokens of a window are ordered, and which share of their blocks is attended to."""

    order: Tensor  # (S of the image,): video tokens along the curve, then the reference's
    back: Tensor  # its inverse
    video: int  # V
    density: float = DENSITY
    block: int = BLOCK


def sparsity(
    grid: tuple[int, int, int], device: torch.device, density: float = DENSITY, block: int = BLOCK
) -> Sparsity:
    """Of a window of `grid` (latent frames, rows, columns) whose image tokens begin with those of the reference.

    The curve is Morton's: the bits of time, row and column in turn.
    """
    if not 0 < density <= 1:
        raise ValueError(f"density is {density}; it must be in 0 < density <= 1")
    frames, rows, columns = grid
    places = torch.stack(torch.meshgrid(*map(torch.arange, grid), indexing="ij"), dim=-1).flatten(0, 2)
    bits = max(grid).bit_length()
    code = torch.zeros(len(places), dtype=torch.long)
    for bit in range(bits):
        for axis in range(3):
            code |= (places[:, axis] >> bit & 1) << (3 * bit + 2 - axis)
    reference = rows * columns
    order = torch.cat([reference + code.argsort(), torch.arange(reference)]).to(device)
    return Sparsity(order, order.argsort(), frames * reference, density, block)


def sparse_attention(query: Tensor, key: Tensor, value: Tensor, how: Sparsity) -> Tensor:
    """(B, S, H, A) each, image tokens first in their usual order, then text -> (B, S, H, A)."""
    image = len(how.order)
    query, key, value = (
        rearrange(torch.cat([states[:, how.order], states[:, image:]], dim=1), "b s h a -> b h s a")
        for states in (query, key, value)
    )
    chosen = chosen_blocks(query, key, how)
    if query.device.type == "cuda":
        out = _flex()(query, key, value, block_mask=block_mask(chosen, query.shape[2], how.block))
    else:  # where there is no kernel for it, the same by a mask over tokens
        out = scaled_dot_product_attention(query, key, value, attn_mask=_by_tokens(chosen, query.shape[2], how.block))
    out = rearrange(out, "b h s a -> b s h a")
    return torch.cat([out[:, how.back], out[:, image:]], dim=1)


def set_sparsity(transformer: Any, how: Sparsity | None) -> None:
    """From the next forward on its blocks attend like this; None: to all."""
    if how is not None and transformer._parallel_config is not None:
        raise ValueError("sparse attention needs all tokens of a window in one process; leave context parallelism out")
    for block in (*transformer.transformer_blocks, *transformer.single_transformer_blocks):
        block.attn.processor.sparse = how


@contextmanager
def dense_again(transformers: Sequence[Any]) -> Iterator[None]:
    """After it the transformers attend to all."""
    try:
        yield
    finally:
        for transformer in transformers:
            set_sparsity(transformer, None)


def chosen_blocks(query: Tensor, key: Tensor, how: Sparsity) -> Tensor:
    """Which blocks of queries attend to which of keys: (B, H, K, K), of ordered (B, H, S, A)."""
    whole = how.video // how.block  # blocks of nothing but video; the others are not left out
    total = -(-query.shape[2] // how.block)
    chosen = torch.ones(*query.shape[:2], total, total, dtype=torch.bool, device=query.device)
    count = math.ceil(how.density * whole)
    if whole == 0 or count == whole:
        return chosen
    means = [
        rearrange(states[:, :, : whole * how.block], "b h (k n) a -> b h k n a", n=how.block).float().mean(dim=3)
        for states in (query, key)
    ]
    scores = means[0] @ means[1].transpose(-1, -2)
    near = torch.arange(whole, device=query.device)
    near = (near[:, None] - near[None]).abs() <= 1
    best = scores.masked_fill(near, torch.inf).topk(max(count, min(3, whole)), dim=-1).indices
    chosen[:, :, :whole, :whole] = False
    chosen[:, :, :whole, :whole].scatter_(3, best, True)
    return chosen


def block_mask(chosen: Tensor, tokens: int, block: int) -> Any:
    """Chosen blocks as flex_attention takes them: every one whole, none looked at token by token."""
    from torch.nn.attention.flex_attention import BlockMask

    numbers = chosen.sum(dim=-1, dtype=torch.int32)
    indices = chosen.to(torch.int8).argsort(dim=-1, descending=True, stable=True).to(torch.int32)

    def mask(row: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return chosen[row, head, query // block, key // block]

    return BlockMask.from_kv_blocks(
        torch.zeros_like(numbers), torch.zeros_like(indices), numbers, indices, block, mask, (tokens, tokens)
    )


@cache
def _flex() -> Any:
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)


def _by_tokens(chosen: Tensor, tokens: int, block: int) -> Tensor:
    whole = chosen.repeat_interleave(block, dim=2).repeat_interleave(block, dim=3)
    return whole[:, :, :tokens, :tokens]
