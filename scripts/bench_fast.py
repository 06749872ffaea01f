"""What each shortcut of docs/fast.md saves and costs: the small model's films measured, the large one's time counted.

    python scripts/bench_fast.py [--clips 1] [--only counted]

Counted: the release's 50 steps on a transformer of a few thousand weights for 10 s of film; which blocks run, times the
operations of the released model. Measured: the shipped model in 8 steps with audio guidance 1.5, so that every shortcut
has something to leave out, on clips of the drawn world: rows left out, error of the latents, lips.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from tiny import measures
from tiny.reader import load_reader
from tiny.sampling import conditions_of, generate
from torch import Tensor, nn

from dialogue.generators.hardware import VAE_SHARE
from dialogue.generators.hunyuan.costs import BLOCKS, HIDDEN, TEXT, decode_operations, forward_operations
from model.avatar.conditions import Conditions, TextStates
from model.avatar.denoising import denoise, initial_noise
from model.avatar.distilled import Distilled
from model.avatar.fast import warm
from model.avatar.fusion import position_shift
from model.avatar.guidance import Sampling
from model.avatar.sparse_attention import DENSITY
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.fast_names import SAMPLED
from model.grid import WINDOW_LATENTS, latents_for
from model.tiny.tiny import load_tiny, tiny_sampling

SETS: tuple[tuple[str, ...], ...] = (
    (), ("cfg-cache",), ("taylor",), ("easy-cache",), ("first-block",), ("sparse",), ("cfg-cache", "taylor"),
    ("cfg-cache", "sparse"), ("cfg-cache", "taylor", "sparse"),
)  # fmt: skip
LOADED = (("8-bit",), ("distilled",), ("distilled", "8-bit"))
BY_WEIGHTS = ("easy-cache", "first-block")  # what they leave out depends on the weights
WIDTH, HEIGHT, FRAMES = 1216, 704, 250
SPEED = 5.5e14  # operations a second of an H100 or H200, as dialogue/generators/hardware has them


class Counter:
    """Rows that ran the blocks, and rows that ran the last block alone; by whether attention was sparse."""

    def __init__(self, transformer: Any) -> None:
        self.clear()
        self._attention = transformer.transformer_blocks[-1].attn
        self._attention.register_forward_pre_hook(self.whole, with_kwargs=True)
        transformer.register_forward_pre_hook(self.cached, with_kwargs=True)

    def clear(self) -> None:
        self.dense = self.sparse = self.last = 0

    def whole(self, _: nn.Module, args: tuple[object, ...], given: dict[str, Tensor]) -> None:
        rows = len(given["hidden_states"])
        if self._attention.processor.sparse is None:
            self.dense += rows
        else:
            self.sparse += rows

    def cached(self, _: nn.Module, args: tuple[object, ...], given: dict[str, Any]) -> None:
        self.last += len(given["hidden_states"]) if given.get("block_cache") is not None else 0


def measured(clips: int) -> None:
    """Rows, error and lips of the shipped model."""
    pipeline = load_tiny()
    counter = Counter(pipeline.transformer)
    reader = load_reader(Path(__file__).parent / "tiny" / "reader.pt")
    usual = tiny_sampling(8, 1.5)
    examiner = measures.Examiner(pipeline, reader, 0, usual)
    shown = [examiner.clip(number, (True,)) for number in range(clips)]
    shown += [examiner.clip(1000 + number, (True, False)) for number in range(clips)]
    given = [conditions_of(pipeline, clip) for clip in shown]
    exact: list[Tensor] = []
    print("\n| fast | rows | error of the latents | single | speaker | silent |\n|---|---|---|---|---|---|")
    for names in SETS:
        counter.clear()
        found: dict[str, list[float]] = {name: [] for name in ("error", "single", "speaker", "silent")}
        for number, clip in enumerate(shown):
            film, latents = generate(pipeline, given[number], replace(usual, fast=names))
            if not names:
                exact.append(latents)
            found["error"].append(float((latents - exact[number]).norm() / exact[number].norm()))
            reads = [examiner.read(film, face)[0] for face in clip.stage.faces]
            right = measures.correlation(reads[0], clip.openness[0])
            if len(reads) == 1:
                found["single"].append(right)
            else:
                found["speaker"].append(right)
                found["silent"].append(float(reads[1].std() / reads[0].std().clamp(min=1e-6)))
        rows = counter.dense + counter.sparse
        figures = " | ".join(f"{sum(values) / len(values):.3f}" for values in found.values())
        print(f"| {', '.join(names) or 'exact'} | {rows} | {figures} |", flush=True)


def operations(dense: float, sparse: float, last: float, linear: float = 1.0) -> float:
    """Of rows of the released model; `linear`: what its linear layers cost of what they do in 16 bits."""
    whole = forward_operations(WIDTH, HEIGHT, WINDOW_LATENTS)
    frame = (WIDTH // 16) * (HEIGHT // 16)
    tokens = frame * (WINDOW_LATENTS + 1) + TEXT
    attention = BLOCKS * 4 * tokens**2 * HIDDEN
    video = frame * WINDOW_LATENTS / tokens  # the rest is attended to by all and attends to all
    carved = attention * (1 - video**2 * (1 - DENSITY))
    others = (whole - attention) * linear
    return (dense + last / BLOCKS) * (attention + others) + sparse * (carved + others)


@dataclass(frozen=True)
class Rows:
    """Of 10 s of film: rows that ran all blocks, densely or sparsely, and rows of the last block alone."""

    names: tuple[str, ...]
    dense: int
    sparse: int
    last: int

    def seconds(self, dense: float, sparse: float) -> float:
        """By what a row takes, densely and sparsely."""
        return (self.dense + self.last / BLOCKS) * dense + self.sparse * sparse


def rows_counted() -> Iterator[Rows]:
    """Of each set of names, but of those where it depends on the weights, under the release's sampling."""
    network = _little()
    counter, latents = Counter(network), latents_for(FRAMES)
    text = TextStates(torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.long), torch.randn(1, 8))
    reference = torch.randn(1, 4, WINDOW_LATENTS, 4, 4)
    audio = torch.randn(1, 1, FRAMES, 10, 1, 4)
    conditions = Conditions(text, reference, audio, torch.ones(1, 1, 1, 4, 4), text)
    fusion = position_shift(latents, WINDOW_LATENTS, 5)
    for names in (*SETS, *LOADED):
        if set(BY_WEIGHTS) & set(names):
            continue
        counter.clear()
        start = initial_noise(fusion, 4, 4, 4, torch.Generator().manual_seed(0))
        sampling = Sampling(50, fast=tuple(name for name in names if name in SAMPLED))
        if "distilled" in names:
            sampling = Distilled().sampling(sampling)
        for _ in denoise([network], FlowMatchEulerDiscreteScheduler(shift=5), conditions, fusion, sampling, start):
            pass
        yield Rows(names, counter.dense, counter.sparse, counter.last)


