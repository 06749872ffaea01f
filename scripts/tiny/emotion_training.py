"""Teaches the emotion network to name emotions before the transformer learns to use its tokens."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from model.tiny.emotion import TinyEmotionNetwork

from .latents import latents_of


def _pictures(paths: list[Path]) -> tuple[Tensor, Tensor, Tensor]:
    """Latents of all emotion pictures (N, C, 16, 16), emotions (N,) and intensities (N,)."""
    clips = [clip for path in paths for clip in torch.load(path, weights_only=True)]
    return (
        torch.cat([clip["pictures"] for clip in clips]).float(),
        torch.cat([clip["emotion"] for clip in clips]),
        torch.cat([clip["intensity"] for clip in clips]),
    )


def train(folder: Path, out: Path, minutes: float, batch: int = 64, report: Callable[[str], None] = print) -> None:
    """Classification and intensity; reports accuracy on held-out characters; the network is frozen afterwards."""
    torch.manual_seed(2)
    rng = np.random.default_rng(2)
    network = TinyEmotionNetwork()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    latents, emotions, intensities = _pictures(latents_of(folder, "train", 128, 5))
    began, step = time.time(), 0
    while (progress := (time.time() - began) / 60 / minutes) < 1:
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * min(1.0, step / 30, (1 - progress) / 0.5)
        pick = torch.from_numpy(rng.integers(0, len(latents), batch))
        noisy = latents[pick] + 0.15 * torch.randn(batch, *latents.shape[1:])
        logits, intensity = network.judge(noisy)
        loss = (
            F.cross_entropy(logits, emotions[pick], label_smoothing=0.05)
            + (intensity - intensities[pick]).square().mean()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 0:
            report(f"emotion {time.time() - began:.0f}s step {step} loss {loss.item():.4f}")
        step += 1
    latents, emotions, _ = _pictures(latents_of(folder, "validation", 128, 5))
    with torch.no_grad():
        right = (network.judge(latents)[0].argmax(1) == emotions).float().mean()
    report(f"emotion accuracy on held-out characters {right.item():.3f}")
    network.save_pretrained(out)
