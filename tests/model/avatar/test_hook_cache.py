"""diffusers' step caches on moving windows: their own numbers where windows stay, by latent where they move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from shot import WINDOW, conditions, pipeline
from torch import Tensor

from model.avatar import hook_cache
from model.avatar.denoising import DenoisingState
from model.avatar.guidance import Guidance, Sampling
from model.avatar.hook_cache import HookMemory, HookStep
from model.fast_names import HOOKED

PIPE = pipeline()
FRAMES, STEPS = 41, 6  # 11 latents: three windows of 5
WINDOWS = 3
RATIOS = (1.0, 1.1, 0.95, 0.9, 1.05, 0.97)


def run(*fast: str, offset: int = 2, frames: int = FRAMES, text_steps: int = 2) -> tuple[list[DenoisingState], int]:
    """The states of a film, and how many rows ran a block in the middle."""
    made, fusion = conditions(frames), PIPE.schedule(frames, WINDOW, offset)
    ran: list[None] = []
    middle = PIPE.transformer.transformer_blocks[2].attn
    handle = middle.register_forward_pre_hook(lambda *_: ran.append(None))
    sampling = Sampling(STEPS, Guidance(text_steps=text_steps), None, fast=fast, mag_ratios=RATIOS)
    start = PIPE.start(made, fusion, torch.Generator().manual_seed(0))
    try:
        return list(PIPE.denoise(made, fusion, sampling, start, rows_per_batch=1)), len(ran)
    finally:
        handle.remove()


def threshold(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    monkeypatch.setattr(hook_cache, "FIRST_BLOCK", value)
    monkeypatch.setattr(hook_cache, "MAGNITUDE", value)


@pytest.mark.parametrize("name", HOOKED)
def test_a_threshold_of_nothing_is_exact(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    threshold(monkeypatch, 0.0)
    (exact, all_rows), (hooked, rows) = run(), run(name)
    assert rows == all_rows == WINDOWS * 2 * STEPS
    assert torch.equal(exact[-1].latents, hooked[-1].latents)
    assert not PIPE.transformer.is_cache_enabled, "the transformer is left as it was"


@pytest.mark.parametrize(("name", "value"), [("first-block", 0.3), ("mag-cache", 0.06)])
def test_where_windows_stay_it_is_what_diffusers_does(
    name: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    threshold(monkeypatch, value)
    still: dict[str, Any] = {"offset": 0, "frames": 57, "text_steps": 0}  # 15 latents: windows that do not overlap
    ours, rows = run(name, **still)
    assert WINDOWS * 2 < rows < WINDOWS * 2 * STEPS, "some are left out and some are not"

    def plain(_: HookStep, transformer: Any, branch: bool, window: int, run_row: Callable[[], Any]) -> Any:
        with transformer.cache_context(f"{branch} {window}"):
            return run_row()

    monkeypatch.setattr(HookStep, "row", plain)
    monkeypatch.setattr(HookStep, "memory", lambda _: None)
    theirs, count = run(name, **still)
    assert count == rows and torch.equal(ours[-1].latents, theirs[-1].latents)


@pytest.mark.parametrize("name", HOOKED)
@pytest.mark.parametrize("offset", [2, 3])
def test_what_is_remembered_stays_with_its_latent(name: str, offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    threshold(monkeypatch, 1e9)
    states, rows = run(name, offset=offset)
    assert rows == 2 * WINDOWS * 2, "once in each phase of guidance"

    def kept(state: DenoisingState) -> list[Tensor]:
        assert state.past is not None and isinstance(state.past.hooks, HookMemory)
        return [cache.video for branch in (False, True) for cache in state.past.hooks.branches[branch]]

    for earlier, later in ((states[0], states[1]), (states[2], states[-1])):
        assert all(torch.equal(a, b) for a, b in zip(kept(earlier), kept(later), strict=True))
    assert not torch.equal(kept(states[1])[0], kept(states[2])[0])


@pytest.mark.parametrize("name", HOOKED)
def test_with_guidance_borrowed_the_branch_that_rests_is_remembered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    threshold(monkeypatch, 1e9)
    states, rows = run("cfg-cache", name)
    assert rows == 2 * WINDOWS * 2 and set(states[-1].past.hooks.branches) == {False, True}  # type: ignore[union-attr]


def test_an_error_leaves_the_transformer_as_it_was() -> None:
    made, fusion = conditions(FRAMES), PIPE.schedule(FRAMES, WINDOW)
    start = PIPE.start(made, fusion, torch.Generator().manual_seed(0))
    steps = PIPE.denoise(made, fusion, Sampling(STEPS, fast=("first-block",)), start)
    next(steps)
    assert PIPE.transformer.is_cache_enabled
    steps.close()
    assert not PIPE.transformer.is_cache_enabled


def test_magnitudes_are_measured_while_every_step_runs() -> None:
    made, fusion = conditions(57), PIPE.schedule(57, WINDOW, 0)
    start = PIPE.start(made, fusion, torch.Generator().manual_seed(0))
    sampling = Sampling(STEPS, Guidance(text_steps=0), None, fast=("mag-cache",), mag_ratios=())
    *_, last = PIPE.denoise(made, fusion, sampling, start)
    residuals: list[Tensor] = []
    blocks = PIPE.transformer.transformer_blocks[0], PIPE.transformer.single_transformer_blocks[-1]
    entered: list[Tensor] = []
    hooks = [
        blocks[0].register_forward_pre_hook(lambda _, given: entered.append(given[0])),
        blocks[1].register_forward_hook(lambda _, given, out: residuals.append(out[0] - entered[-1])),
    ]
    exact = Sampling(STEPS, Guidance(text_steps=0), None)
    *_, plain = PIPE.denoise(made, fusion, exact, start, rows_per_batch=1)
    for hook in hooks:
        hook.remove()
    assert torch.equal(last.latents, plain.latents), "measuring changes nothing"
    conditional = [residuals[number :: 2 * WINDOWS] for number in (1, 3, 5)]
    norms = [[tensor.norm(dim=-1) for tensor in window] for window in conditional]
    wanted = [1.0] + [
        float(torch.stack([(window[step] / window[step - 1]).mean() for window in norms]).mean())
        for step in range(1, STEPS)
    ]
    assert last.past is not None and last.past.ratios == pytest.approx(wanted, rel=1e-4)


def test_without_ratios_it_is_refused() -> None:
    with pytest.raises(ValueError, match="mag-cache, which needs mag_ratios of these weights: see docs/fast.md"):
        Sampling(STEPS, fast=("mag-cache",))
