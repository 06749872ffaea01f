"""A block of the denoiser: CogVideoX's, with face and audio between self-attention and MLP.

Shapes: B batch, T latent frames, n tokens per frame, L text tokens, R reference tokens, D hidden size.
"""

from __future__ import annotations

from typing import Literal

import torch
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXBlock
from torch import Tensor

from model.hallo3.attention import (
    ContextKeys,
    FrameAdaptiveNorm,
    FrameCrossAttention,
    ReferenceAttnProcessor,
    Rotary,
    spatial_of,
)

AudioForm = Literal["cross_attention", "self_attention", "adaptive_norm"]
IdentityForm = Literal["both", "face_attention", "face_adaptive_norm", "reference"]
AUDIO_FORMS = ("cross_attention", "self_attention", "adaptive_norm")
IDENTITY_FORMS = ("both", "face_attention", "face_adaptive_norm", "reference")


class Hallo3Block(CogVideoXBlock):  # type: ignore[misc]
    """`audio` and `identity` choose how voice and face come in; the release is cross_attention and both."""

    def __init__(
        self, hidden: int, heads: int, head_dim: int, time_dim: int, face_dim: int, audio_dim: int,
        audio: AudioForm = "cross_attention", identity: IdentityForm = "both",
    ) -> None:  # fmt: skip
        super().__init__(hidden, heads, head_dim, time_dim, attention_bias=True)
        self.attn1.set_processor(ReferenceAttnProcessor())
        self.face: FrameCrossAttention | FrameAdaptiveNorm | None = None
        if identity in ("both", "face_attention"):
            self.face = FrameCrossAttention(hidden, face_dim, heads)
        elif identity == "face_adaptive_norm":
            self.face = FrameAdaptiveNorm(hidden, face_dim)
        self.audio: FrameCrossAttention | FrameAdaptiveNorm | None = None
        self.audio_keys = ContextKeys(hidden, audio_dim) if audio == "self_attention" else None
        if audio == "cross_attention":
            self.audio = FrameCrossAttention(hidden, audio_dim, heads)
        elif audio == "adaptive_norm":
            self.audio = FrameAdaptiveNorm(hidden, audio_dim)

    def forward(
        self,
        video: Tensor,
        text: Tensor,
        time: Tensor,
        rotary: Rotary | None,
        tokens: int,
        reference: Tensor | None,
        face: Tensor | None,
        audio: Tensor | None,
        audio_mask: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Video (B, T n, D) and text (B, L, D) one block on.

        Args:
            time: (B, E).
            rotary: table of all video tokens; None without rotary positions.
            tokens: n.
            reference: tokens of the reference network at this block, (1 or B, R, D).
            face: face tokens (B, K, C); None: no face.
            audio: audio tokens (B, T, K, C), or (B, S, T, K, C) with `audio_mask` (B, S, 1 or T, n).
        """
        seen = [] if reference is None else [reference]
        if self.audio_keys is not None and audio is not None:
            seen.append(self.audio_keys(audio))
        rows = video.shape[0]
        further = torch.cat([part.expand(rows, -1, -1) for part in seen], dim=1) if seen else None
        normed, normed_text, gate, text_gate = self.norm1(video, text, time)
        attended, attended_text = self.attn1(
            hidden_states=normed, encoder_hidden_states=normed_text, image_rotary_emb=rotary, reference=further
        )
        video, text = video + gate * attended, text + text_gate * attended_text
        spatial = self._spatial(video, rotary, tokens)
        if self.face is not None and face is not None:
            video = video + self.face(video, face.unsqueeze(1), self.attn1, spatial)
        if self.audio is not None and audio is not None:
            video = video + self.audio(video, audio, self.attn1, spatial, audio_mask)
        normed, normed_text, gate, text_gate = self.norm2(video, text, time)
        out = self.ff(torch.cat([normed_text, normed], dim=1))
        words = text.shape[1]
        return video + gate * out[:, words:], text + text_gate * out[:, :words]

    def _spatial(self, video: Tensor, rotary: Rotary | None, tokens: int) -> Rotary:
        """The table of one frame; without rotary positions one that turns nothing."""
        if rotary is not None:
            return spatial_of(rotary, tokens)
        size = (tokens, video.shape[-1] // self.attn1.heads)
        return video.new_ones(size), video.new_zeros(size)
