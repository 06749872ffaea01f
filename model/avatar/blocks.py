"""The double-stream block of HunyuanVideo with the face-aware modules inside it.

Inside, so that caches which skip blocks (FirstBlockCache, MagCache, …) skip the modules too.

Shapes: B batch, N image tokens (reference first), L text tokens, D hidden size.
"""

from __future__ import annotations

from typing import Any

from diffusers.hooks._helpers import TransformerBlockMetadata, TransformerBlockRegistry
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTransformerBlock
from torch import Tensor

from model.avatar.audio_adapter import FaceAwareAudioAdapter
from model.avatar.emotion import AudioEmotionModule
from model.avatar.face_conditions import FaceConditions


class AvatarTransformerBlock(HunyuanVideoTransformerBlock):  # type: ignore[misc]
    """Double-stream block, then the audio adapter, then the emotion module, where this layer has them.

    `audio_index` and `emotion_index` are the modules' places among all of their kind: which keys and values are theirs.
    """

    def __init__(
        self,
        num_attention_heads: int,
        attention_head_dim: int,
        mlp_ratio: float,
        qk_norm: str,
        audio_adapter: FaceAwareAudioAdapter | None,
        emotion_module: AudioEmotionModule | None,
        audio_index: int,
        emotion_index: int,
    ) -> None:
        super().__init__(num_attention_heads, attention_head_dim, mlp_ratio=mlp_ratio, qk_norm=qk_norm)
        self.audio_adapter, self.audio_index = audio_adapter, audio_index
        self.emotion_module, self.emotion_index = emotion_module, emotion_index

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        temb: Tensor,
        attention_mask: Any = None,
        freqs_cis: tuple[Tensor, Tensor] | None = None,
        faces: FaceConditions | None = None,
    ) -> tuple[Tensor, Tensor]:
        """(B, N, D), (B, L, D), (B, D) -> the same two streams; attention_mask as ValidTextAttnProcessor."""
        hidden_states, encoder_hidden_states = super().forward(
            hidden_states, encoder_hidden_states, temb, attention_mask, freqs_cis
        )
        if faces is None:
            return hidden_states, encoder_hidden_states
        if self.audio_adapter is not None and faces.audio is not None and faces.audio_rows is not None:
            key, value = faces.audio.of_groups(self.audio_index, faces.audio_rows.groups)
            hidden_states = self.audio_adapter(hidden_states, key, value, faces.audio_rows)
        if self.emotion_module is not None and faces.emotion is not None and faces.emotion_rows is not None:
            key, value = faces.emotion.of_groups(self.emotion_index, faces.emotion_rows.groups)
            hidden_states = self.emotion_module(hidden_states, key, value, faces.emotion_rows)
        return hidden_states, encoder_hidden_states


TransformerBlockRegistry.register(
    AvatarTransformerBlock,
    TransformerBlockMetadata(return_hidden_states_index=0, return_encoder_hidden_states_index=1),
)
