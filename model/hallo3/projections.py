"""Voice and face as context tokens of the denoiser: computed once, not at every step.

Shapes: B batch, F video frames, T latent frames, W x V x E audio features of a frame (5 frames around it, 12 states of
wav2vec2, 768 channels), K tokens, C context size.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn


class AudioProjection(nn.Module):
    """Audio windows of the video frames to the audio tokens of the latent frames: (B, F, W, V, E) -> (B, T, K, C).

    A three-layer MLP per frame, then two halvings in time by one and the same convolution. An odd number of frames
    keeps its first (49 -> 25 -> 13), as the video autoencoder does; an even one is halved whole.
    """

    def __init__(self, window: int, layers: int, channels: int, intermediate: int, tokens: int, context: int) -> None:
        super().__init__()
        self.features = (window, layers, channels)
        self.tokens = tokens
        self.linear_1 = nn.Linear(window * layers * channels, intermediate)
        self.linear_2 = nn.Linear(intermediate, intermediate)
        self.linear_3 = nn.Linear(intermediate, tokens * context)
        self.halving = nn.Conv1d(tokens * context, tokens * context, kernel_size=2, stride=2)
        self.norm = nn.LayerNorm(context)

    def forward(self, windows: Tensor) -> Tensor:
        if windows.ndim != 5 or tuple(windows.shape[2:]) != self.features:
            raise ValueError(
                f"audio windows have shape {tuple(windows.shape)}; they need (batch, frames, "
                f"{', '.join(map(str, self.features))}): frames around each, wav2vec2 states and their channels"
            )
        states = F.relu(self.linear_1(rearrange(windows, "b f w v e -> b f (w v e)")))
        states = self.linear_3(F.relu(self.linear_2(states)))
        states = rearrange(states, "b f c -> b c f")
        for _ in range(2):
            states = self._halved(states)
        tokens: Tensor = self.norm(rearrange(states, "b (k c) t -> b t k c", k=self.tokens))
        return tokens

    def _halved(self, states: Tensor) -> Tensor:
        frames = states.shape[2]
        if frames == 1:
            return states
        if frames % 2:
            return torch.cat([states[:, :, :1], self.halving(states[:, :, 1:])], dim=2)
        halved: Tensor = self.halving(states)
        return halved


class FaceProjection(nn.Module):
    """A face's embedding to its tokens: (B, embedding) -> (B, K, C)."""

    def __init__(self, embedding: int, tokens: int, context: int) -> None:
        super().__init__()
        self.tokens = tokens
        self.proj = nn.Linear(embedding, tokens * context)
        self.norm = nn.LayerNorm(context)

    def forward(self, embedding: Tensor) -> Tensor:
        tokens: Tensor = self.norm(rearrange(self.proj(embedding), "b (k c) -> b k c", k=self.tokens))
        return tokens
