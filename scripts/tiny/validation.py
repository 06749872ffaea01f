"""What a model in training makes of characters it never met: figures and a sheet to look at, every few minutes.

Shapes: F frames, H x W pixels.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.tiny import tiny_sampling

from .clips import Clip, sample_clip
from .expressions import EMOTIONS
from .reader import Reader, face_crops
from .sampling import conditions_of, generate, sheet

CROPS, PICTURES = 10, 1  # clips of one face, and whole pictures


def exam_clips() -> list[Clip]:
    """Clips of the validation split, the same every time."""
    one = [sample_clip(10_000 + seed, "validation", 128, 5) for seed in range(CROPS)]
    return one + [sample_clip(10_000 + seed, "validation", 256, 5) for seed in range(PICTURES)]


@torch.no_grad()
def examine(pipeline: HunyuanVideoAvatarPipeline, reader: Reader, clips: list[Clip], picture: Path) -> str:
    """Mouths against the truth, emotions read, error inside the masks; the sheet shows truth above what was made."""
    read, truth, right, errors, rows = [], [], [], [], []
    for clip in clips:
        film, _ = generate(pipeline, conditions_of(pipeline, clip), tiny_sampling(2))
        for number, face in enumerate(clip.stage.faces):
            openness, _, _, logits = reader(face_crops(film, (face.x, face.y, face.radius)))
            read.append(openness)
            truth.append(clip.openness[number])
            right.append(EMOTIONS[int(logits.softmax(1).mean(0).argmax())] == clip.emotion[number])
        inside = torch.nn.functional.interpolate(clip.masks.sum(0)[None, None], scale_factor=8)[0, 0] > 0.5
        error = (film.float() - clip.frames.float())[:, :, inside] / 255
        errors.append(error.square().mean())
        rows += [torch.cat([clip.reference[None], clip.frames[3::3]]), torch.cat([clip.reference[None], film[3::3]])]
    sheet([_small(row) for row in rows], picture, 6)
    together = torch.corrcoef(torch.stack([torch.cat(read), torch.cat(truth)]))[0, 1]
    psnr = -10 * torch.log10(torch.stack(errors).mean())
    return f"openness {together:.3f} emotion {np.mean(right):.2f} faces {psnr:.2f} dB"


def _small(frames: Tensor) -> Tensor:
    """Whole pictures at half size, so that a sheet stays small."""
    if frames.shape[-1] <= 128:
        return frames
    halves: Tensor = rearrange(frames.float(), "f c (h p) (w q) -> f c h w (p q)", p=2, q=2).mean(-1)
    return halves.to(torch.uint8)
