"""Clips of the drawn world through the pipeline: what the model makes of them.

Shapes: S faces, F frames, T latent frames, H x W pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from PIL import Image
from torch import Tensor

from model.avatar.conditions import Conditions, Emotions
from model.avatar.guidance import Sampling
from model.grid import latents_for
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.tiny import OFFSET, WINDOW, denoise_tiny, fast_arithmetic, tiny_sampling

from .clips import Clip


def picture(pixels: Tensor) -> Image.Image:
    """(3, H, W) uint8 as an image."""
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


@torch.no_grad()
def conditions_of(pipeline: HunyuanVideoAvatarPipeline, clip: Clip, emotions: bool = True) -> Conditions:
    """What the model is told about a clip: the reference, the voices, the masks, the emotion pictures."""
    tokens = torch.stack([pipeline.emotion_encoder(picture(p)) for p in clip.pictures]) if emotions else None
    pixels = clip.reference[None].float() / 127.5 - 1
    return Conditions(
        text=pipeline.text_encoder(clip.stage.prompt(clip.manner)),
        negative=pipeline.text_encoder(""),
        reference=pipeline.vae.encode_reference(pixels, 1),
        audio=clip.audio[None],
        face_mask=rearrange(clip.masks, "s h w -> 1 s 1 h w"),
        emotion=None
        if tokens is None
        else Emotions(rearrange(tokens, "s k x -> 1 s 1 k x"), torch.ones(1, len(tokens), 1, 1)),
        picture=pixels,
    )


@torch.no_grad()
def generate(
    pipeline: HunyuanVideoAvatarPipeline,
    conditions: Conditions,
    sampling: Sampling | None = None,
    offset: int = OFFSET,
    window: int = WINDOW,
    seed: int = 0,
) -> tuple[Tensor, Tensor]:
    """Frames (F, 3, H, W) uint8, and the latents (1, C, T, h, w) they were decoded from."""
    sampling = sampling or tiny_sampling()
    fusion = pipeline.schedule(conditions.frames, window, offset)
    state = pipeline.start(conditions, fusion, torch.Generator().manual_seed(seed))
    *_, state = denoise_tiny(pipeline, conditions, fusion, sampling, state)
    with fast_arithmetic():
        frames = torch.stack(list(pipeline.decode(state, conditions.frames, conditions.picture)))
    return rearrange(frames, "f h w c -> f c h w"), state.latents[:, :, : latents_for(conditions.frames)]


def sheet(rows: list[Tensor], path: Path, columns: int = 8) -> None:
    """Rows of frames (F, 3, H, W), `columns` of each, as one picture."""
    height = max(row.shape[-2] for row in rows)
    width = max(row.shape[-1] for row in rows)
    lines = []
    for row in rows:
        pick = np.linspace(0, len(row) - 1, columns).round().astype(int)
        line = torch.zeros(columns, 3, height, width, dtype=torch.uint8)
        line[:, :, : row.shape[-2], : row.shape[-1]] = row[pick]
        lines.append(rearrange(line, "n c h w -> h (n w) c"))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(torch.cat(lines).numpy()).save(path)
