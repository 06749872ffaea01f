"""Refines the VAE's decoder on latents that the transformer made. The encoder stays as it is.

Every movement follows from the conditions, so each generated film has one true film: what is left of tiles and smears
is what the decoder learns to remove, with the error of pixels against the truth.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from model.pipeline import HunyuanVideoAvatarPipeline
from model.tiny import tiny_sampling
from model.tiny_vae import AutoencoderTinyCausal3D

from .bank import shards_of
from .clips import sample_clip
from .halves import in_halves, set_gradients
from .muon import MuonAdam
from .sampling import conditions_of, generate
from .vae_training import attention_map, learning_rate, reconstruction_loss, to_pixels

CELLS = 8  # of a crop, each way


def pool(pipeline: HunyuanVideoAvatarPipeline, folder: Path, minutes: float) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Generated latents (C, T, h, w), true pixels (3, F, H, W) and error weights (H, W) of as many clips as there is
    time for.
    """
    made, began = [], time.time()
    for seed in range(32 * len(shards_of(folder, "train", 128, 5))):
        if time.time() - began > 60 * minutes:
            break
        clip = sample_clip(seed, "train", 128, 5)
        _, latents = generate(pipeline, conditions_of(pipeline, clip), tiny_sampling(4), seed=seed)
        faces = torch.tensor([[f.x, f.y, f.radius] for f in clip.stage.faces])
        made.append((latents[0], to_pixels(clip.frames), attention_map(faces, 128, 128)))
    return made


def train(
    pipeline: HunyuanVideoAvatarPipeline,
    folder: Path,
    out: Path,
    minutes: float,
    report: Callable[[str], None] = print,
    batch: int = 8,
    rate: float = 5e-4,
) -> None:
    """A third of the time makes films, the rest trains on them; the VAE in `out` is replaced."""
    vae: AutoencoderTinyCausal3D = pipeline.vae
    films = pool(pipeline, folder, minutes / 3)
    report(f"decoder: {len(films)} generated clips")
    rng = np.random.default_rng(4)
    parameters = list(vae.decoder.parameters())
    matrices = [p for name, p in vae.decoder.named_parameters() if p.ndim > 1 and not name.startswith("linear")]
    taken = {id(p) for p in matrices}
    optimizer = MuonAdam(
        [
            {"params": matrices, "muon": True},
            {"params": [p for p in parameters if id(p) not in taken], "factor": 0.1},
        ]
    )

    def half(share: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
        latents, pixels, weights = share
        with torch.autocast("cpu", torch.bfloat16):
            pictures = vae.decode_pixels(latents)
        loss = reconstruction_loss(pictures.float(), pixels, weights)
        return torch.autograd.grad(loss, parameters), loss.detach()

    began, step, losses = time.time(), 0, []
    while (progress := (time.time() - began) / 60 / (minutes * 2 / 3)) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"] * learning_rate(progress)
        rows = []
        for i in rng.integers(0, len(films), batch):
            latents, pixels, weights = films[int(i)]
            y, x = (int(v) for v in rng.integers(0, latents.shape[-1] - CELLS + 1, 2))
            inner = (slice(8 * y, 8 * (y + CELLS)), slice(8 * x, 8 * (x + CELLS)))
            rows.append((latents[:, :, y : y + CELLS, x : x + CELLS], pixels[:, :, inner[0], inner[1]], weights[inner]))
        latents, pixels, weights = (torch.stack(column) for column in zip(*rows, strict=True))
        gradients, parts = in_halves(half, latents, pixels, rearrange(weights, "b h w -> b 1 1 h w"))
        set_gradients(parameters, gradients)
        optimizer.step()
        losses.append(float(sum(parts)) / len(parts))
        step += 1
        if step % 50 == 0:
            report(f"decoder {time.time() - began:.0f}s step {step} loss {np.mean(losses[-50:]):.4f}")
    vae.save_pretrained(out)
