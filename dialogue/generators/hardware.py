"""What the work would run on, for estimates: the first NVIDIA card that the driver lists, else the processor.

The speeds are sustained ones from published runs of video transformers of about 10 B parameters: HunyuanVideo's README
(FlashAttention 2 on A100 and H20), arXiv 2502.04507 (FlashAttention 3 on H100). Imports no torch.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

VAE_SHARE = 0.15  # of the transformer's speed that 3D convolutions reach
_DRIVER = Path("/proc/driver/nvidia/gpus")
# Sustained operations per second, by what the driver calls the card; the first that fits.
_SPEEDS = {"H200": 5.5e14, "H100": 5.5e14, "H800": 5.5e14, "B200": 9e14, "A100": 2.1e14, "H20": 1.0e14, "4090": 1.2e14}
_OTHER_GPU = 6e13
_CORE = 6e10  # of one processor core, bfloat16


@dataclass(frozen=True)
class Machine:
    """What the work would run on, and how many operations it does in a second."""

    name: str
    speed: float
    gpu: bool


@cache
def machine() -> Machine:
    """The first NVIDIA card that the driver lists, else the processor."""
    for card in sorted(_DRIVER.glob("*/information")) if _DRIVER.is_dir() else ():
        lines = card.read_text(errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("Model:")), "GPU")
        return Machine(model, next((speed for key, speed in _SPEEDS.items() if key in model), _OTHER_GPU), True)
    cores = os.cpu_count() or 1
    return Machine(f"{cores} processor cores", cores * _CORE, False)


def cards() -> int:
    """How many NVIDIA cards this process may use."""
    there = len(list(_DRIVER.glob("*/information"))) if _DRIVER.is_dir() else 0
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if seen is None else min(there, len([card for card in seen.split(",") if card.strip()]))


@cache
def card_bytes() -> float | None:
    """The memory of the card that the work would run on, as the driver's own tool tells it; None without a card."""
    if not machine().gpu:
        return None
    seen = os.environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    which = ["-i", seen.split(",")[0]] if seen else []
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", *which]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
        return float(told.split()[0]) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None  # then nobody is told beforehand what does not fit
