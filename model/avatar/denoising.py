"""The denoising of one shot: windows on a ring, guidance, block cache, one Euler step at a time.

Shapes: C latent channels, R latents of the ring, T latents of a window, h/w latent cells.

Windows of one step do not depend on each other: they run in batches, in any order, on several copies of the
transformer. Between steps there is only a `DenoisingState`, which can be saved and resumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from einops import rearrange
from torch import Tensor

from model.avatar.conditions import Conditions
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Sampling, StepGuidance
from model.avatar.token_cache import TokenCache, write
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.avatar.windows import Row, RowOutput, ShotContext, StepContext, masks_of, prepare, run_rows
from model.memory import execution_device

Transformers = Sequence[HunyuanVideoAvatarTransformer3DModel]


@dataclass(frozen=True, eq=False)
class DenoisingState:
    """A shot after `step` steps. `cache` is there when the next step runs on it."""

    step: int
    latents: Tensor  # (1, C, R, h, w), float32
    cache: TokenCache | None = None


def initial_noise(
    fusion: FusionSchedule, channels: int, height: int, width: int, generator: torch.Generator
) -> DenoisingState:
    """Step 0: standard normal latents for the ring, drawn on the CPU so that every device starts alike."""
    return DenoisingState(0, torch.randn(1, channels, fusion.ring, height, width, generator=generator))


def timesteps_of(scheduler: FlowMatchEulerDiscreteScheduler, steps: int) -> FlowMatchEulerDiscreteScheduler:
    """A scheduler set to the release's sigmas: shift u / (1 + (shift - 1) u) for u from 1 down to 0 in `steps` steps.

    diffusers' own `set_timesteps(steps)` ends at another sigma, which makes the steps differ by up to 0.1.
    """
    fresh = FlowMatchEulerDiscreteScheduler.from_config(scheduler.config)
    fresh.set_timesteps(sigmas=np.linspace(1, 0, steps + 1)[:-1].tolist())
    return fresh


@torch.no_grad()
def denoise(
    transformers: Transformers,
    scheduler: FlowMatchEulerDiscreteScheduler,
    conditions: Conditions,
    fusion: FusionSchedule,
    sampling: Sampling,
    state: DenoisingState,
    rows_per_batch: int = 2,
    cache_device: torch.device | None = None,
) -> Iterator[DenoisingState]:
    """Run the steps that `state` has left; yields the state after each.

    Args:
        transformers: one, or copies of it on several devices, which share the windows of a step.
        scheduler: of it the config is used: `shift` is 5 in the release.
        rows_per_batch: rows of one forward; 2 is both branches of one window.
        cache_device: where block outputs wait between steps; None: with the first transformer.
    """
    scheduler = timesteps_of(scheduler, sampling.steps)
    scheduler.set_begin_index(state.step)
    shot = prepare(transformers[0], conditions, fusion)
    while state.step < sampling.steps:
        number, timestep = state.step, scheduler.timesteps[state.step]
        guidance = sampling.guidance.at(number, sampling.steps)
        branches = (False, True) if guidance.guided else (True,)
        reuse = None if sampling.full(number) else state.cache
        if reuse is not None and not set(branches) <= set(reuse.branches):
            reuse = None
        needed = number + 1 < sampling.steps and not sampling.full(number + 1)
        negative = conditions.negative if guidance.negative_text else None
        step = StepContext(
            state.latents, timestep, guidance.mask_factor, negative or conditions.text, reuse, needed and reuse is None
        )
        rows = [
            Row(window, start, latents, branch)
            for window, (start, latents) in enumerate(zip(fusion.shifted(number), fusion.windows(number), strict=True))
            for branch in branches
        ]
        outputs = _dealt(transformers, shot, sampling, step, rows, rows_per_batch)
        velocity = _fused(shot, sampling, guidance, rows, outputs, state)
        latents = scheduler.step(velocity, timestep, state.latents, return_dict=False)[0]
        cache = (
            _cached(fusion, number, branches, outputs, cache_device or execution_device(transformers[0]))
            if step.keep
            else reuse
        )
        state = DenoisingState(number + 1, latents, cache if needed else None)
        yield state


def _dealt(
    transformers: Transformers, shot: ShotContext, sampling: Sampling, step: StepContext, rows: Sequence[Row],
    rows_per_batch: int,
) -> list[RowOutput]:  # fmt: skip
    """All rows in batches, dealt to the transformers in turn; the outputs in the order of the rows."""
    batches = [rows[first : first + rows_per_batch] for first in range(0, len(rows), rows_per_batch)]
    count = len(transformers)
    kind = execution_device(transformers[0]).type
    lower = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None

    @torch.no_grad()  # grad mode is each thread's own, and so is autocast
    def hand(number: int) -> list[list[RowOutput]]:
        mine = batches[number::count]
        with torch.autocast(kind, lower, enabled=lower is not None):
            return [run_rows(transformers[number], shot, sampling, step, batch) for batch in mine]

    if count == 1:
        return [output for outputs in hand(0) for output in outputs]
    with ThreadPoolExecutor(count) as pool:
        hands = list(pool.map(hand, range(count)))
    return [output for number in range(len(batches)) for output in hands[number % count][number // count]]


def _fused(
    shot: ShotContext,
    sampling: Sampling,
    guidance: StepGuidance,
    rows: Sequence[Row],
    outputs: Sequence[RowOutput],
    state: DenoisingState,
) -> Tensor:
    """The velocity of the ring (1, C, R, h, w): guided windows, averaged where they overlap.

    To average velocities and step once is to average the stepped windows, as the release does.
    """
    ring = torch.zeros_like(state.latents)
    branches = 2 if guidance.guided else 1
    for first in range(0, len(rows), branches):
        velocity = outputs[first + branches - 1].velocity
        if guidance.guided:
            excess = velocity - outputs[first].velocity
            if sampling.guidance.inside_masks:
                union = masks_of(shot, rows[first : first + 1]).sum(dim=1, keepdim=True).clamp(max=1)
                velocity = velocity + (guidance.scale - 1) * union.to(excess) * excess
            else:
                velocity = outputs[first].velocity + guidance.scale * excess
        ring[:, :, list(rows[first].latents)] += velocity
    counts = torch.tensor(shot.fusion.counts(state.step), dtype=ring.dtype, device=ring.device)
    fused: Tensor = ring / rearrange(counts, "r -> r 1 1")
    return fused


def _cached(
    fusion: FusionSchedule,
    step: int,
    branches: Sequence[bool],
    outputs: Sequence[RowOutput],
    device: torch.device,
) -> TokenCache:
    """The tokens of a full step, by branch and window."""
    tokens = [
        [output.tokens for output in outputs[branch :: len(branches)] if output.tokens is not None]
        for branch in range(len(branches))
    ]
    return write(branches, tokens, fusion.windows(step), fusion.owners(step), device)
