"""Audio emotion module: the expression of a reference picture enters the video tokens inside a speaker's mask.

Shapes: B batch, S speakers, T latent frames, Q reference pictures of a speaker, K tokens of a picture, E channels of a
token, L modules, A inner size, D hidden size, N image tokens, G groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from einops import rearrange
from torch import Tensor, nn

from model.avatar.face_tokens import TokenRows, add_rows, attend, rows_of


@dataclass(frozen=True, eq=False)
class EmotionContext:
    """Keys and values of every emotion module for every reference picture, and how much of each holds when.

    `weights` may blend several pictures at a latent frame, change along the film, and carry the strength; pictures of
    weight 0 are not computed.
    """

    keys: Tensor  # (L, B, S, Q, K, A)
    values: Tensor  # (L, B, S, Q, K, A)
    weights: Tensor  # (B, S, T, Q)

    def latents(self, index: Tensor | Sequence[int] | slice) -> EmotionContext:
        """The context of some latent frames: of a window, in its order."""
        if not isinstance(index, slice):
            index = torch.as_tensor(index, device=self.weights.device)
        return replace(self, weights=self.weights[:, :, index])

    def speakers(self, index: Sequence[int]) -> EmotionContext:
        """The context of some speakers, in this order."""
        some = list(index)
        return EmotionContext(self.keys[:, :, some], self.values[:, :, some], self.weights[:, some])

    def layer(self, index: int) -> EmotionContext:
        """The context of one module, still with its axis."""
        return replace(self, keys=self.keys[index : index + 1], values=self.values[index : index + 1])

    def rows(self, index: Sequence[int]) -> EmotionContext:
        """The context of some rows of the batch, in this order."""
        some = list(index)
        return EmotionContext(self.keys[:, some], self.values[:, some], self.weights[some])

    def scaled(self, strength: float) -> EmotionContext:
        """The same at another strength: 0 is off, 1 as trained."""
        return replace(self, weights=self.weights * strength)

    def to(self, *args: torch.device | str | torch.dtype | None, non_blocking: bool = False) -> EmotionContext:
        """On another device or in another type, as Tensor.to."""
        states = (self.keys, self.values, self.weights)
        return EmotionContext(*(t.to(*args, non_blocking=non_blocking) for t in states))  # type: ignore[arg-type,call-overload]

    def of_groups(self, layer: int, groups: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of the groups (G, 3) of (batch, speaker, picture): (G, K, A) twice."""
        where = groups.unbind(1)
        return self.keys[layer][where], self.values[layer][where]


class EmotionKeysValues(nn.Module):
    """FC, then keys and values of every emotion module (HunyuanVideo-Avatar Eq. 6, the reference's side).

    The tokens are patches of the picture's VAE latents (`picture_tokens`), or any description of E channels.
    """

    def __init__(self, channels: int, hidden_size: int, inner_dim: int, layers: int) -> None:
        super().__init__()
        self.channels = channels
        self.proj = nn.Linear(channels, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.to_kv = nn.ModuleList(nn.Linear(hidden_size, 2 * inner_dim, bias=False) for _ in range(layers))

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, Q, K, E) -> keys and values, each (L, B, S, Q, K, A)."""
        if tokens.ndim != 5 or tokens.shape[-1] != self.channels:
            raise ValueError(
                f"emotion has shape {tuple(tokens.shape)}; "
                f"it needs (batch, speakers, pictures, tokens, {self.channels})"
            )
        states = self.norm(self.proj(tokens))
        both = torch.stack([to_kv(states) for to_kv in self.to_kv])
        key, value = both.chunk(2, dim=-1)
        return key, value


class AudioEmotionModule(nn.Module):
    """`y += gamma_E sum_s sum_q w_sq CrossAttn(y, picture_sq) mask_s` (HunyuanVideo-Avatar Eq. 6), in double blocks.

    Spatial: a video token asks all tokens of the picture. gamma_E starts at zero, so that a checkpoint trained without
    the module is unchanged by it. The release has no such module.
    """

    def __init__(self, hidden_size: int, inner_dim: int, heads: int) -> None:
        super().__init__()
        if inner_dim % heads:
            raise ValueError(f"emotion_dim is {inner_dim}; it must be a multiple of emotion_heads, {heads}")
        self.heads = heads
        self.norm = nn.LayerNorm(hidden_size)
        self.to_q = nn.Linear(hidden_size, inner_dim, bias=False)
        self.to_out = nn.Linear(inner_dim, hidden_size)
        self.gamma = nn.Parameter(torch.zeros(1))

    def reset_parameters(self) -> None:
        """Switch the module off."""
        nn.init.zeros_(self.gamma)

    def forward(self, hidden_states: Tensor, key: Tensor, value: Tensor, rows: TokenRows) -> Tensor:
        """hidden_states (B, N, D) with the emotion added at `rows`; key, value (G, K, A). Writes into hidden_states."""
        if not len(rows.tokens):
            return hidden_states
        inside = rows_of(hidden_states, rows)
        out = self.to_out(attend(self.to_q(self.norm(inside)), key, value, rows, self.heads))
        return add_rows(hidden_states, self.gamma.to(out.dtype) * out, rows)


def picture_tokens(latents: Tensor, patch_size: int) -> Tensor:
    """VAE latents of emotion pictures as tokens: (..., C, h, w) -> (..., h w / p^2, C p^2)."""
    tokens: Tensor = rearrange(latents, "... c (y p) (x q) -> ... (y x) (c p q)", p=patch_size, q=patch_size)
    return tokens
