"""The measuring tool: a small network that reads openness, width, blink and emotion off a face, whoever's it is.

Trained on drawn frames, whose truth is known, and only there; it never sees what the model makes.
Shapes: N faces of 64 x 64 pixels.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .bank import shards_of
from .expressions import EMOTIONS
from .halves import in_halves, set_gradients

SIZE = 64
REACH = 1.35  # half the side of what is read, in face radii


class Reader(nn.Module):
    """(N, 3, 64, 64) in 0 ... 1 to openness (N,), width (N,), blink (N,) and emotion logits (N, 7)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        sizes = (3, width, 2 * width, 3 * width, 4 * width)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, b) for b in sizes[1:])
        self.hidden = nn.Linear(4 * width * 16, 128)
        self.out = nn.Linear(128, 3 + len(EMOTIONS))

    def forward(self, faces: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        x = faces * 2 - 1
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.silu(norm(convolution(x)))
        out = self.out(F.silu(self.hidden(x.flatten(1))))
        return out[:, 0], out[:, 1], out[:, 2], out[:, 3:]


def face_crops(
    frames: Tensor, face: Tensor | tuple[float, float, float], jitter: np.random.Generator | None = None
) -> Tensor:
    """Frames (F, 3, H, W) uint8 or 0 ... 1, and x, y, radius of a face in pixels, to (F, 3, 64, 64) in 0 ... 1."""
    x, y, r = (float(v) for v in face)
    if jitter is not None:
        x, y, r = (
            x + jitter.normal(0, 0.05) * r,
            y + jitter.normal(0, 0.05) * r,
            r * float(np.exp(jitter.normal(0, 0.05))),
        )
    height, width = frames.shape[-2:]
    steps = (torch.arange(SIZE) + 0.5) / SIZE * 2 - 1
    gx, gy = (x + steps * REACH * r) / width * 2 - 1, (y + steps * REACH * r) / height * 2 - 1
    grid = torch.stack(torch.meshgrid(gy, gx, indexing="ij")[::-1], dim=-1)
    pictures = frames.float() / 255 if frames.dtype == torch.uint8 else frames
    return F.grid_sample(pictures, grid.expand(len(frames), -1, -1, -1), align_corners=False, padding_mode="border")


def _batches(paths: list[Path], rng: np.random.Generator, per_clip: int = 3) -> tuple[Tensor, ...]:
    faces, truth, emotions = [], [], []
    for clip in torch.load(paths[int(rng.integers(len(paths)))], weights_only=True):
        pick = torch.from_numpy(rng.choice(clip["frames"].shape[0], per_clip, replace=False))
        crop = face_crops(clip["frames"][pick], clip["faces"][0], rng)
        faces.append(crop.flip(-1) if rng.random() < 0.5 else crop)
        truth.append(torch.stack([clip[k][0][pick] for k in ("openness", "mouth_width", "blink")], dim=1))
        emotions.append(clip["emotion"][:1].expand(per_clip))
    x = torch.cat(faces)
    # What a generator makes is a little soft; a reader that only knew crisp lines would misread it.
    if rng.random() < 0.5:
        small = int(rng.integers(36, 64))
        x = F.interpolate(F.interpolate(x, size=small, mode="bilinear", antialias=True), size=SIZE, mode="bilinear")
    return x + 0.02 * torch.randn_like(x), torch.cat(truth), torch.cat(emotions)


def train(folder: Path, out: Path, minutes: float, report: Callable[[str], None] = print) -> None:
    """Train on the training shards' frames, report on the validation shards', save the weights."""
    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    reader = Reader()
    parameters = list(reader.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=2e-3, weight_decay=0.01)
    paths = shards_of(folder, "train", 128, 5)

    def half(share: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...], Tensor]:
        faces, truth, emotion = share
        with torch.autocast("cpu", torch.bfloat16):
            *values, logits = reader(faces)
        error = torch.stack(values, dim=1).float() - truth
        loss = (error * torch.tensor([4.0, 1.0, 2.0])).abs().mean() + 0.3 * F.cross_entropy(logits.float(), emotion)
        return torch.autograd.grad(loss, parameters), loss.detach()

    began, step = time.time(), 0
    while (progress := (time.time() - began) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, step / 50, (1 - progress) / 0.5)
        gradients, losses = in_halves(half, *_batches(paths, rng))
        set_gradients(parameters, gradients)
        optimizer.step()
        if step % 100 == 0:
            report(f"reader {time.time() - began:.0f}s step {step} loss {float(sum(losses)) / 2:.4f}")
        step += 1
    reader.eval()
    report(f"reader {examine(reader, shards_of(folder, 'validation', 128, 5))}")
    torch.save({k: v.half() for k, v in reader.state_dict().items()}, out)


@torch.no_grad()
def examine(reader: Reader, paths: list[Path]) -> dict[str, float]:
    """Correlation with the truth and emotion accuracy on drawn frames of held-out characters and voices."""
    read, truth, right = [], [], []
    for path in paths:
        for clip in torch.load(path, weights_only=True):
            openness, width, blink, logits = reader(face_crops(clip["frames"], clip["faces"][0]))
            read.append(torch.stack([openness, width, blink], dim=1))
            truth.append(torch.stack([clip[k][0] for k in ("openness", "mouth_width", "blink")], dim=1))
            right.append((logits.mean(0).argmax() == clip["emotion"][0]).float())
    a, b = torch.cat(read), torch.cat(truth)
    names = ("openness", "width", "blink")
    scores = {name: float(torch.corrcoef(torch.stack([a[:, i], b[:, i]]))[0, 1]) for i, name in enumerate(names)}
    return scores | {"emotion": float(torch.stack(right).mean())}


def load_reader(path: Path) -> Reader:
    """The trained reader."""
    reader = Reader()
    reader.load_state_dict({k: v.float() for k, v in torch.load(path, weights_only=True).items()})
    return reader.eval()
