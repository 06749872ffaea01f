"""What a shot costs with hunyuan-avatar: windows, floating-point operations, seconds and memory. Imports no torch.

Operations are counted: they equal those of the released model run on meta tensors (a window of 33 latents at 704 x
1216 is 11.24 PFLOP per branch).
"""

from __future__ import annotations

from dialogue.generators.hardware import VAE_SHARE, machine
from dialogue.planning.choice import Estimate
from model.grid import latents_for, windows_for

HIDDEN, BLOCKS, TEXT = 3072, 60, 831
BF16 = 2  # bytes
TRANSFORMER, ENCODERS = 26.0e9, 16.8e9  # bytes of weights


def forward_operations(width: int, height: int, window: int) -> float:
    """Of one window in one branch through all blocks: attention, and the linear layers."""
    tokens = (width // 16) * (height // 16) * (window + 1) + TEXT
    return BLOCKS * (4 * tokens**2 * HIDDEN + 24 * HIDDEN**2 * tokens)


def decode_operations(width: int, height: int, frames: int) -> float:
    """Of the VAE's decoder with the released tiles, each pixel decoded about twice."""
    return 4.0e15 * (width * height) / (704 * 1216) * frames / 129


def estimate(
    width: int, height: int, frames: int, full_steps: int, steps: int, window: int, memory: str | None
) -> Estimate:
    """Of a shot: both branches of every window at every step, a step on cached blocks costing one of 60."""
    here = machine()
    latents = latents_for(frames)
    windows = windows_for(frames, window)
    steps_worth = full_steps + (steps - full_steps) / BLOCKS
    work = 2 * windows * steps_worth * forward_operations(width, height, window)
    seconds = work / here.speed + decode_operations(width, height, frames) / (here.speed * VAE_SHARE)
    tokens = (width // 16) * (height // 16)
    row = ((window + 1) * tokens + TEXT) * HIDDEN * BF16  # one activation of one row
    kept = 2 * max(latents, window) * tokens * HIDDEN * BF16  # block outputs of the whole ring
    peak = {
        "high": TRANSFORMER + ENCODERS + 2 * 12 * row + kept,
        "balanced": 2.0e9 + 12 * row + kept,
        "low": 1.5e9 + 12 * row,
    }[memory or ("high" if here.gpu else "balanced")]
    return Estimate(windows, 60 + seconds, round(peak if here.gpu else TRANSFORMER + ENCODERS + 12 * row + kept))
