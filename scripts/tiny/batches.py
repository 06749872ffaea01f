"""What the transformer learns from: windows cut out of encoded clips, with all that is known about them.

Shapes: B examples, S faces, T latent frames, F = 4T frames heard, C channels, h x w cells, K emotion tokens of X
channels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from model.tiny.emotion import TinyEmotionNetwork
from model.tiny.log_mel import BANDS
from model.tiny.sentence_text import SentenceText

from .latents import latents_of

Example = dict[str, Any]
TEXT_DROPOUT, EMOTION_DROPOUT = 0.15, 0.15


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from; the first axis of every field is the batch."""

    latents: Tensor  # (B, C, T, h, w)
    reference: Tensor  # (B, C, 1, h, w)
    audio: Tensor  # (B, S, F, 10, 1, 84)
    masks: Tensor  # (B, S, 1, h, w)
    emotion: Tensor  # (B, S, 1, K, X)
    emotion_weight: Tensor  # (B, S, 1, 1): 1 where an emotion is asked for
    tokens: Tensor  # (B, L)
    motion: Tensor  # (B, 2): expression, pose
    weights: Tensor  # (B, 1, 1, h, w) of errors
    origin: Tensor  # (B, 4): the window's first latent, its top and left cell, and 1 where an emotion is asked for


def _heard(clip: Example, first: int, latents: int) -> Tensor:
    """What a window of latents hears: all frames of every latent."""
    held = torch.arange(4 * first - 3, 4 * (first + latents) - 3).clamp(min=0)
    return clip["audio"][:, held]


def _corner(clip: Example, rng: np.random.Generator, crop: int) -> tuple[int, int]:
    """Where a crop begins, so that most of the face is in it."""
    height, width = clip["weights"].shape
    x, y, _ = (clip["faces"][0] / 8).tolist()
    top, left = (round(c - crop / 2 + rng.uniform(-1.6, 1.6)) for c in (y + 0.2, x))
    return int(np.clip(top, 0, height - crop)), int(np.clip(left, 0, width - crop))


def make_batch(clips: list[Example], rng: np.random.Generator, latents: int, crop: int | None, emotions: bool) -> Batch:
    """Cut one window out of every clip; `crop` None takes the whole picture."""
    most = max(len(clip["faces"]) for clip in clips)
    rows: dict[str, list[Tensor]] = {name: [] for name in Batch.__dataclass_fields__}
    for clip in clips:
        felt = emotions and rng.random() >= EMOTION_DROPOUT
        video, reference = (clip["latents"], clip["reference"]) if felt else (clip["own_latents"], clip["own"])
        first = int(rng.integers(0, video.shape[1] - latents + 1))
        video, audio = video[:, first : first + latents], _heard(clip, first, latents)
        masks, weights, top, left = clip["masks"], clip["weights"], 0, 0
        if crop is not None:
            top, left = _corner(clip, rng, crop)
            window = (Ellipsis, slice(top, top + crop), slice(left, left + crop))
            video, reference, masks, weights = video[window], reference[window], masks[window], weights[window]
        faces, spare = len(masks), most - len(masks)
        masks = masks.clone()
        if bool(clip["unmoved"].any()) and rng.random() < 0.5 and not felt:
            masks[clip["unmoved"]] = 0  # a face that is nobody's: it must stay as it is
        if rng.random() < 0.5:  # silence is also said with zeros, which is what the unconditional branch hears
            audio = audio * ~clip["unmoved"].view(-1, 1, 1, 1, 1)
        rows["latents"].append(video)
        rows["reference"].append(reference[:, None])
        rows["audio"].append(nn.functional.pad(audio, (0, 0) * 4 + (0, spare)))
        rows["masks"].append(nn.functional.pad(masks[:, None], (0, 0) * 3 + (0, spare)))
        rows["emotion"].append(nn.functional.pad(clip["emotion_tokens"][:, None], (0, 0) * 3 + (0, spare)))
        rows["emotion_weight"].append(
            nn.functional.pad(torch.full((faces, 1, 1), float(felt)), (0, 0) * 2 + (0, spare))
        )
        rows["tokens"].append(torch.zeros_like(clip["tokens"]) if rng.random() < TEXT_DROPOUT else clip["tokens"])
        rows["motion"].append(clip["motion"])
        rows["weights"].append(weights[None, None])
        rows["origin"].append(torch.tensor([first, top, left, int(felt)]))
    stacked = {name: torch.stack(values) for name, values in rows.items()}
    return Batch(**{name: v if v.dtype == torch.long else v.float() for name, v in stacked.items()})


def prepare_clips(clips: list[Example], text: SentenceText, network: TinyEmotionNetwork) -> list[Example]:
    """Adds what is the same whenever a clip is used: text ids and emotion tokens."""
    with torch.no_grad():
        for clip in clips:
            clip["unmoved"] = clip["audio"][..., :BANDS].amax(dim=(1, 2, 3, 4)) == 0
            clip["tokens"] = text.tokens([clip["prompt"]])[0]
            clip["emotion_tokens"] = network(clip.pop("pictures").float()).half()
    return clips


class Bank:
    """Encoded clips in memory; `more` gives those that have come since."""

    def __init__(self, more: Callable[[], list[Example]]) -> None:
        self.clips: list[Example] = []
        self.more = more
        self.refresh()

    def refresh(self) -> None:
        self.clips += self.more()

    def draw(self, rng: np.random.Generator, count: int) -> list[Example]:
        return [self.clips[int(i)] for i in rng.integers(0, len(self.clips), count)]


def bank_on_disk(
    folder: Path, split: str, size: int, latents: int, text: SentenceText, network: TinyEmotionNetwork
) -> Bank:
    """The encoded shards of a folder; new ones join as they appear."""
    seen: set[Path] = set()

    def more() -> list[Example]:
        fresh = [path for path in latents_of(folder, split, size, latents) if path not in seen]
        seen.update(fresh)
        return [c for path in fresh for c in prepare_clips(torch.load(path, weights_only=True), text, network)]

    return Bank(more)
