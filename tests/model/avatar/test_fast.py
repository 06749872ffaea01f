"""Steps that call the transformer less: how many calls they save, how far they go from exact, and nothing when off."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from shot import WINDOW, conditions, pipeline
from torch import Generator, Tensor

from model.avatar.denoising import DenoisingState
from model.avatar.guidance import CacheSchedule, Guidance, Sampling
from model.avatar.state_file import load_state, save_state
from model.fast_names import SAMPLED

PIPE = pipeline()
FRAMES = 41  # 11 latents: three windows of 5, which move
STEPS = 20


def sampling(*fast: str, cache: CacheSchedule | None = None) -> Sampling:
    return Sampling(STEPS, Guidance(text_steps=4), cache, fast=fast, mag_ratios=(1.0, 1.02, 0.98))


def run(given: Sampling, state: DenoisingState | None = None) -> tuple[Tensor, int]:
    """The latents, and how many rows went through the transformer."""
    made, fusion = conditions(FRAMES), PIPE.schedule(FRAMES, WINDOW)
    start = state or PIPE.start(made, fusion, Generator().manual_seed(0))
    rows: list[int] = []
    hook = PIPE.transformer.register_forward_pre_hook(
        lambda _, args, kwargs: rows.append(len(kwargs["hidden_states"])), with_kwargs=True
    )
    try:
        return list(PIPE.denoise(made, fusion, given, start))[-1].latents, sum(rows)
    finally:
        hook.remove()


EXACT, ALL = run(sampling())


# Rows saved of 3 windows x 2 branches x 20 steps; of which 16 are in the phase of audio guidance.
@pytest.mark.parametrize(
    ("fast", "rows"),
    [(("cfg-cache",), 120 - 8 * 3), (("taylor",), 6 * (4 + 2 + 4 + 1)), (("cfg-cache", "taylor"), None)],
)
def test_calls_are_saved_and_the_film_stays_near(fast: tuple[str, ...], rows: int | None) -> None:
    assert ALL == 120
    made, count = run(sampling(*fast))
    assert count < ALL if rows is None else abs(count - rows) <= 6
    error = float((made - EXACT).norm() / EXACT.norm())
    assert 0 < error < 0.35


def test_easy_cache_leaves_out_steps_that_change_little_and_no_others() -> None:
    made, count = run(sampling("easy-cache"))
    assert count <= ALL and float((made - EXACT).norm() / EXACT.norm()) < 0.35


def test_off_is_the_same_bits() -> None:
    assert torch.equal(run(Sampling(STEPS, Guidance(text_steps=4), None))[0], EXACT)


@pytest.mark.parametrize("fast", [(name,) for name in SAMPLED] + [("cfg-cache", "taylor")])
@pytest.mark.parametrize("cache", [None, CacheSchedule(first=6, every=3, until=15)])
@pytest.mark.parametrize("stop", [5, 9, 12])
def test_stopped_and_gone_on_it_is_the_same_bits(
    fast: tuple[str, ...], cache: CacheSchedule | None, stop: int, tmp_path: Path
) -> None:
    given = sampling(*fast, cache=cache)
    made, fusion = conditions(FRAMES), PIPE.schedule(FRAMES, WINDOW)
    for state in PIPE.denoise(made, fusion, given, PIPE.start(made, fusion, Generator().manual_seed(0))):
        if state.step == stop:
            save_state(state, tmp_path / "state", "key")
            break
    assert torch.equal(run(given, load_state(tmp_path / "state", "key"))[0], run(given)[0])


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="fast has 'warp'; it takes cfg-cache, taylor, easy-cache"):
        sampling("warp")
    with pytest.raises(ValueError, match="both leave out whole steps"):
        sampling("taylor", "easy-cache")


def test_a_cache_of_diffusers_is_refused_and_told_what_to_take() -> None:
    from diffusers import FirstBlockCacheConfig

    pipe = pipeline()
    pipe.transformer.enable_cache(FirstBlockCacheConfig(threshold=0.1))
    made, fusion = conditions(FRAMES), pipe.schedule(FRAMES, WINDOW)
    with pytest.raises(ValueError, match=r"windows of a film move; .* Sampling\(fast=…\) of cfg-cache"):
        next(iter(pipe.denoise(made, fusion, sampling(), pipe.start(made, fusion, Generator()))))
