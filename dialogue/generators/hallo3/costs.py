"""What a shot costs with hallo3: clips, floating-point operations, seconds and memory. Imports no torch.

Operations are counted from the released sizes.
"""

from __future__ import annotations

from dialogue.generators.hardware import VAE_SHARE, machine
from dialogue.planning.choice import Estimate
from model.hallo3.clips import ClipSchedule

HIDDEN, BLOCKS, TEXT, VIDEO, REFERENCE = 3072, 42, 226, 17_550, 1_350
BF16 = 2  # bytes
DENOISER, REFERENCE_NETWORK, TEXT_ENCODER = 17.9e9, 11.3e9, 9.5e9  # bytes of weights
BANK = BLOCKS * REFERENCE * HIDDEN * BF16
_DECODE = 1.2e15  # operations of the autoencoder's decoder for a clip
_LOADING = 60.0  # seconds


def pass_operations() -> float:
    """Of one pass of the denoiser over a clip: attention, linear layers, and the two cross-attentions of a block."""
    asking = TEXT + VIDEO
    seen = asking + REFERENCE
    attention = 4 * asking * seen * HIDDEN
    linear = 24 * HIDDEN**2 * asking + 4 * HIDDEN**2 * REFERENCE
    crossing = 2 * (4 * HIDDEN**2 * VIDEO)
    return BLOCKS * float(attention + linear + crossing)


def estimate(frames: int, people: int, steps: int, passes: int, memory: str | None, released: bool = False) -> Estimate:
    """Of a shot in which `people` are made, one after another in every clip."""
    here = machine()
    clips = ClipSchedule(frames, released=released).clips * max(1, people)
    work = clips * steps * passes * pass_operations()
    seconds = work / here.speed + clips * _DECODE / (here.speed * VAE_SHARE)
    row = (TEXT + VIDEO + REFERENCE) * HIDDEN * BF16  # one activation of one row
    banks = max(1, people) * BANK
    whole = DENOISER + REFERENCE_NETWORK + TEXT_ENCODER
    peak = {
        "high": whole + 2 * 12 * row + banks,
        "balanced": 2.0e9 + 12 * row + banks,
        "low": 1.5e9 + 12 * row + banks,
    }[memory or ("high" if here.gpu else "balanced")]
    return Estimate(clips, _LOADING + seconds, round(peak if here.gpu else whole + 12 * row + banks))
