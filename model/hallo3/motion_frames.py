"""What a clip starts from: the portrait and the last frames before it, as condition latents.

Shapes: n motion frames, H x W pixels, T latent frames, C channels, h x w latent cells.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from einops import rearrange, repeat
from torch import Tensor

DROPPED = 0.1  # share of the motion frames' pixels that are hidden, when rendering too

MotionForm = Literal["released", "paper"]
MOTION_FORMS = ("released", "paper")


def pixel_mask(draw: Tensor) -> Tensor:
    """Which pixels of the motion frames stay, from a uniform draw (H, W): compared in bfloat16, as released."""
    return draw.to(torch.bfloat16) > DROPPED


def condition_frames(portrait: Tensor, motion: Tensor | None, mask: Tensor, count: int) -> Tensor:
    """The portrait and the motion frames as one short clip, (1, 3, 1 + n, H, W) in -1 … 1.

    Args:
        portrait: (1, 3, H, W) in -1 … 1; never masked.
        motion: the last frames of the clip before, (1, 3, n, H, W) in -1 … 1; None: the portrait, `count` times.
        mask: (H, W) of booleans; what is hidden becomes 0, grey.
    """
    if motion is None:
        motion = repeat(portrait, "1 c h w -> 1 c n h w", n=count)
    masked = motion * rearrange(mask.to(motion), "h w -> 1 1 1 h w")
    return torch.cat([rearrange(portrait, "1 c h w -> 1 c 1 h w"), masked], dim=2)


def encoded_frames(frames: Tensor, form: MotionForm, encode: Callable[[Tensor], Tensor]) -> Tensor:
    """Latents (1, C, k, h, w) of the short clip (1, 3, 1 + n, H, W).

    released: the clip as one, so that with n = 2 one latent mixes all three frames. paper: every frame by itself.
    """
    if form not in MOTION_FORMS:
        raise ValueError(f"the form of motion frames is {form!r}; it is {' or '.join(MOTION_FORMS)}")
    pieces = [frames] if form == "released" else [frames[:, :, n : n + 1] for n in range(frames.shape[2])]
    return torch.cat([encode(piece) for piece in pieces], dim=2)


def condition_latents(encoded: Tensor, latents: int) -> Tensor:
    """Latents of the short clip (1, C, k, h, w), and zeros after them: (1, T, C, h, w)."""
    known = rearrange(encoded, "b c t h w -> b t c h w")
    after = known.new_zeros(known.shape[0], latents - known.shape[1], *known.shape[2:])
    return torch.cat([known, after], dim=1)
