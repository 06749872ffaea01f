"""Refines the VAE's decoder on latents that the transformer made. The encoder stays as it is.

Every movement follows from the conditions, so each generated film has one true film: what is left of smears is what the
decoder learns to remove, with the error of pixels against the truth.

Shapes: B crops, C channels, L = 3 latents of 12 x 12 cells, the first of them context; 4(L-1) frames of 96 x 96 pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.vae import AutoencoderTinyMotion

from .batches import Batch, Example, make_batch, prepare_clips
from .flow_training import CROP, predicted
from .halves import in_halves, set_gradients
from .latents import latents_of
from .vae_training import attention_map, learning_rate, optimizer_of, reconstruction_loss, to_pixels

LATENTS = 3


def shards(pipeline: HunyuanVideoAvatarPipeline, folder: Path, rng: np.random.Generator) -> Iterator[list[Example]]:
    """Clips with their latents, and with their pixels too, a random shard at a time."""
    while True:
        paths = latents_of(folder, "train", 128, 5)
        path = paths[int(rng.integers(len(paths)))]
        clips = torch.load(path, weights_only=True)
        prepare_clips(clips, pipeline.text_encoder, pipeline.emotion_encoder.network)
        for clip, drawn in zip(clips, torch.load(path.with_suffix(".pt"), weights_only=True), strict=True):
            clip["pixels"] = {name: drawn[name] for name in ("frames", "reference", "own")}
        yield clips


def cut(clip: Example, origin: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """True frames (3, 4(L-1), 96, 96) of a crop, its reference (3, 96, 96) and error weights (96, 96)."""
    first, top, left, felt = origin
    window = (Ellipsis, slice(8 * top, 8 * (top + CROP)), slice(8 * left, 8 * (left + CROP)))
    frames = clip["pixels"]["frames"][4 * first + 1 : 4 * (first + LATENTS) - 3]
    picture = clip["pixels"]["reference" if felt else "own"]
    weights = attention_map(clip["faces"], *picture.shape[1:])
    return to_pixels(frames[window]), picture[window].float() / 127.5 - 1, weights[window]


def crops(
    pipeline: HunyuanVideoAvatarPipeline, folder: Path, batch: int, rng: np.random.Generator
) -> Iterator[tuple[Tensor, ...]]:
    """Batches of latents made by the transformer in one step, true frames, references and error weights."""

    def half(share: tuple[Tensor, ...]) -> tuple[Tensor]:
        given, noise = Batch(*share[:-1]), share[-1]
        made = predicted(pipeline.transformer, pipeline.text_encoder, given, torch.ones(len(noise)), noise)
        return (noise - made.float(),)

    for clips in shards(pipeline, folder, rng):
        order = rng.permutation(2 * len(clips)) % len(clips)
        for first in range(0, len(order) - batch + 1, batch):
            chosen = [clips[int(i)] for i in order[first : first + batch]]
            given = make_batch(chosen, rng, LATENTS, CROP, emotions=True)
            noise = torch.from_numpy(rng.standard_normal(given.latents.shape, dtype=np.float32))
            with torch.no_grad():
                (parts,) = in_halves(half, *(getattr(given, name) for name in Batch.__dataclass_fields__), noise)
            rows = [cut(clip, origin) for clip, origin in zip(chosen, given.origin.tolist(), strict=True)]
            frames, pictures, weights = (torch.stack(column) for column in zip(*rows, strict=True))
            yield torch.cat(parts), frames, pictures, rearrange(weights, "b h w -> b 1 1 h w")


def train(
    pipeline: HunyuanVideoAvatarPipeline,
    folder: Path,
    out: Path,
    minutes: float,
    report: Callable[[str], None] = print,
    batch: int = 16,
    rate: float = 1e-3,
) -> None:
    """Train for `minutes` of its own time; the VAE in `out` is replaced."""
    vae: AutoencoderTinyMotion = pipeline.vae
    optimizer = optimizer_of(vae.decoder)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]

    def half(share: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
        latents, frames, pictures, weights = share
        with torch.autocast("cpu", torch.bfloat16):
            painted, bent = vae.decode_after(latents, pictures)
        loss = reconstruction_loss(painted, frames, weights)
        whole = loss + 0.1 * reconstruction_loss(bent, frames, weights)
        return torch.autograd.grad(whole, parameters), loss.detach()

    spent, saved, losses = 0.0, time.time(), []
    batches = crops(pipeline, folder, batch, np.random.default_rng(4))
    while (progress := spent / 60 / minutes) < 1:
        began = time.time()
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"] * learning_rate(progress, warm=0.05)
        gradients, found = in_halves(half, *next(batches))
        set_gradients(parameters, gradients)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(sum(found)) / len(found))
        spent += min(20.0, time.time() - began)
        if len(losses) % 50 == 0:
            report(f"decoder {spent:.0f}s step {len(losses)} loss {np.mean(losses[-50:]):.4f}")
        if time.time() - saved > 120:
            saved = time.time()
            vae.save_pretrained(out)
    vae.save_pretrained(out)
