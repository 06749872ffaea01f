"""Training of the small VAE: a weighted PCA to begin with, then convolutions, with the mouth counted most."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

from model.tiny_vae import AutoencoderTinyCausal3D

from .bank import shards_of
from .halves import in_halves, set_gradients
from .muon import MuonAdam

CROP = 64
FRAMES = 9
MOUTH, EYES, HEAD = 14.0, 6.0, 1.5  # weights of a pixel's error beside the background's 1


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


def crops(folder: Path, batch: int, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pixels (B, 3, 9, 64, 64) and error weights (B, 1, 1, 64, 64), near faces more often than not."""
    while True:
        paths = shards_of(folder, "train", 128, 5)
        clips = [
            c
            for i in rng.choice(len(paths), min(8, len(paths)), replace=False)
            for c in torch.load(paths[i], weights_only=True)
        ]
        order = [int(i) for i in rng.permutation(3 * len(clips)) % len(clips)]
        for first in range(0, len(order) - batch + 1, batch):
            pixels, weights = [], []
            for i in order[first : first + batch]:
                clip = clips[i]
                x, y, r = clip["faces"][0].tolist()
                if rng.random() < 0.5:  # round the mouth or the eyes
                    y += r * float(rng.choice([0.7, -0.2]))
                    left, top = x - CROP / 2 + rng.normal(0, 10), y - CROP / 2 + rng.normal(0, 10)
                else:
                    left, top = rng.uniform(0, 128 - CROP, 2)
                left, top = (int(np.clip(v, 0, 128 - CROP)) for v in (left, top))
                start = int(rng.integers(0, clip["frames"].shape[0] - FRAMES + 1))
                window = (slice(None), slice(None), slice(top, top + CROP), slice(left, left + CROP))
                piece = clip["frames"][start : start + FRAMES][window]
                if rng.random() < 0.5:
                    piece = piece.flip(-1)
                    weight = attention_map(clip["faces"], 128, 128)[window[2:]].flip(-1)
                else:
                    weight = attention_map(clip["faces"], 128, 128)[window[2:]]
                pixels.append(to_pixels(piece))
                weights.append(weight)
            yield torch.stack(pixels), rearrange(torch.stack(weights), "b h w -> b 1 1 h w")


def start_from_pca(vae: AutoencoderTinyCausal3D, batches: Iterator[tuple[Tensor, Tensor]], count: int) -> None:
    """Set both linear maps to the weighted principal components; latents get the square root of their spread."""
    total, mean, covariance = 0.0, torch.zeros(768), torch.zeros(768, 768)
    for _ in range(count):
        pixels, weights = next(batches)
        patches = rearrange(pixels[:, :, 1:], "b c (t u) (h p) (w q) -> b t h w (u p q c)", u=4, p=8, q=8)
        cell = rearrange(weights, "b 1 1 (h p) (w q) -> b 1 h w (p q)", p=8, q=8).mean(-1).expand(patches.shape[:-1])
        flat, w = patches.flatten(0, 3), cell.flatten()
        total += float(w.sum())
        mean += w @ flat
        covariance += (flat * w[:, None]).T @ flat
    mean /= total
    values, vectors = torch.linalg.eigh(covariance / total - mean[:, None] * mean[None])
    values, vectors = values.flip(0)[: vae.latent_channels].clamp(min=1e-8), vectors.flip(1)[:, : vae.latent_channels]
    gain = values.sqrt() ** -0.5
    gain = gain / (values.sqrt() * gain).square().mean().sqrt()
    with torch.no_grad():
        vae.encoder.linear.weight.copy_(vectors.T * gain[:, None])
        vae.encoder.linear.bias.copy_(-(vectors.T @ mean) * gain)
        vae.decoder.linear.weight.copy_(vectors / gain)
        vae.decoder.linear.bias.copy_(mean)


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


@torch.no_grad()
def examine(vae: AutoencoderTinyCausal3D, exam: list[tuple[Tensor, Tensor]]) -> str:
    """Peak signal to noise, in dB, of the whole picture and of mouths alone."""
    whole, mouths = [], []
    for pixels, weights in exam:
        with torch.autocast("cpu", torch.bfloat16):
            error = (vae.decode_pixels(vae.encode(pixels)).float() - pixels).square()
        whole.append(error.mean())
        mouths.append(error[weights.expand_as(error) > MOUTH].mean())
    psnr = [-10 * torch.log10(torch.stack(errors).mean() / 4).item() for errors in (whole, mouths)]
    return f"psnr {psnr[0]:.2f} mouth {psnr[1]:.2f}"


def train(
    folder: Path,
    out: Path,
    minutes: float,
    batch: int = 8,
    rate: float = 8e-4,
    noise: float = 0.06,
    resume: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Train for `minutes`, saving weights to `out` every two minutes; with `resume`, from what is there."""
    rng = np.random.default_rng(5)
    torch.manual_seed(5)
    batches = crops(folder, batch, rng)
    if resume and (out / "config.json").exists():
        vae = AutoencoderTinyCausal3D.from_pretrained(out)
    else:
        vae = AutoencoderTinyCausal3D()
        start_from_pca(vae, batches, 100)
    vae.train()
    # The linear maps start optimal; at the convolutions' rate they would be thrown away in a few steps.
    linear = {id(p) for half in (vae.encoder, vae.decoder) for p in half.linear.parameters()}
    matrices = [p for p in vae.parameters() if p.ndim > 1 and id(p) not in linear]
    vectors = [p for p in vae.parameters() if p.ndim == 1 and id(p) not in linear]
    groups = [
        {"params": matrices, "factor": 1.0, "muon": True},
        {"params": vectors, "factor": 1.0},
        {"params": [p for p in vae.parameters() if id(p) in linear], "factor": 0.05},
    ]
    optimizer = MuonAdam(groups)
    exam = [next(crops(folder, 16, np.random.default_rng(i))) for i in range(3)]
    parameters = list(vae.parameters())

    def half(share: tuple[Tensor, Tensor]) -> tuple[tuple[Tensor, ...], Tensor]:
        pixels, weights = share
        with torch.autocast("cpu", torch.bfloat16):
            latents = vae.encode(pixels)
            latents = latents + noise * torch.randn_like(latents)
            pictures = vae.decode_pixels(latents)
        loss = reconstruction_loss(pictures.float(), pixels, weights) + 1e-4 * latents.float().square().mean()
        return torch.autograd.grad(loss, parameters), loss.detach()

    began, saved, step = time.time(), time.time(), 0
    while (progress := (time.time() - began) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"] * learning_rate(progress)
        pixels, weights = next(batches)
        gradients, losses = in_halves(half, pixels, weights)
        set_gradients(parameters, gradients)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            loss = float(sum(losses)) / len(losses)
            report(f"vae {time.time() - began:.0f}s step {step} loss {loss:.4f} {examine(vae, exam)}")
        step += 1
        if time.time() - saved > 120:
            saved = time.time()
            vae.save_pretrained(out)
    vae.save_pretrained(out)
