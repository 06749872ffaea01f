"""Character image injection: how the reference picture enters the video tokens.

Shapes: B batch, C latent channels, T latent frames, h x w latent size, n tokens per frame, D hidden size.
"""

from __future__ import annotations

from typing import Literal

import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoPatchEmbed
from einops import rearrange
from torch import Tensor, nn

InjectionMode = Literal["released", "token", "token_channel", "token_add"]
INJECTION_MODES: tuple[InjectionMode, ...] = ("released", "token", "token_channel", "token_add")


class CharacterImageInjection(nn.Module):
    """Reference tokens in front of video tokens that may carry the reference themselves.

    K_v is the video's patch embedding, K_r the reference's, r the reference latents, x the noisy ones, `|` along
    the sequence. HunyuanVideo-Avatar figure 3 compares the last three; the release does the first.

    ===============  ====================================  ==========================================
    mode             reference tokens                      video tokens
    ===============  ====================================  ==========================================
    released         K_v(r[0])                             K_v(x) + FC(K_r(r))
    token            K_v(r[0])                             K_v(x)
    token_channel    K_v(r[0], r[0]) along channels        K_v(x, r) along channels
    token_add        FC(K_r(r[0]))                         K_v(x) + K_r(r)     (Eq. 1)
    ===============  ====================================  ==========================================

    The papers put the reference tokens after the video; attention does not see the difference, because a token's
    place is its rotary position. They are always first here.
    """

    def __init__(self, mode: InjectionMode, patch_size: int, in_channels: int, hidden_size: int) -> None:
        super().__init__()
        if mode not in INJECTION_MODES:
            raise ValueError(f"injection is {mode!r}; it is one of {', '.join(INJECTION_MODES)}")
        self.mode = mode
        patch = (1, patch_size, patch_size)
        self.video_embedder = HunyuanVideoPatchEmbed(
            patch, 2 * in_channels if mode == "token_channel" else in_channels, hidden_size
        )
        self.reference_embedder: nn.Module | None = None
        self.reference_proj: nn.Linear | None = None
        if mode in ("released", "token_add"):
            self.reference_embedder = HunyuanVideoPatchEmbed(patch, in_channels, hidden_size)
            self.reference_proj = nn.Linear(hidden_size, hidden_size)

    def forward(self, latents: Tensor, reference: Tensor) -> Tensor:
        """(B, C, T, h, w) and (B, C, T or 1, h, w) -> (B, (1 + T) * n, D), reference tokens first."""
        frames = latents.shape[2]
        if reference.shape[2] not in (1, frames) or reference.shape[-2:] != latents.shape[-2:]:
            raise ValueError(
                f"ref_latents has shape {tuple(reference.shape)}; for latents of shape {tuple(latents.shape)} it "
                f"needs the same height and width, and 1 or {frames} frames"
            )
        first = reference[:, :, :1]
        if self.mode == "token":
            return torch.cat([self.video_embedder(first), self.video_embedder(latents)], dim=1)
        if self.mode == "token_channel":
            video = torch.cat([latents, reference.expand_as(latents)], dim=1)
            return torch.cat([self.video_embedder(torch.cat([first, first], dim=1)), self.video_embedder(video)], dim=1)

        assert self.reference_embedder is not None and self.reference_proj is not None
        carried = self.reference_embedder(reference)
        if self.mode == "released":
            carried, tokens = self.reference_proj(carried), self.video_embedder(first)
        else:
            tokens = self.reference_proj(carried[:, : carried.shape[1] // reference.shape[2]])
        # A single reference frame is embedded once and added to every frame.
        carried = rearrange(carried, "b (t n) d -> b t n d", t=reference.shape[2])
        video = rearrange(self.video_embedder(latents), "b (t n) d -> b t n d", t=frames) + carried
        return torch.cat([tokens, rearrange(video, "b t n d -> b (t n) d")], dim=1)
