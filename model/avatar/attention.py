"""Joint attention of image and text tokens, over the valid text alone.

Shapes: B batch, N image tokens, L text tokens, H heads, A channels per head, D = H * A.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import apply_rotary_emb
from einops import rearrange
from torch import Tensor

from model.avatar.sparse_attention import Sparsity, sparse_attention

Rotary = tuple[Tensor, Tensor]


def rotate(states: Tensor, rotary: Rotary, count: int) -> Tensor:
    """Rotate the first `count` tokens of (B, N, H, A) by cos, sin (count, A) in float32; the rest stay."""
    if torch.compiler.is_compiling():  # the compiler fuses this form and cannot fuse complex numbers
        return torch.cat([apply_rotary_emb(states[:, :count], rotary, sequence_dim=1), states[:, count:]], dim=1)
    cos, sin = rotary
    turn = torch.complex(cos[:, None, ::2].contiguous(), sin[:, None, ::2].contiguous())
    pairs = torch.view_as_complex(rearrange(states[:, :count].float(), "b n h (a z) -> b n h a z", z=2))
    turned = torch.view_as_real(pairs * turn).flatten(-2).to(states.dtype)
    return turned if count == states.shape[1] else torch.cat([turned, states[:, count:]], dim=1)


def by_tokens(part: Callable[[slice], Tensor], count: int, chunk: int | None) -> Tensor:
    """`part` of all tokens (dimension 1), made `chunk` of them at a time: what lies between takes less memory."""
    if chunk is None or count <= chunk or torch.is_grad_enabled():
        return part(slice(0, count))
    whole: Tensor | None = None
    for first in range(0, count, chunk):
        tokens = slice(first, min(first + chunk, count))
        made = part(tokens)
        if whole is None:
            whole = made.new_empty(made.shape[0], count, *made.shape[2:])
        whole[:, tokens] = made
    assert whole is not None
    return whole


def projected(attn: Attention, names: tuple[str, str, str], fused: str, states: Tensor) -> tuple[Tensor, ...]:
    """Queries, keys and values (B, N, H, A) of (B, N, D), by three layers or the one they are fused to."""
    if getattr(attn, "fused_projections", False):
        parts = getattr(attn, fused)(states).chunk(3, dim=-1)
    else:
        parts = tuple(getattr(attn, name)(states) for name in names)
    return tuple(rearrange(part, "b n (h a) -> b n h a", h=attn.heads) for part in parts)


class ValidTextAttnProcessor:
    """HunyuanVideo's joint attention with the text's padding cut off instead of masked.

    Equal to attention under a boolean mask over the keys, for every valid token; but without a mask any attention
    backend can be used, and none of them computes the padding. `attention_mask` is None when all text is valid, else
    the number of valid text tokens of each row of the batch; then rows are attended one after another.

    Single blocks give image and text joined, as `hidden_states`; the rotary tables tell how many are the image's.
    `chunk`: image tokens that are projected at once where no gradients are wanted; None: all. `sparse`: which blocks of
    tokens are attended to; None: all.
    """

    _attention_backend: Any = None
    _parallel_config: Any = None
    takes_joined = True
    chunk: int | None = None
    sparse: Sparsity | None = None

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: tuple[int, ...] | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> tuple[Tensor, Tensor]:
        if attention_mask is not None and self._parallel_config is not None:
            raise ValueError(
                f"the rows of the batch have {attention_mask} valid text tokens; under context parallelism they must "
                "have equally many (run the rows one after another)"
            )
        image = hidden_states.shape[1]
        if encoder_hidden_states is not None and attn.add_q_proj is None:
            hidden_states, encoder_hidden_states = torch.cat([hidden_states, encoder_hidden_states], dim=1), None
        elif encoder_hidden_states is None:
            assert image_rotary_emb is not None
            image = image_rotary_emb[0].shape[0]
        states = self._states(attn, hidden_states, encoder_hidden_states, image_rotary_emb)
        out = self._attend(*states, image, attention_mask).flatten(2, 3).to(hidden_states.dtype)
        del states  # what follows is as large
        hidden_states, encoder_hidden_states = out[:, :image], out[:, image:]
        if getattr(attn, "to_out", None) is not None:
            hidden_states = attn.to_out[0](hidden_states)
        if getattr(attn, "to_add_out", None) is not None:
            encoder_hidden_states = attn.to_add_out(encoder_hidden_states)
        return hidden_states, encoder_hidden_states

    def _states(
        self, attn: Attention, image: Tensor, text: Tensor | None, rotary: Rotary | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Normed and rotated queries, keys and values (B, N + L, H, A); text in double blocks by its own weights."""
        turned = 0 if rotary is None else rotary[0].shape[0]

        def of_image(tokens: slice) -> tuple[Tensor, ...]:
            query, key, value = projected(attn, ("to_q", "to_k", "to_v"), "to_qkv", image[:, tokens])
            query, key = attn.norm_q(query), attn.norm_k(key)
            if rotary is not None and tokens.start < turned:
                here = (rotary[0][tokens], rotary[1][tokens])
                query, key = (rotate(states, here, here[0].shape[0]) for states in (query, key))
            return query, key, value

        if text is None:
            return _filled(of_image, image.shape[1], self.chunk, ())
        names = ("add_q_proj", "add_k_proj", "add_v_proj")
        query, key, value = projected(attn, names, "to_added_qkv", text)
        added = (attn.norm_added_q(query), attn.norm_added_k(key), value)
        return _filled(of_image, image.shape[1], self.chunk, added)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor, image: int, valid: tuple[int, ...] | None) -> Tensor:
        """Every query to all keys, or in each row to the image's and the valid ones of the text's."""
        if self.sparse is not None:
            return _sparse(query, key, value, image, valid, self.sparse)
        how = {"backend": self._attention_backend, "parallel_config": self._parallel_config}
        if valid is None:
            whole: Tensor = dispatch_attention_fn(query, key, value, **how)
            return whole
        rows = [
            dispatch_attention_fn(query[b : b + 1], key[b : b + 1, : image + n], value[b : b + 1, : image + n], **how)
            for b, n in enumerate(valid)
        ]
        return torch.cat(rows)


