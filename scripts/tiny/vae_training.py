"""Training of the small VAE: what the transformer is shown of a picture by a weighted PCA, what moves by convolutions.

Shapes: B crops, F = 9 frames of 3 latents, H x W = 96 x 96 pixels round a face.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from model.tiny.vae import AutoencoderTinyMotion, patches_of

from .bank import shards_of
from .halves import ahead, in_halves, set_gradients
from .muon import MuonAdam

CROP = 96
LATENTS = 3
MOUTH, EYES, HEAD = 14.0, 6.0, 1.5  # weights of a pixel's error beside the background's 1
NOISE = (0.05, 0.35)  # of codes of unit spread, while training: what the transformer makes is never exact


def attention_map(faces: Tensor, height: int, width: int) -> Tensor:
    """(H, W) weights of errors for faces (S, 3) of x, y, radius: mouths most, then eyes and brows, then heads."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    weights = torch.ones(height, width)
    for fx, fy, r in faces.tolist():
        u, v = (x - fx) / r, (y - fy) / r
        head = (u.abs() < 1.3) & (v.abs() < 1.5)
        eyes = (u.abs() < 0.85) & (v > -0.85) & (v < 0.32)
        mouth = (u.abs() < 0.62) & (v > 0.40) & (v < 1.14)
        weights += HEAD * head + EYES * eyes + MOUTH * mouth
    return weights


def to_pixels(frames: Tensor) -> Tensor:
    """uint8 (F, 3, H, W) to (3, F, H, W) in -1 ... 1."""
    return rearrange(frames.float() / 127.5 - 1, "f c h w -> c f h w")


Crops = tuple[Tensor, Tensor, Tensor]


def crops(folder: Path, batch: int, rng: np.random.Generator, split: str = "train") -> Iterator[Crops]:
    """Batches of pixels (B, 3, 9, 96, 96), their reference (B, 3, 96, 96) and error weights (B, 1, 1, 96, 96)."""
    while True:
        paths = shards_of(folder, split, 128, 5)
        clips = [
            c
            for i in rng.choice(len(paths), min(8, len(paths)), replace=False)
            for c in torch.load(paths[i], weights_only=True)
        ]
        order = rng.permutation(3 * len(clips)) % len(clips)
        for first in range(0, len(order) - batch + 1, batch):
            rows = [_crop(clips[int(i)], rng) for i in order[first : first + batch]]
            pixels, pictures, weights = (torch.stack(column) for column in zip(*rows, strict=True))
            yield pixels, pictures, rearrange(weights, "b h w -> b 1 1 h w")


