"""What each shortcut of docs/fast.md saves and costs: the small model's film measured, the large one's seconds counted.

    python scripts/bench_fast.py [--count 2]

The first table samples the shipped model in 8 steps with audio guidance 1.5, so that every shortcut has something to
leave out, and measures lips on the drawn world. The second runs the release's 50 steps on a transformer of a few
thousand weights for 10 s of film, counts which forwards run, and multiplies by the operations of the released model.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from tiny import measures
from tiny.reader import load_reader
from tiny.sampling import conditions_of, generate
from torch import Tensor

from dialogue.generators.hunyuan.costs import BLOCKS, decode_operations, forward_operations
from model.avatar.conditions import Conditions, TextStates
from model.avatar.denoising import denoise, initial_noise
from model.avatar.fusion import position_shift
from model.avatar.guidance import Sampling
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.grid import WINDOW_LATENTS, latents_for
from model.tiny.tiny import load_tiny, tiny_sampling

SETS = ((), ("cfg-cache",), ("taylor",), ("easy-cache",), ("cfg-cache", "taylor"), ("cfg-cache", "easy-cache"))
WIDTH, HEIGHT, FRAMES = 1216, 704, 250
SPEED, VAE_SPEED = 5.5e14, 0.15 * 5.5e14  # of H100 and H200, as dialogue/generators/hardware has them


class Counter:
    """Rows that went through a transformer: whole, and on cached tokens."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        self.whole = self.cached = 0
        transformer.register_forward_pre_hook(self.count, with_kwargs=True)

    def count(self, _: torch.nn.Module, args: tuple[object, ...], given: dict[str, Tensor]) -> None:
        rows = len(given["hidden_states"])
        if given.get("block_cache") is None:
            self.whole += rows
        else:
            self.cached += rows


def small_model(count: int) -> None:
    """Rows, error and lips of the shipped model."""
    pipeline = load_tiny()
    counter = Counter(pipeline.transformer)
    reader = load_reader(Path(__file__).parent / "tiny" / "reader.pt")
    usual = tiny_sampling(8, 1.5)
    examiner = measures.Examiner(pipeline, reader, 0, usual)
    given = conditions_of(pipeline, examiner.clip(0, (True,)))
    _, exact = generate(pipeline, given, usual)
    print("| fast | rows | error of the latents | single | speaker | silent | own | other |")
    for names in SETS:
        chosen = replace(usual, fast=names)
        counter.whole = 0
        _, latents = generate(pipeline, given, chosen)
        rows, error = counter.whole, float((latents - exact).norm() / exact.norm())
        lips = measures.lips(replace(examiner, sampling=chosen), count)
        figures = " | ".join(f"{lips[name]:.3f}" for name in ("single", "speaker", "silent", "own", "other"))
        print(f"| {', '.join(names) or 'exact'} | {rows} | {error:.3f} | {figures} |", flush=True)


def counted() -> None:
    """Forwards of 10 s under the release's sampling, and what they take on one card."""
    torch.manual_seed(0)
    network = HunyuanVideoAvatarTransformer3DModel(
        in_channels=4, out_channels=4, num_attention_heads=1, attention_head_dim=16, num_layers=2, num_single_layers=1,
        num_refiner_layers=1, rope_axes_dim=(4, 6, 6), text_embed_dim=8, pooled_projection_dim=8, audio_channels=4,
        audio_feature_layers=1, audio_intermediate_dim=8, audio_adapter_dim=8,
    ).eval()  # fmt: skip
    counter, latents = Counter(network), latents_for(FRAMES)
    text = TextStates(torch.randn(1, 4, 8), torch.ones(1, 4, dtype=torch.long), torch.randn(1, 8))
    conditions = Conditions(
        text,
        torch.randn(1, 4, WINDOW_LATENTS, 4, 4),
        torch.randn(1, 1, FRAMES, 10, 1, 4),
        torch.ones(1, 1, 1, 4, 4),
        text,
    )
    fusion = position_shift(latents, WINDOW_LATENTS, 5)
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=5)
    decoding = decode_operations(WIDTH, HEIGHT, FRAMES) / VAE_SPEED
    print("\n| fast | whole forwards | on cached tokens | minutes for 10 s at 704x1216, H100 or H200 | times |")
    first = 0.0
    for names in SETS:
        if "easy-cache" in names:
            continue  # what it leaves out depends on the weights
        counter.whole = counter.cached = 0
        start = initial_noise(fusion, 4, 4, 4, torch.Generator().manual_seed(0))
        for _ in denoise([network], scheduler, conditions, fusion, Sampling(50, fast=names), start):
            pass
        work = (counter.whole + counter.cached / BLOCKS) * forward_operations(WIDTH, HEIGHT, WINDOW_LATENTS)
        minutes = (work / SPEED + decoding) / 60
        first = first or minutes
        row = f"{counter.whole} | {counter.cached} | {minutes:.1f} | {first / minutes:.2f}"
        print(f"| {', '.join(names) or 'exact'} | {row} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--count", type=int, default=2, help="how many of each kind of clip are watched")
    counted()
    small_model(parser.parse_args().count)


if __name__ == "__main__":
    main()
