"""The conditioning vector: time, pooled text, guidance, expression, pose and frame rate.

Shapes: B batch, D hidden size, M motion values.
"""

from __future__ import annotations

import math

import torch
from diffusers.models.embeddings import TimestepEmbedding
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoConditionEmbedding
from einops import rearrange
from torch import Tensor, nn


class SinusoidalWaves(nn.Module):
    """cos then sin of `value * 10000^(-k / half)`: diffusers' Timesteps(channels, flip_sin_to_cos=True, 0).

    The frequencies are exponentials rounded once from double precision. float32 exp differs in its last bit between
    processors, and guidance values in the thousands turn that bit into errors of 1e-5 of the whole output.
    """

    def __init__(self, channels: int = 256) -> None:
        super().__init__()
        self.pairs = channels // 2

    def forward(self, values: Tensor) -> Tensor:
        """(B,) -> (B, channels), float32."""
        exponents = -math.log(10000) * torch.arange(self.pairs, dtype=torch.float32, device=values.device) / self.pairs
        angles = torch.outer(values.float(), exponents.double().exp().float())
        return torch.cat([angles.cos(), angles.sin()], dim=-1)


class AvatarConditionEmbedding(HunyuanVideoConditionEmbedding):  # type: ignore[misc]
    """HunyuanVideo's time, text and guidance embedding plus expression, pose and frame rate, all summed.

    Each of the M motion values is embedded to D / M channels, and these are joined: their order matters.
    """

    def __init__(
        self, hidden_size: int, pooled_projection_dim: int, guidance_embeds: bool, motion_values: int, fps_embeds: bool
    ) -> None:
        super().__init__(hidden_size, pooled_projection_dim, guidance_embeds)
        if motion_values and hidden_size % motion_values:
            raise ValueError(f"motion_values is {motion_values}; it must be 0 or divide the hidden size, {hidden_size}")
        self.time_proj = SinusoidalWaves(256)
        self.motion_exp = TimestepEmbedding(256, hidden_size // motion_values) if motion_values else None
        self.motion_pose = TimestepEmbedding(256, hidden_size // motion_values) if motion_values else None
        self.fps = TimestepEmbedding(256, hidden_size) if fps_embeds else None

    def forward(
        self,
        timestep: Tensor,
        pooled_projections: Tensor,
        guidance: Tensor | None,
        motion_exp: Tensor | None,
        motion_pose: Tensor | None,
        fps: Tensor | None,
    ) -> Tensor:
        """(B,), (B, pooled), (B,), (B, M), (B, M), (B,) -> (B, D)."""
        if self.guidance_embedder is not None and guidance is None:
            raise ValueError("guidance is missing; this model is conditioned on it (guidance_embeds)")
        total: Tensor = super().forward(timestep, pooled_projections, guidance)[0]
        for name, values, embed in (
            ("motion_exp", motion_exp, self.motion_exp),
            ("motion_pose", motion_pose, self.motion_pose),
            ("fps", fps, self.fps),
        ):
            if embed is None:
                continue
            if values is None:
                raise ValueError(f"{name} is missing; this model is conditioned on it (30, 25 and 25 in the release)")
            waves = self.time_proj(values.flatten()).to(pooled_projections.dtype)
            total = total + rearrange(embed(waves), "(b m) d -> b (m d)", b=total.shape[0])
        return total
