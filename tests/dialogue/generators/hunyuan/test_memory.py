"""The memory that is counted is the memory that is taken: at small size measured, at full size by the same formula."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor

from dialogue.generators.hunyuan import costs

sys.path.insert(0, str(Path(__file__).parents[4] / "scripts"))
from live_bytes import LiveBytes  # noqa: E402

SMALL = {
    "num_attention_heads": 4,
    "attention_head_dim": 64,
    "rope_axes_dim": (16, 24, 24),
    "num_layers": 2,
    "num_single_layers": 3,
    "text_embed_dim": 32,
    "pooled_projection_dim": 16,
    "audio_channels": 8,
    "audio_feature_layers": 2,
    "audio_intermediate_dim": 16,
    "audio_adapter_dim": 32,
}
WINDOW, CELLS, TEXT = 5, 24, 20


def measured(frames: int, rows: int, elsewhere: bool = False) -> tuple[int, costs.Sizes]:
    """The peak of a shot with the block cache, float32, and what decides it.

    `elsewhere`: the first step alone, its cache on another device, from which nothing can be read here.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler

    from model.avatar.conditions import Conditions, TextStates
    from model.avatar.denoising import denoise, initial_noise
    from model.avatar.fusion import fusion_for
    from model.avatar.guidance import CacheSchedule, Sampling
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel

    transformer = HunyuanVideoAvatarTransformer3DModel(**SMALL).eval()
    transformer.set_chunk(64)
    text = TextStates(torch.randn(1, TEXT, 32), torch.ones(1, TEXT), torch.randn(1, 16))
    mask = torch.zeros(1, 1, 1, CELLS, CELLS)
    mask[..., :8, :8] = 1
    given = Conditions(text, torch.randn(1, 16, 1, CELLS, CELLS), torch.randn(1, 1, frames, 10, 2, 8), mask, text)
    fusion = fusion_for(frames, WINDOW, 2)
    start = initial_noise(fusion, 16, CELLS, CELLS, Generator().manual_seed(0))
    sampling = Sampling(3, cache=CacheSchedule(first=1, every=9))
    options = {"cache_device": torch.device("meta")} if elsewhere else {}
    scheduler = FlowMatchEulerDiscreteScheduler(shift=5)
    with LiveBytes() as live:
        live.add(start.latents)
        for state in denoise([transformer], scheduler, given, fusion, sampling, start, rows, **options):
            assert isinstance(state.latents, Tensor)
            if elsewhere:
                assert state.cache is not None and state.cache.video.is_meta
                break
    latents = fusion.ring
    decided = costs.Sizes(
        (CELLS // 2) ** 2, latents, WINDOW, len(fusion.starts), 1, TEXT, 256, 64, 1, 32, 16, 16, number=4
    )
    return live.peak, decided


@pytest.mark.parametrize("frames", [17, 57, 157])
@pytest.mark.parametrize("rows", [1, 2])
def test_the_counted_peak_is_the_measured_one_within_a_tenth(frames: int, rows: int) -> None:
    peak, decided = measured(frames, rows)
    counted = costs.working_bytes(decided, rows) + costs.cache_bytes(decided)
    assert counted == pytest.approx(peak, rel=0.1), f"counted {counted / peak:.2f} of the measured"


def test_a_cache_elsewhere_is_not_among_what_is_here() -> None:
    peak, decided = measured(157, 1, elsewhere=True)
    earlier = 16 * CELLS**2 * decided.latents * 4  # the first step has no earlier latents beside its own
    assert costs.working_bytes(decided, 1) - earlier == pytest.approx(peak, rel=0.1)


@pytest.mark.parametrize(
    ("card", "memory", "eight_bits"), [(80e9, "high", False), (24e9, "balanced", False), (12e9, "low", True)]
)
def test_half_a_minute_at_the_largest_size_fits(card: float, memory: str, eight_bits: bool) -> None:
    shot = costs.sizes(1216, 704, 750, 33)
    assert costs.peak_bytes(shot, memory, eight_bits) < costs.ROOM * card


def test_memory_is_chosen_by_the_shot() -> None:
    def way(seconds: float, card: float) -> tuple[str, bool] | None:
        return costs.fitting(costs.sizes(1216, 704, round(25 * seconds), 33), card)

    assert way(5, 80e9) == ("high", False)
    assert way(60, 80e9) == ("high", False)
    assert way(90, 80e9) == ("high", True), "the cache waits on the host before the weights do"
    assert way(30, 24e9) == ("balanced", False)
    assert way(60, 24e9) == ("balanced", True)
    assert way(5, 12e9) is not None
    assert way(5, 4e9) is None


def test_the_longest_shot_fits_and_a_longer_one_does_not() -> None:
    frames = costs.longest(1216, 704, 33, 10e9)
    assert frames > 0
    assert costs.fitting(costs.sizes(1216, 704, frames, 33), 10e9) is not None
    assert costs.fitting(costs.sizes(1216, 704, frames + 132, 33), 10e9) is None
    assert costs.longest(1216, 704, 33, 4e9) == 0


def test_a_shot_moves_its_cache_to_the_host_or_says_how_long_one_may_be(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from dialogue.generators.hunyuan.placing import Way, way_of
    from dialogue.generators.hunyuan.settings import Settings
    from dialogue.ground.errors import DialogueError

    job = SimpleNamespace(width=1216, height=704, frames=1500, lanes=(1,))  # of a job, what memory depends on

    def way(memory: str | None, card: float | None) -> Way:
        return way_of(job, Settings(tmp_path, memory), card)  # type: ignore[arg-type]

    assert way("balanced", 40e9) == Way("balanced", False)
    assert way("balanced", 24e9) == Way("balanced", True)
    assert way("low", 12e9) == Way("low", True)
    assert way("balanced", None) == Way("balanced", False)
    assert way(None, 80e9) == Way("high", False)
    assert way(None, 24e9) == Way("balanced", True)
    with pytest.raises(DialogueError, match=r"1500 frames of 1216x704 need .* GB with high memory"):
        way("high", 24e9)


def test_the_weights_are_held_as_the_shot_needs_them() -> None:
    from dialogue.generators.hunyuan.placing import Held
    from model.memory import MEMORY, MemoryPlan

    read: list[MemoryPlan] = []
    held = Held(lambda plan: read.append(plan) or object())  # type: ignore[arg-type,return-value,func-returns-value]
    first = held.at("high")
    assert held.at("high") is first
    balanced = held.at("balanced")
    assert balanced is not first and held.at("high") is balanced, "the numbers are alike: nothing is read again"
    rounded = held.at("low")
    assert held.at("high") is not rounded, "a shot that fits is not made of rounded weights"
    assert read == [MEMORY["high"], MEMORY["balanced"], MEMORY["low"], MEMORY["high"]]


def test_the_estimate_names_the_mode_of_the_shot_and_the_clip_knows_what_was_rounded() -> None:
    large = costs.estimate(1216, 704, 750, 30, 50, 33, None, card=80e9)
    small = costs.estimate(1216, 704, 750, 30, 50, 33, None, card=24e9)
    rounded = costs.estimate(1216, 704, 750, 30, 50, 33, None, card=9.2e9)
    assert (large.mode, small.mode, rounded.mode) == ("high", "balanced", "low")
    assert large.memory <= costs.ROOM * 80e9 and small.memory <= costs.ROOM * 24e9
    assert costs.estimate(1216, 704, 750, 30, 50, 33, "balanced", card=80e9).mode == "balanced"


def test_the_card_is_asked_of_the_drivers_own_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dialogue.generators import hardware

    tool = tmp_path / "nvidia-smi"
    tool.write_text('#!/bin/sh\n[ "$3" = "-i" ] && [ "$4" = 3 ] && echo 24564 || echo 81559\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(hardware, "machine", lambda: hardware.Machine("a card", 1e14, True))
    for seen, size in (("", 81559), ("3,1", 24564)):
        hardware.card_bytes.cache_clear()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", seen)
        assert hardware.card_bytes() == size * 2**20
    hardware.card_bytes.cache_clear()
    tool.write_text("#!/bin/sh\nexit 9\n")
    assert hardware.card_bytes() is None
    hardware.card_bytes.cache_clear()
