"""The blocks of HunyuanVideo with little in memory at once, and the face-aware modules inside the double ones.

Inside, so that caches which skip blocks (FirstBlockCache, MagCache, …) skip the modules too.

Shapes: B batch, N image tokens (reference first), L text tokens, D hidden size.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry
from diffusers.models.transformers.transformer_hunyuan_video import (
    HunyuanVideoSingleTransformerBlock,
    HunyuanVideoTransformerBlock,
)
from torch import Tensor

from model.avatar.attention import by_tokens
from model.avatar.audio_adapter import FaceAwareAudioAdapter
from model.avatar.emotion import AudioEmotionModule
from model.avatar.face_conditions import FaceConditions


class AvatarTransformerBlock(HunyuanVideoTransformerBlock):  # type: ignore[misc]
    """Double-stream block, then the audio adapter, then the emotion module, where this layer has them.

    `chunk`: tokens that go through the MLP at once where no gradients are wanted; None: all.
    """

    chunk: int | None = None

    def __init__(
        self,
        num_attention_heads: int,
        attention_head_dim: int,
        mlp_ratio: float,
        qk_norm: str,
        audio_adapter: FaceAwareAudioAdapter | None,
        emotion_module: AudioEmotionModule | None,
    ) -> None:
        super().__init__(num_attention_heads, attention_head_dim, mlp_ratio=mlp_ratio, qk_norm=qk_norm)
        self.audio_adapter = audio_adapter
        self.emotion_module = emotion_module

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        temb: Tensor,
        attention_mask: Any = None,
        freqs_cis: tuple[Tensor, Tensor] | None = None,
        faces: FaceConditions | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, D), (B, L, D), (B, D) -> the same two streams; attention_mask as ValidTextAttnProcessor.

        `faces` is of this layer (FaceConditions.of_layer).
        """
        image, text = hidden_states, encoder_hidden_states
        normed, gate, *mlp = self.norm1(image, emb=temb)
        normed_text, text_gate, *text_mlp = self.norm1_context(text, emb=temb)
        attended, attended_text = self.attn(
            hidden_states=normed,
            encoder_hidden_states=normed_text,
            attention_mask=attention_mask,
            image_rotary_emb=freqs_cis,
        )
        del normed
        image = image + attended * gate.unsqueeze(1)
        text = text + attended_text * text_gate.unsqueeze(1)
        del attended
        image = self._mlp(image, self.norm2, self.ff, *mlp)
        text = self._mlp(text, self.norm2_context, self.ff_context, *text_mlp)
        return (image if faces is None else self._faces(image, faces)), text

    def _mlp(self, states: Tensor, norm: Any, ff: Any, shift: Tensor, scale: Tensor, gate: Tensor) -> Tensor:
        """`states + gate * ff(modulated states)`, a chunk of tokens at a time."""

        def part(tokens: slice) -> Tensor:
            mine = states[:, tokens]
            out: Tensor = mine + gate.unsqueeze(1) * ff(norm(mine) * (1 + scale[:, None]) + shift[:, None])
            return out

        return by_tokens(part, states.shape[1], self.chunk)

    def _faces(self, image: Tensor, faces: FaceConditions) -> Tensor:
        if self.audio_adapter is not None and faces.audio is not None and faces.audio_rows is not None:
            key, value = faces.audio.of_groups(0, faces.audio_rows.groups)
            image = self.audio_adapter(image, key, value, faces.audio_rows)
        if self.emotion_module is not None and faces.emotion is not None and faces.emotion_rows is not None:
            key, value = faces.emotion.of_groups(0, faces.emotion_rows.groups)
            image = self.emotion_module(image, key, value, faces.emotion_rows)
        return image


class AvatarSingleTransformerBlock(HunyuanVideoSingleTransformerBlock):  # type: ignore[misc]
    """Single-stream block: the MLP after attention and a chunk of tokens at a time, so that both are not there at once.

    `chunk`: tokens that go through the MLP at once where no gradients are wanted; None: all.
    """

    chunk: int | None = None

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        temb: Tensor,
        attention_mask: Any = None,
        image_rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, D), (B, L, D), (B, D) -> the same two streams; attention_mask as ValidTextAttnProcessor."""
        image = hidden_states.shape[1]
        states = torch.cat([hidden_states, encoder_hidden_states], dim=1)
        normed, gate = self.norm(states, emb=temb)
        joined = {"hidden_states": normed}
        if image_rotary_emb is None or not getattr(self.attn.processor, "takes_joined", False):
            joined = {"hidden_states": normed[:, :image], "encoder_hidden_states": normed[:, image:]}
        attended = torch.cat(
            self.attn(**joined, attention_mask=attention_mask, image_rotary_emb=image_rotary_emb), dim=1
        )

        def part(tokens: slice) -> Tensor:
            mlp = self.act_mlp(self.proj_mlp(normed[:, tokens]))
            out: Tensor = gate.unsqueeze(1) * self.proj_out(torch.cat([attended[:, tokens], mlp], dim=2))
            return out + states[:, tokens]

        out = by_tokens(part, states.shape[1], self.chunk)
        return out[:, :image], out[:, image:]


for kind in (AvatarTransformerBlock, AvatarSingleTransformerBlock):
    TransformerBlockRegistry.register(
        kind, TransformerBlockMetadata(return_hidden_states_index=0, return_encoder_hidden_states_index=1)
    )
