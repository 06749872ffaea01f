"""A small transformer and inputs for it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel

CONFIG: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "num_attention_heads": 2,
    "attention_head_dim": 16,
    "num_layers": 4,
    "num_single_layers": 2,
    "rope_axes_dim": (4, 6, 6),
    "text_embed_dim": 12,
    "pooled_projection_dim": 8,
    "audio_channels": 6,
    "audio_feature_layers": 2,
    "audio_intermediate_dim": 16,
    "audio_adapter_dim": 24,
    "emotion_channels": 16,
}


def transformer(seed: int = 0, **changes: Any) -> HunyuanVideoAvatarTransformer3DModel:
    """The small model with every weight random: none of its paths is switched off by a zero."""
    model = HunyuanVideoAvatarTransformer3DModel(**{**CONFIG, **changes}).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            scale = 0.3 if weight.ndim == 1 else weight[0].numel() ** -0.5
            weight.copy_(torch.randn(weight.shape, generator=generator) * scale)
    return model


def inputs(
    batch: int = 1, speakers: int = 2, frames: int = 3, height: int = 8, width: int = 8, seed: int = 1
) -> dict[str, Tensor]:
    """Random inputs; the speakers' masks are disjoint strips and change from frame to frame."""
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    mask = torch.zeros(batch, speakers, frames, height, width)
    strip = width // speakers
    for speaker in range(speakers):
        for frame in range(frames):
            mask[:, speaker, frame, : height // 2 + 2 * (frame % 2), speaker * strip : (speaker + 1) * strip] = 1.0
    return {
        "hidden_states": randn(batch, 4, frames, height, width),
        "timestep": torch.full((batch,), 700.0),
        "encoder_hidden_states": randn(batch, 7, 12),
        "encoder_attention_mask": torch.ones(batch, 7),
        "pooled_projections": randn(batch, 8),
        "ref_latents": randn(batch, 4, 1, height, width),
        "audio": randn(batch, speakers, 4 * frames - 3, 10, 2, 6),
        "face_mask": mask,
        "motion_exp": torch.full((batch, 4), 30.0),
        "motion_pose": torch.full((batch, 4), 25.0),
        "fps": torch.full((batch,), 25.0),
    }
