"""Face-aware audio adapter: every speaker's voice enters the video tokens inside their own face mask.

The half that does not depend on the denoising step (features -> context tokens -> keys and values) runs once per
render and gives an `AudioContext`; the half inside the transformer blocks only asks it.

Shapes: B batch, S speakers, T latent frames, F video frames = 4T - 3, W feature rows per frame (10), V feature layers
(5), E feature channels (384), k context tokens per frame, K = 4k keys per latent frame, L adapters, A adapter size,
D hidden size, N image tokens, R rows, G groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from model.avatar.face_tokens import TokenRows, add_rows, attend, rows_of

AudioForm = Literal["released", "paper"]


@dataclass(frozen=True, eq=False)
class AudioContext:
    """Keys and values of every adapter for every video frame of a film, free of the denoising step.

    `pad` frames before the first are copies of it, so that the first latent frame, which decodes to one video frame,
    has a full group of `frames_per_latent`.
    """

    keys: Tensor  # (L, B, S, F, k, A)
    values: Tensor  # (L, B, S, F, k, A)
    frames_per_latent: int
    pad: int

    def frames(self, index: Tensor | Sequence[int] | slice) -> AudioContext:
        """The context of some video frames: of a window, in its order, repeats allowed."""
        if not isinstance(index, slice):
            index = torch.as_tensor(index, device=self.keys.device)
        return replace(self, keys=self.keys[:, :, :, index], values=self.values[:, :, :, index])

    def speakers(self, index: Sequence[int]) -> AudioContext:
        """The context of some speakers, in this order."""
        return replace(self, keys=self.keys[:, :, list(index)], values=self.values[:, :, list(index)])

    def layer(self, index: int) -> AudioContext:
        """The context of one adapter, still with its axis."""
        return replace(self, keys=self.keys[index : index + 1], values=self.values[index : index + 1])

    def rows(self, index: Sequence[int]) -> AudioContext:
        """The context of some rows of the batch, in this order: (0, 1, 0, 1) for two windows of a guided step."""
        return replace(self, keys=self.keys[:, list(index)], values=self.values[:, list(index)])

    def to(self, *args: torch.device | str | torch.dtype | None, non_blocking: bool = False) -> AudioContext:
        """On another device or in another type, as Tensor.to."""
        return replace(
            self,
            keys=self.keys.to(*args, non_blocking=non_blocking),  # type: ignore[arg-type,call-overload]
            values=self.values.to(*args, non_blocking=non_blocking),  # type: ignore[arg-type,call-overload]
        )

    @property
    def latent_frames(self) -> int:
        """T of F = frames_per_latent * T - pad frames."""
        frames = self.keys.shape[3] + self.pad
        if frames % self.frames_per_latent:
            raise ValueError(
                f"the audio has {self.keys.shape[3]} video frames; "
                f"T latent frames need {self.frames_per_latent} T - {self.pad}"
            )
        return frames // self.frames_per_latent

    def of_groups(self, layer: int, groups: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values that the groups (G, 3) of (batch, speaker, latent frame) attend to: (G, K, A) twice."""
        batch, speaker, latent = groups.unbind(1)
        within = torch.arange(self.frames_per_latent, device=groups.device) - self.pad
        frames = (latent.unsqueeze(1) * self.frames_per_latent + within).clamp(min=0)
        _, _, speakers, count, _, _ = self.keys.shape
        where = ((batch * speakers + speaker).unsqueeze(1) * count + frames).flatten()
        key, value = (
            rearrange(states[layer].flatten(0, 2).index_select(0, where), "(g f) k a -> g (f k) a", f=len(within))
            for states in (self.keys, self.values)
        )
        return key, value


class AudioProjection(nn.Module):
    """Audio features of a video frame -> its context tokens.

    released: the whole window, rows x layers x channels, through a three-layer ReLU MLP to `tokens` tokens (4 per
    frame, 16 per latent frame). paper: each of the rows on its own through the same MLP to one token (10 per frame, 40
    per latent frame, HunyuanVideo-Avatar Eq. 4).
    """

    def __init__(
        self, form: AudioForm, rows: int, layers: int, channels: int, intermediate: int, tokens: int, hidden_size: int
    ) -> None:
        super().__init__()
        if form not in ("released", "paper"):
            raise ValueError(f"audio_form is {form!r}; it is released or paper")
        self.form = form
        self.features = (rows, layers, channels)
        self.tokens = rows if form == "paper" else tokens
        per_call = layers * channels if form == "paper" else rows * layers * channels
        self.linear_1 = nn.Linear(per_call, intermediate)
        self.linear_2 = nn.Linear(intermediate, intermediate)
        self.linear_3 = nn.Linear(intermediate, hidden_size if form == "paper" else tokens * hidden_size)
        self.norm = nn.LayerNorm(hidden_size)

    def forward(self, prompts: Tensor) -> Tensor:
        """(B, S, F, W, V, E) -> (B, S, F, k, D)."""
        if prompts.ndim != 6 or tuple(prompts.shape[3:]) != self.features:
            raise ValueError(
                f"audio has shape {tuple(prompts.shape)}; it needs (batch, speakers, frames, "
                f"{', '.join(map(str, self.features))}): rows, layers and channels of the features of each frame"
            )
        pattern = "b s f w v e -> b s f w (v e)" if self.form == "paper" else "b s f w v e -> b s f (w v e)"
        states = F.relu(self.linear_1(rearrange(prompts, pattern)))
        states = self.linear_3(F.relu(self.linear_2(states)))
        if self.form == "released":
            states = rearrange(states, "b s f (k d) -> b s f k d", k=self.tokens)
        tokens: Tensor = self.norm(states)
        return tokens


class AudioKeysValues(nn.Module):
    """Keys and values of one adapter. Beside the blocks, not in them: needed before the first denoising step."""

    def __init__(self, hidden_size: int, inner_dim: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden_size)
        self.to_kv = nn.Linear(hidden_size, 2 * inner_dim, bias=False)

    def forward(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """(..., D) -> (..., A) twice."""
        key, value = self.to_kv(self.norm(context)).chunk(2, dim=-1)
        return key, value


class FaceAwareAudioAdapter(nn.Module):
    """Masked cross-attention of video tokens to the audio of each speaker (HunyuanVideo-Avatar Eq. 5).

    `y += sum_s alpha_s CrossAttn(y, audio_s) mask_s`: each latent frame asks its own K keys. Computed on tokens inside
    masks alone, which equals computing all of them. alpha and the mask are the weights of the rows. The output
    projection starts at zero; the release has one head of 1024 channels.
    """

    def __init__(self, hidden_size: int, inner_dim: int, heads: int) -> None:
        super().__init__()
        if inner_dim % heads:
            raise ValueError(f"audio_adapter_dim is {inner_dim}; it must be a multiple of audio_adapter_heads, {heads}")
        self.heads = heads
        self.norm = nn.LayerNorm(hidden_size)
        self.to_q = nn.Linear(hidden_size, inner_dim, bias=False)
        self.to_out = nn.Linear(inner_dim, hidden_size, bias=False)
        nn.init.zeros_(self.to_out.weight)

    def forward(self, hidden_states: Tensor, key: Tensor, value: Tensor, rows: TokenRows) -> Tensor:
        """hidden_states (B, N, D) with audio added at `rows`; key, value (G, K, A). Writes into hidden_states."""
        if not len(rows.tokens):
            return hidden_states
        inside = rows_of(hidden_states, rows)
        query = self.to_q(self.norm(inside))
        return add_rows(hidden_states, self.to_out(attend(query, key, value, rows, self.heads)), rows)