def _sparse(
    query: Tensor, key: Tensor, value: Tensor, image: int, valid: tuple[int, ...] | None, how: Sparsity
) -> Tensor:
    """The same to the blocks that matter; what lies behind a row's valid text is zeros."""
    if valid is None:
        return sparse_attention(query, key, value, how)
    rows = torch.zeros_like(query)
    for b, n in enumerate(valid):
        mine = slice(b, b + 1), slice(image + n)
        rows[mine] = sparse_attention(query[mine], key[mine], value[mine], how)
    return rows


def _filled(
    part: Callable[[slice], tuple[Tensor, ...]], count: int, chunk: int | None, behind: tuple[Tensor, ...]
) -> tuple[Tensor, Tensor, Tensor]:
    """Three tensors of `count` tokens made in chunks, with `behind` after them."""
    if chunk is None or count <= chunk or torch.is_grad_enabled():
        query, key, value = part(slice(0, count))
        if behind:
            query, key, value = (torch.cat(pair, dim=1) for pair in zip((query, key, value), behind, strict=True))
        return query, key, value
    whole: list[Tensor] = []
    for first in range(0, count, chunk):
        tokens = slice(first, min(first + chunk, count))
        made = part(tokens)
        if not whole:
            total = count + (behind[0].shape[1] if behind else 0)
            whole = [states.new_empty(states.shape[0], total, *states.shape[2:]) for states in made]
        for states, mine in zip(whole, made, strict=True):
            states[:, tokens] = mine
    for states, mine in zip(whole, behind, strict=False):
        states[:, count:] = mine
    query, key, value = whole
    return query, key, value
