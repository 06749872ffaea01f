"""The bank of clips as latents: what the transformer is trained on. Encoded once per VAE, beside the shards.

Shapes: T latent frames, C channels, h x w cells, S faces, F = 4T-3 frames.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from model.tiny_vae import AutoencoderTinyCausal3D

from .bank import shards_of
from .vae_training import attention_map, to_pixels

Example = dict[str, Any]


@torch.no_grad()
def encode_clip(vae: AutoencoderTinyCausal3D, clip: Example) -> Example:
    """A clip of the bank with latents (halves) instead of pixels, and the weights of errors at every cell."""
    height, width = clip["reference"].shape[1:]
    with torch.autocast("cpu", torch.bfloat16):
        latents = vae.encode(to_pixels(clip["frames"])[None])[0]
        reference = vae.encode(rearrange(clip["reference"].float() / 127.5 - 1, "c h w -> 1 c 1 h w"))[0, :, 0]
        own = vae.encode(rearrange(clip["own"].float() / 127.5 - 1, "c h w -> 1 c 1 h w"))[0, :, 0]
        pictures = vae.encode(rearrange(clip["pictures"].float() / 127.5 - 1, "s c h w -> s c 1 h w"))[:, :, 0]
    weights = rearrange(attention_map(clip["faces"], height, width), "(h p) (w q) -> h w (p q)", p=8, q=8).mean(-1)
    kept = {k: v for k, v in clip.items() if k not in ("frames", "pictures", "reference", "own")}
    return kept | {
        "latents": latents.half(),
        "reference": reference.half(),
        "own": own.half(),
        "pictures": pictures.half(),
        "weights": weights.half(),
    }


def encode_bank(vae: AutoencoderTinyCausal3D, folder: Path, split: str, size: int, latents: int, keep: int = 0) -> int:
    """Encode the shards that have no latents yet; the frames of shards from number `keep` on are then deleted."""
    done = 0
    for number, path in enumerate(shards_of(folder, split, size, latents)):
        out = path.with_suffix(".latents")
        if not out.exists():
            clips = [encode_clip(vae, clip) for clip in torch.load(path, weights_only=True)]
            partial = out.with_suffix(".partial")
            torch.save(clips, partial)
            partial.replace(out)
            done += 1
        if keep and number >= keep:
            path.unlink()
    return done


def latents_of(folder: Path, split: str, size: int, latents: int) -> list[Path]:
    """The encoded shards there are now."""
    return sorted(folder.glob(f"{split}-{size}-{latents}-*.latents"))


def spread(clips: list[Example]) -> tuple[Tensor, float]:
    """Root mean square of latents minus reference, per channel (C,) inside masks, and the share of it elsewhere."""
    inside, outside, n_in, n_out = 0.0, 0.0, 0.0, 0.0
    for clip in clips:
        change = (clip["latents"].float() - clip["reference"].float()[:, None]).square().mean(1)
        mask = (clip["masks"].float().sum(0) > 0.5).float()
        inside, n_in = inside + (change * mask).sum((1, 2)), n_in + mask.sum()
        outside, n_out = outside + (change * (1 - mask)).sum((1, 2)), n_out + (1 - mask).sum()
    inner, outer = (inside / n_in).sqrt(), (outside / max(n_out, 1.0)).sqrt()
    return inner, float((outer / inner).mean())
