"""What both networks of Hallo3 begin with: latents and text as tokens, with their positions, and the time.

Shapes: B batch, T latent frames, C channels, h x w latent size, n = (h / p)(w / p) tokens per frame, L text tokens, D
hidden size, E size of the time embedding.
"""

from __future__ import annotations

from functools import cache

import torch
from diffusers.models.embeddings import TimestepEmbedding, Timesteps, get_3d_rotary_pos_embed
from einops import rearrange
from torch import Tensor, nn

ROPE_THETA = 10_000
UNUSED_POSITIONS = 64


@cache
def rotary_table(frames: int, rows: int, columns: int, head_dim: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the 3D rotary embedding, (frames * rows * columns, head_dim), frame after frame.

    A quarter of a head turns with time, three eighths each with row and column. The first rows * columns are the
    spatial code at time 0, by which the queries of the cross-attentions are turned in every frame.
    """
    grid = (rows, columns)
    with torch.device("cpu"):  # kept for all callers: also when the first of them counts on the meta device
        cosines, sines = get_3d_rotary_pos_embed(head_dim, ((0, 0), grid), grid, frames, theta=ROPE_THETA)
    return cosines, sines


class TokenEmbedding(nn.Module):
    """CogVideoX's patches, text projection, learned positions and time embedding, under one roof.

    `positions` is cut from the front: a network that sees one frame uses the rows of the first. `unused_positions`
    is a table that the release carries and never reads; it is here so that a checkpoint goes through unchanged.
    """

    def __init__(
        self, in_channels: int, patch: int, hidden: int, text_dim: int, time_dim: int, text_tokens: int, tokens: int,
        learned_positions: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.text_tokens = text_tokens
        self.proj = nn.Conv2d(in_channels, hidden, patch, stride=patch)
        self.text_proj = nn.Linear(text_dim, hidden)
        self.positions = nn.Parameter(torch.zeros(1, text_tokens + tokens, hidden)) if learned_positions else None
        self.unused_positions = nn.Parameter(torch.zeros(UNUSED_POSITIONS, hidden))
        self.time_proj = Timesteps(hidden, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.time_embedding = TimestepEmbedding(hidden, time_dim, "silu")

    def forward(self, latents: Tensor, text: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Latents (B, T, C, h, w), text (B, L, W), timestep (B,) -> video (B, T n, D), text (B, L, D), time (B, E)."""
        frames = latents.shape[1]
        video = rearrange(
            self.proj(rearrange(latents, "b t c h w -> (b t) c h w")), "(b t) d h w -> b (t h w) d", t=frames
        )
        words = self.text_proj(text)
        if self.positions is not None:
            if self.text_tokens + video.shape[1] > self.positions.shape[1] or words.shape[1] > self.text_tokens:
                raise ValueError(
                    f"{words.shape[1]} text and {video.shape[1]} video tokens are more than the learned positions "
                    f"({self.text_tokens} and {self.positions.shape[1] - self.text_tokens})"
                )
            words = words + self.positions[:, : words.shape[1]]
            video = video + self.positions[:, self.text_tokens : self.text_tokens + video.shape[1]]
        time = self.time_embedding(self.time_proj(timestep).to(latents.dtype))
        return video, words, time