def counted() -> None:
    """What the rows take on one card at the speed that published runs sustain."""
    decoding = decode_operations(WIDTH, HEIGHT, FRAMES) / (SPEED * VAE_SHARE)
    print("| fast | rows of all blocks | of them sparse | of the last block | seconds, H100 or H200 | times |")
    print("|---|---|---|---|---|---|")
    first = 0.0
    for rows in rows_counted():
        linear = 0.5 if "8-bit" in rows.names else 1.0
        seconds = operations(rows.dense, rows.sparse, rows.last, linear) / SPEED + decoding
        first = first or seconds
        counts = f"{rows.dense + rows.sparse} | {rows.sparse} | {rows.last}"
        print(f"| {', '.join(rows.names) or 'exact'} | {counts} | {seconds:.0f} | {first / seconds:.2f} |", flush=True)
    print(f"\n{warm(50)} steps at the start run whole and dense.", flush=True)


def _little() -> HunyuanVideoAvatarTransformer3DModel:
    torch.manual_seed(0)
    return HunyuanVideoAvatarTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=1, attention_head_dim=16, num_layers=2, num_single_layers=1,
        num_refiner_layers=1, rope_axes_dim=(4, 6, 6), text_embed_dim=8, pooled_projection_dim=8, audio_channels=4,
        audio_feature_layers=1, audio_intermediate_dim=8, audio_adapter_dim=8,
    ).eval()  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1, help="of one person, and as many of two")
    parser.add_argument("--only", choices=("counted", "measured"))
    asked = parser.parse_args()
    if asked.only != "measured":
        counted()
    if asked.only != "counted":
        measured(asked.clips)


if __name__ == "__main__":
    main()
