"""A bank of rendered clips on disk, so that drawing is paid once: shards of 32 clips, rendered by worker processes.

A shard is a dict of lists over clips; frames stay uint8. Names say what is inside: `train-128-5-00012.pt`.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch

from .clips import Clip, sample_clip
from .expressions import EMOTIONS

SHARD = 32
Example = dict[str, Any]


def as_example(clip: Clip) -> Example:
    """A clip as plain tensors, halves where that is enough."""
    return {
        "frames": clip.frames,
        "reference": clip.reference,
        "own": clip.own,
        "pictures": clip.pictures,
        "audio": clip.audio.half(),
        "masks": clip.masks.half(),
        "openness": clip.openness,
        "mouth_width": clip.mouth_width,
        "blink": clip.blink,
        "emotion": torch.tensor([EMOTIONS.index(e) for e in clip.emotion]),
        "intensity": torch.tensor(clip.intensity),
        "faces": torch.tensor([[f.x, f.y, f.radius] for f in clip.stage.faces]),
        "prompt": clip.stage.prompt(clip.manner),
        "motion": torch.tensor([clip.lift, clip.sway]),
    }


def _write(folder: Path, split: str, size: int, latents: int, index: int) -> Path:
    path = folder / f"{split}-{size}-{latents}-{index:05d}.pt"
    if not path.exists():
        torch.set_num_threads(1)
        shard = [as_example(sample_clip(index * SHARD + i, split, size, latents)) for i in range(SHARD)]
        partial = path.with_suffix(f".{os.getpid()}")
        torch.save(shard, partial)
        partial.replace(path)
    return path


def fill(folder: Path, split: str, size: int, latents: int, shards: int, workers: int, first: int = 0) -> None:
    """Render what is missing of the shards from `first` up to `shards`; safe to stop and start again."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool:
        for job in [pool.submit(_write, folder, split, size, latents, i) for i in range(first, shards)]:
            job.result()


def shards_of(folder: Path, split: str, size: int, latents: int) -> list[Path]:
    """What is there now; a bank can grow while it is read."""
    return sorted(folder.glob(f"{split}-{size}-{latents}-*.pt"))


if __name__ == "__main__":
    import sys

    fill(Path(sys.argv[1]), sys.argv[2], *(int(a) for a in sys.argv[3:]))
