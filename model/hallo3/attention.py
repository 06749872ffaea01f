"""Attention of Hallo3: self-attention with a reference's tokens as further keys, and cross-attention frame by frame.

Shapes: B batch, T latent frames, n tokens per frame, L text tokens, R reference tokens, K context tokens, D hidden
size, C context size, S speakers.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.embeddings import apply_rotary_emb
from einops import rearrange, reduce
from torch import Tensor, nn

Rotary = tuple[Tensor, Tensor]  # cosines and sines, (tokens, head size)


def rotated(states: Tensor, rotary: Rotary) -> Tensor:
    """States (B, heads, tokens, head size), turned by their positions."""
    turned: Tensor = apply_rotary_emb(states, rotary)
    return turned


class ReferenceAttnProcessor:
    """CogVideoX's joint self-attention of text and video, which may also look at `reference` (B, R, D).

    The reference's tokens go through the keys and values alone and are not rotated: what the release throws away,
    queries at the reference's places, is not computed.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: None = None,  # diffusers passes one; nothing is masked here
        image_rotary_emb: Rotary | None = None,
        reference: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        words = encoder_hidden_states.shape[1]
        asking = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        seen = asking if reference is None else torch.cat([asking, reference.expand(asking.shape[0], -1, -1)], dim=1)
        heads = "b n (d c) -> b d n c"
        query = attn.norm_q(rearrange(attn.to_q(asking), heads, d=attn.heads))
        key = attn.norm_k(rearrange(attn.to_k(seen), heads, d=attn.heads))
        value = rearrange(attn.to_v(seen), heads, d=attn.heads)
        if image_rotary_emb is not None:
            end = asking.shape[1]
            query = torch.cat([query[:, :, :words], rotated(query[:, :, words:], image_rotary_emb)], dim=2)
            video = rotated(key[:, :, words:end], image_rotary_emb)
            key = torch.cat([key[:, :, :words], video, key[:, :, end:]], dim=2)
        out = F.scaled_dot_product_attention(query, key, value)
        out = attn.to_out[0](rearrange(out, "b d n c -> b n (d c)"))
        return out[:, words:], out[:, :words]


class FrameCrossAttention(nn.Module):
    """Video tokens of each latent frame ask that frame's context: a face's tokens, or a voice's.

    Queries and keys go through the LayerNorms of the block's own self-attention, and queries are turned by their place
    in the frame (time 0 for every frame), as released. Nothing is gated: the result is added.
    """

    def __init__(self, hidden: int, context: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(hidden, eps=1e-5)
        self.to_q = nn.Linear(hidden, hidden)
        self.to_kv = nn.Linear(context, 2 * hidden)
        self.to_out = nn.Linear(hidden, hidden)

    def forward(
        self, video: Tensor, context: Tensor, attn: Any, spatial: Rotary | None, mask: Tensor | None = None
    ) -> Tensor:
        """What is added to `video` (B, T n, D).

        Args:
            context: (B, 1 or T, K, C), or (B, S, 1 or T, K, C) of several speakers.
            attn: the block's self-attention, whose norms are shared.
            spatial: rotary table of one frame, (n, head size).
            mask: (B, S, 1 or T, n), how much of each speaker reaches a token; None: all of the only speaker.
        """
        several = context if context.ndim == 5 else rearrange(context, "b t k c -> b 1 t k c")
        tokens = video.shape[1] if spatial is None else spatial[0].shape[0]
        frames = video.shape[1] // tokens
        query = rearrange(self.to_q(self.norm(video)), "b (t n) (d c) -> (b t) d n c", t=frames, d=self.heads)
        query = attn.norm_q(query)
        if spatial is not None:
            query = rotated(query, spatial)
        total: Tensor | None = None
        for number, one in enumerate(several.unbind(1)):
            one = one.expand(-1, frames, -1, -1)
            key, value = rearrange(self.to_kv(one), "b t k (two d c) -> two (b t) d k c", two=2, d=self.heads)
            out = F.scaled_dot_product_attention(query, attn.norm_k(key), value)
            out = self.to_out(rearrange(out, "(b t) d n c -> b (t n) (d c)", t=frames))
            if mask is not None:
                weights = mask[:, number].expand(-1, frames, -1)
                out = out * rearrange(weights, "b t n -> b (t n) 1").to(out.dtype)
            total = out if total is None else total + out
        assert total is not None
        return total


class FrameAdaptiveNorm(nn.Module):
    """Context as scale and shift of the normalised tokens of its frame: the paper's other way in, for face and audio.

    Starts as nothing (zeros). Takes what FrameCrossAttention takes.
    """

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden, eps=1e-5)
        self.to_scale_shift = nn.Linear(context, 2 * hidden)
        nn.init.zeros_(self.to_scale_shift.weight)
        nn.init.zeros_(self.to_scale_shift.bias)

    def forward(
        self, video: Tensor, context: Tensor, attn: Any, spatial: Rotary | None, mask: Tensor | None = None
    ) -> Tensor:
        several = context if context.ndim == 5 else rearrange(context, "b t k c -> b 1 t k c")
        tokens = video.shape[1] if spatial is None else spatial[0].shape[0]
        frames = video.shape[1] // tokens
        normed = rearrange(self.norm(video), "b (t n) d -> b t n d", t=frames)
        total = torch.zeros_like(normed)
        for number, one in enumerate(several.unbind(1)):
            scale, shift = rearrange(
                self.to_scale_shift(reduce(one, "b t k c -> b t c", "mean")), "b t (two d) -> two b t 1 d", two=2
            )
            weights = 1 if mask is None else rearrange(mask[:, number], "b t n -> b t n 1").to(normed.dtype)
            total = total + weights * (normed * scale + shift)
        added: Tensor = rearrange(total, "b t n d -> b (t n) d")
        return added


class ContextKeys(nn.Module):
    """Audio as further keys and values of self-attention: the paper's third way in. (B, T, K, C) to (B, T K, D)."""

    def __init__(self, hidden: int, context: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(context)
        self.proj = nn.Linear(context, hidden)

    def forward(self, context: Tensor) -> Tensor:
        keys: Tensor = self.proj(self.norm(rearrange(context, "b t k c -> b (t k) c")))
        return keys


def spatial_of(rotary: Rotary, tokens: int) -> Rotary:
    """The part of a rotary table that is the first frame's: places in a frame, at time 0."""
    return rotary[0][:tokens], rotary[1][:tokens]
