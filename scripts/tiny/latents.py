"""The bank of clips as latents: what the transformer is trained on. Encoded once per VAE, beside the shards.

Shapes: T latent frames, C channels, h x w cells, S faces, F = 4T-3 frames.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from einops import rearrange
from torch import Tensor

from model.tiny.vae import AutoencoderTinyMotion

from .bank import shards_of
from .vae_training import attention_map, to_pixels

Example = dict[str, Any]


TOGETHER = 2**22  # pixels of frames encoded at once


@torch.no_grad()
def encode_clips(vae: AutoencoderTinyMotion, clips: list[Example]) -> list[Example]:
    """Clips of the bank, all of one size, with latents (halves) instead of pixels, and the weights of cells' errors.

    `latents` move the reference picture, `own_latents` the one that has the clip's expression already.
    """
    pixels = clips[0]["frames"][:, 0].numel()
    size = max(1, TOGETHER // pixels)
    return [made for i in range(0, len(clips), size) for made in _encoded(vae, clips[i : i + size])]


def _encoded(vae: AutoencoderTinyMotion, clips: list[Example]) -> list[Example]:
    frames = torch.stack([to_pixels(clip["frames"]) for clip in clips])
    out = []
    with torch.autocast("cpu", torch.bfloat16):
        moved = {
            name: vae.encode(frames, torch.stack([clip[name] for clip in clips]).float() / 127.5 - 1).half()
            for name in ("reference", "own")
        }
    for number, clip in enumerate(clips):
        kept = {k: v for k, v in clip.items() if k not in ("frames", "pictures", "reference", "own")}
        weights = attention_map(clip["faces"], *clip["reference"].shape[1:])
        stills = {name: vae.encode_still(_batched(clip[name]))[0].half() for name in ("reference", "own")}
        out.append(
            kept
            | stills
            | {
                # Clones: a view would be saved with the whole batch behind it.
                "latents": moved["reference"][number].clone(),
                "own_latents": moved["own"][number].clone(),
                "pictures": vae.encode_still(clip["pictures"].float() / 127.5 - 1).half(),
                "weights": rearrange(weights, "(h p) (w q) -> h w (p q)", p=8, q=8).mean(-1).half(),
            }
        )
    return out


def _batched(picture: Tensor) -> Tensor:
    return picture[None].float() / 127.5 - 1


def encode_bank(vae: AutoencoderTinyMotion, folder: Path, split: str, size: int, latents: int, workers: int) -> int:
    """Encode the shards that have no latents yet, by threads; how many."""
    todo = [path for path in shards_of(folder, split, size, latents) if not path.with_suffix(".latents").exists()]

    def encode(path: Path) -> None:
        clips = encode_clips(vae, torch.load(path, weights_only=True))
        partial = path.with_suffix(".partial")
        torch.save(clips, partial)
        partial.replace(path.with_suffix(".latents"))

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(encode, todo))
    return len(todo)


def latents_of(folder: Path, split: str, size: int, latents: int) -> list[Path]:
    """The encoded shards there are now."""
    return sorted(folder.glob(f"{split}-{size}-{latents}-*.latents"))


def spread(clips: list[Example]) -> tuple[float, float]:
    """Root mean square of latents inside masks, and the share of it elsewhere."""
    inside, outside = torch.zeros(2), torch.zeros(2)  # sums of squares, cells
    for clip in clips:
        moved: Tensor = clip["latents"].float().square().mean((0, 1))
        mask = (clip["masks"].float().sum(0) > 0.5).float()
        inside += torch.stack([(moved * mask).sum(), mask.sum()])
        outside += torch.stack([(moved * (1 - mask)).sum(), (1 - mask).sum()])
    inner, outer = ((sums[0] / sums[1].clamp(min=1)).sqrt() for sums in (inside, outside))
    return float(inner), float(outer / inner)