def _crop(clip: dict[str, Tensor], rng: np.random.Generator) -> Crops:
    """A window of 3 latents round the face, mirrored half the time, beside one of the clip's two references."""
    x, y, _ = clip["faces"][0].tolist()
    left, top = x - CROP / 2 + rng.normal(0, 8), y - CROP / 2 + rng.normal(0, 8)
    left, top = (8 * int(np.clip(round(v / 8), 0, (128 - CROP) // 8)) for v in (left, top))
    last = (clip["frames"].shape[0] - 1) // 4 - LATENTS + 1
    start = int(rng.integers(0, last + 1))
    # Latent 0 is its first frame four times over: any frame may be that.
    held = torch.arange(4 * start, 4 * (start + LATENTS - 1) + 1)
    window = (Ellipsis, slice(top, top + CROP), slice(left, left + CROP))
    reference = clip["reference" if rng.random() < 0.65 else "own"]
    found = (
        to_pixels(clip["frames"][held][window]),
        reference[window].float() / 127.5 - 1,
        attention_map(clip["faces"], 128, 128)[window],
    )
    return tuple(part.flip(-1) for part in found) if rng.random() < 0.5 else found  # type: ignore[return-value]


def start_from_pca(vae: AutoencoderTinyMotion, batches: Iterator[Crops], count: int) -> None:
    """Set the code of stills to their weighted principal components, each scaled by the square root of its spread."""
    total, mean, covariance = 0.0, torch.zeros(192), torch.zeros(192, 192)
    for _ in range(count):
        pixels, pictures, weights = next(batches)
        for picture in (pictures, pixels[:, :, -1]):
            flat = patches_of(picture, 8).flatten(0, 3)
            w = rearrange(weights, "b 1 1 (h p) (w q) -> (b h w) (p q)", p=8, q=8).mean(-1)
            total += float(w.sum())
            mean += w @ flat
            covariance += (flat * w[:, None]).T @ flat
    mean /= total
    values, vectors = torch.linalg.eigh(covariance / total - mean[:, None] * mean[None])
    values, vectors = values.flip(0)[: vae.latent_channels].clamp(min=1e-8), vectors.flip(1)[:, : vae.latent_channels]
    gain = values.sqrt() ** -0.5
    gain = gain / (values.sqrt() * gain).square().mean().sqrt()
    with torch.no_grad():
        vae.still.weight.copy_(vectors.T * gain[:, None])
        vae.still.bias.copy_(-(vectors.T @ mean) * gain)


def reconstruction_loss(out: Tensor, pixels: Tensor, weights: Tensor) -> Tensor:
    """Weighted L1 of the picture and of its edges, each way: edges are what makes drawings crisp."""
    error = out - pixels
    norm = weights.mean()
    loss = (error.abs() * weights).mean() / norm
    for axis in (-1, -2):
        edge = error.diff(dim=axis).abs()
        loss = loss + 0.5 * (edge * weights.narrow(axis, 1, weights.shape[axis] - 1)).mean() / norm
    return loss


def learning_rate(progress: float, warm: float = 0.02) -> float:
    """Warm up, hold, and decay to zero over the last 40 %, as a factor."""
    return min(1.0, progress / warm, max(0.02, (1 - progress) / 0.4))


def optimizer_of(module: torch.nn.Module) -> MuonAdam:
    """Muon for matrices and convolutions, Adam for the rest; the code of stills is left as it is."""
    matrices, others = [], []
    for name, parameter in module.named_parameters():
        if not name.startswith("still."):
            head = "bend" in name or "paint" in name
            (others if head or parameter.ndim == 1 else matrices).append(parameter)
    return MuonAdam([{"params": matrices, "factor": 1.0, "muon": True}, {"params": others, "factor": 1.0}])


@torch.no_grad()
def examine(vae: AutoencoderTinyMotion, exam: list[Crops]) -> str:
    """Peak signal to noise, in dB, of whole crops and of mouths alone, of held-out characters; copying, for scale."""
    whole, mouths, copied = [], [], []
    for pixels, pictures, weights in exam:
        with torch.autocast("cpu", torch.bfloat16):
            error = (vae.decode_pixels(vae.encode(pixels, pictures), pictures)[0].float() - pixels).square()
        still = (pictures[:, :, None] - pixels).square()
        mouth = weights.expand_as(error) > MOUTH
        whole.append(error.mean())
        mouths.append(error[mouth].mean())
        copied.append(still[mouth].mean())
    psnr = [-10 * torch.log10(torch.stack(errors).mean() / 4).item() for errors in (whole, mouths, copied)]
    return f"psnr {psnr[0]:.2f} mouth {psnr[1]:.2f} (copied {psnr[2]:.2f})"


def train(
    folder: Path,
    out: Path,
    minutes: float,
    batch: int = 8,
    rate: float = 2e-3,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Train for `minutes` of its own time, saving weights to `out` every two; with `resume`, from what is there."""
    rng = np.random.default_rng(5)
    torch.manual_seed(5)
    batches = crops(folder, batch, rng)
    if resume and (out / "config.json").exists():
        vae = AutoencoderTinyMotion.from_pretrained(out)
    else:
        vae = AutoencoderTinyMotion()
        start_from_pca(vae, batches, 60)
    vae.train()
    optimizer = optimizer_of(vae)
    exam = [next(crops(folder, 16, np.random.default_rng(i), "validation")) for i in range(2)]
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    batches = ahead(batches)

    def half(share: Crops) -> tuple[tuple[Tensor, ...], Tensor]:
        pixels, pictures, weights = share
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(pixels, pictures).float()
            loud = NOISE[0] + (NOISE[1] - NOISE[0]) * torch.rand(len(latents), 1, 1, 1, 1)
            painted, bent = vae.decode_pixels(latents + loud * torch.randn_like(latents), pictures)
        # Small codes: where nothing is gained by a larger one, noise decides, and channels that are not needed vanish.
        loss = reconstruction_loss(painted, pixels, weights) + 0.2 * reconstruction_loss(bent, pixels, weights)
        return torch.autograd.grad(loss + 2e-3 * latents.square().mean(), parameters), loss.detach()

    spent, saved, step, losses = 0.0, time.time(), 0, []
    while (progress := spent / 60 / minutes) < 1:
        began = time.time()
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"] * learning_rate(progress)
        gradients, found = in_halves(half, *next(batches))
        set_gradients(parameters, gradients)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        losses.append(float(sum(found)) / len(found))
        spent += min(10.0, time.time() - began)  # a process that was stopped for a while has not trained
        if step % 100 == 0:
            report(f"vae {spent:.0f}s step {step} loss {np.mean(losses[-100:]):.4f} {examine(vae, exam)}")
        step += 1
        if time.time() - saved > 120:
            saved = time.time()
            vae.save_pretrained(out)
    vae.save_pretrained(out)
