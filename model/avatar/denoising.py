"""The denoising of one shot: windows on a ring, guidance, block cache, one Euler step at a time.

Shapes: C latent channels, R latents of the ring, T latents of a window, h/w latent cells.

Windows of one step do not depend on each other: they run in batches, in any order, on several copies of the
transformer. Between steps there is only a `DenoisingState`, which can be saved and resumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from einops import rearrange
from torch import Tensor

from model.avatar.conditions import Conditions
from model.avatar.fast import Past, forecast, of_phase, remembered, skips_unconditional, warm
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Sampling, StepGuidance
from model.avatar.hook_cache import HookStep, hooked, kind_of
from model.avatar.sparse_attention import Sparsity, dense_again, set_sparsity, sparsity
from model.avatar.team import Team
from model.avatar.token_cache import CacheWriter, TokenCache
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.avatar.windows import Row, ShotContext, StepContext, faces_of, masks_of, prepare, run_rows
from model.fast_names import ALONE, hooked_name
from model.memory import execution_device

Transformers = Sequence[HunyuanVideoAvatarTransformer3DModel]


@dataclass(frozen=True, eq=False)
class DenoisingState:
    """A shot after `step` steps. `cache` is there when the next step runs on it."""

    step: int
    latents: Tensor  # (1, C, R, h, w), float32
    cache: TokenCache | None = None
    past: Past | None = None  # of accelerated steps


def initial_noise(
    fusion: FusionSchedule, channels: int, height: int, width: int, generator: torch.Generator
) -> DenoisingState:
    """Step 0: standard normal latents for the ring, drawn on the CPU so that every device starts alike."""
    return DenoisingState(0, torch.randn(1, channels, fusion.ring, height, width, generator=generator))


def timesteps_of(
    scheduler: FlowMatchEulerDiscreteScheduler, steps: int, sigmas: Sequence[float] | None = None
) -> FlowMatchEulerDiscreteScheduler:
    """A scheduler set to the release's sigmas: shift u / (1 + (shift - 1) u) for u from 1 down to 0 in `steps` steps.

    diffusers' own `set_timesteps(steps)` ends at another sigma, which makes the steps differ by up to 0.1. `sigmas`:
    other u, as distilled weights want them. ValueError for a scheduler that would not be used as it is.
    """
    if not isinstance(scheduler, FlowMatchEulerDiscreteScheduler):
        raise ValueError(
            f"the scheduler is a {type(scheduler).__name__}; a film of windows is stepped by "
            "FlowMatchEulerDiscreteScheduler or a class made from it, such as FlowMatchEulerDiscreteScheduler(shift=5)"
        )
    for option in ("use_dynamic_shifting", "stochastic_sampling"):
        if scheduler.config.get(option):
            raise ValueError(f"the scheduler has {option}; a film that can be resumed needs one without it")
    fresh = type(scheduler).from_config(scheduler.config)
    fresh.set_timesteps(sigmas=np.linspace(1, 0, steps + 1)[:-1].tolist() if sigmas is None else list(sigmas))
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
    team: Team | None = None,
) -> Iterator[DenoisingState]:
    """Run the steps that `state` has left; yields the state after each.

    Args:
        transformers: one, or copies of it on several devices, which share the windows of a step.
        scheduler: of it the config is used: `shift` is 5 in the release.
        rows_per_batch: rows of one forward; 2 is both branches of one window.
        cache_device: where block outputs wait between steps; None: with the first transformer.
        team: other processes, each with a copy of the one transformer, which share the rows of every step.
    """
    scheduler = timesteps_of(scheduler, sampling.steps, sampling.sigmas)
    scheduler.set_begin_index(state.step)
    name = hooked_name(sampling.fast)
    hooks = None if name is None else kind_of(name, sampling.steps, sampling.mag_ratios)
    if hooks is not None:
        transformers = list(dict.fromkeys(transformers))  # hooks are of one forward at a time
    if hooks is not None or transformers[0]._parallel_config is not None:
        rows_per_batch = 1  # under context parallelism all rows of a batch have equally much text
    device = execution_device(transformers[0])
    shot = prepare(transformers[0], conditions, fusion)
    if team is not None:
        _check_shared(sampling)
        on_host = cache_device is not None and cache_device.type == "cpu"
        team.begin(conditions, fusion, sampling, on_host, state.cache)
    shots = [shot, *(shot.to(other) for other in transformers[1:])]
    _look_ahead(transformers, shots, sampling, state, rows_per_batch)
    state = replace(state, latents=state.latents.to(device))
    with hooked(transformers, hooks), dense_again(transformers):
        where = cache_device or device
        yield from _steps(transformers, shots, scheduler, sampling, state, rows_per_batch, where, team, hooks)


def _steps(
    transformers: Transformers, shots: Sequence[ShotContext], scheduler: FlowMatchEulerDiscreteScheduler,
    sampling: Sampling, state: DenoisingState, rows_per_batch: int, cache_device: torch.device, team: Team | None,
    kind: Any,
) -> Iterator[DenoisingState]:  # fmt: skip
    """The steps that are left, one after the other."""
    device, shot, fusion = state.latents.device, shots[0], shots[0].fusion
    timesteps = scheduler.timesteps.to(device)
    counts = torch.tensor([fusion.counts(number) for number in range(sampling.steps)], device=device)
    carved = _carved(transformers, shot, state.latents) if "sparse" in sampling.fast else []
    while state.step < sampling.steps:
        number, guidance = state.step, sampling.guidance.at(state.step, sampling.steps)
        past = of_phase(state.past, not guidance.negative_text)
        time = float(scheduler.timesteps[number])
        velocity, past = forecast(sampling.fast, past, number, sampling.steps, time, state.latents)
        if velocity is not None:
            latents = scheduler.step(velocity, scheduler.timesteps[number], state.latents, return_dict=False)[0]
            state = DenoisingState(number + 1, latents, state.cache, past)
            yield state
            continue
        needed = number + 1 < sampling.steps and not sampling.full(number + 1)
        guidance = _borrowed(sampling, guidance, past, number, needed)
        branches = (False, True) if guidance.guided else (True,)
        reuse, keep, hooks = _reusable(sampling, state, branches), None, None
        places = (branches, fusion.windows(number), fusion.owners(number), cache_device)
        if needed and reuse is None:
            keep = CacheWriter(*places)
        if kind is not None:
            hooks = HookStep(kind, number, past.hooks, *places)
        negative = guidance.negative_text and shot.conditions.negative is not None
        step = StepContext(state.latents, timesteps[number], guidance.mask_factor, negative, reuse, keep, hooks)
        state = replace(state, cache=None, past=None)  # from here on the step alone knows the old cache
        rows = _rows(fusion, sampling, number, branches)
        for transformer, how in zip(transformers, carved, strict=False):
            set_sparsity(transformer, how if number >= warm(sampling.steps) else None)
        if team is None:
            velocities = _dealt(transformers, shots, sampling, step, rows, rows_per_batch)
        else:
            velocities = team.run(transformers[0], shot, sampling, step, rows, rows_per_batch)
        velocity, past = _guided(shot, sampling, guidance, rows, velocities, state, counts[number], past)
        past = remembered(sampling.fast, past, time, velocity, state.latents, hooks)
        latents = scheduler.step(velocity, scheduler.timesteps[number], state.latents, return_dict=False)[0]
        cache = reuse if keep is None else keep.cache()
        del step, reuse, keep, hooks, velocities, velocity  # the caller may take its time
        state = DenoisingState(number + 1, latents, cache if needed else None, past if sampling.fast else None)
        del cache, latents
        yield state


def _check_shared(sampling: Sampling) -> None:
    lone = [name for name in sampling.fast if name in ALONE]
    if lone:
        raise ValueError(f"fast has {' and '.join(lone)}, which one process does alone; leave out that, or other GPUs")


def _carved(transformers: Transformers, shot: ShotContext, latents: Tensor) -> list[Sparsity]:
    """Which tokens of a window are neighbours, where each transformer computes."""
    height, width = latents.shape[-2:]
    patch = transformers[0].config.patch_size
    grid = (shot.fusion.window, height // patch, width // patch)
    return [sparsity(grid, execution_device(transformer)) for transformer in transformers]


def _rows(
    fusion: FusionSchedule, sampling: Sampling, number: int, branches: tuple[bool, ...] | None = None
) -> list[Row]:
    """All rows of a step: of each window the unconditional branch, where the step is guided, and the other one."""
    branches = branches or ((False, True) if sampling.guidance.at(number, sampling.steps).guided else (True,))
    return [
        Row(window, start, latents, branch)
        for window, (start, latents) in enumerate(zip(fusion.shifted(number), fusion.windows(number), strict=True))
        for branch in branches
    ]


def _batches(rows: Sequence[Row], rows_per_batch: int) -> list[Sequence[Row]]:
    return [rows[first : first + rows_per_batch] for first in range(0, len(rows), rows_per_batch)]


def _look_ahead(
    transformers: Transformers,
    shots: Sequence[ShotContext],
    sampling: Sampling,
    state: DenoisingState,
    rows_per_batch: int,
) -> None:
    """Which tokens lie in whose face, for all the windows that will come, before the device has anything to do."""
    count = len(transformers)
    for step in filter(sampling.full, range(state.step, sampling.steps)):
        factor = sampling.guidance.at(step, sampling.steps).mask_factor
        for number, batch in enumerate(_batches(_rows(shots[0].fusion, sampling, step), rows_per_batch)):
            faces_of(transformers[number % count], shots[number % count], factor, batch)


def _dealt(
    transformers: Transformers, shots: Sequence[ShotContext], sampling: Sampling, step: StepContext,
    rows: Sequence[Row], rows_per_batch: int,
) -> list[Tensor]:  # fmt: skip
    """All rows in batches, dealt to the transformers in turn; their velocities in the order of the rows."""
    batches = _batches(rows, rows_per_batch)
    count = len(transformers)
    first = execution_device(transformers[0])
    autocast = _autocast_here(first.type)

    @torch.no_grad()  # grad mode is each thread's own, and so is autocast
    def hand(number: int) -> list[Tensor]:
        here = step if count == 1 else step.to(execution_device(transformers[number]))
        with autocast():
            return [
                run_rows(transformers[number], shots[number], sampling, here, batch).to(first)
                for batch in batches[number::count]
            ]

    if count == 1:
        hands = [hand(0)]
    else:
        with ThreadPoolExecutor(count) as pool:
            hands = list(pool.map(hand, range(count)))
    dealt = [hands[number % count][number // count] for number in range(len(batches))]
    return [velocity for velocities in dealt for velocity in torch.split(velocities, 1)]


def _autocast_here(kind: str) -> Callable[[], AbstractContextManager[object]]:
    """What puts another thread under the autocast of this one."""
    if not torch.amp.is_autocast_available(kind):  # the meta device has none
        return nullcontext
    lower = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else None
    return lambda: torch.autocast(kind, lower, enabled=lower is not None)


def _reusable(sampling: Sampling, state: DenoisingState, branches: tuple[bool, ...]) -> TokenCache | None:
    """The tokens that this step runs its last block on; None when it runs all of them."""
    if sampling.full(state.step) or state.cache is None or not set(branches) <= set(state.cache.branches):
        return None
    return state.cache


def _borrowed(sampling: Sampling, guidance: StepGuidance, past: Past, number: int, needed: bool) -> StepGuidance:
    """A step's guidance, off where the last step's does; never where the next step wants tokens of both branches."""
    wanted = needed and sampling.full(number)
    skips = guidance.guided and not wanted and skips_unconditional(sampling.fast, past, number)
    return replace(guidance, scale=1.0) if skips else guidance


def _guided(
    shot: ShotContext, sampling: Sampling, guidance: StepGuidance, rows: Sequence[Row], velocities: Sequence[Tensor],
    state: DenoisingState, counts: Tensor, past: Past,
) -> tuple[Tensor, Past]:  # fmt: skip
    """The velocity of the ring; where `guidance` was switched off for this step, with what it added in the last one."""
    shares = rearrange(counts, "r -> r 1 1")
    velocity = _fused(shot, sampling, guidance, rows, velocities, state) / shares
    if "cfg-cache" not in sampling.fast:
        return velocity, past
    if guidance.guided:
        alone = _fused(shot, sampling, replace(guidance, scale=1.0), rows[1::2], velocities[1::2], state) / shares
        return velocity, replace(past, excess=(velocity - alone) / (guidance.scale - 1), excess_step=state.step)
    usual = sampling.guidance.at(state.step, sampling.steps)
    if usual.guided and past.excess is not None:
        velocity = velocity + (usual.scale - 1) * past.excess
    return velocity, past


def _fused(
    shot: ShotContext,
    sampling: Sampling,
    guidance: StepGuidance,
    rows: Sequence[Row],
    velocities: Sequence[Tensor],
    state: DenoisingState,
) -> Tensor:
    """The guided velocities of all windows on the ring (1, C, R, h, w), added up where windows overlap.

    To average velocities and step once is to average the stepped windows, as the release does.
    """
    ring = torch.zeros_like(state.latents)
    branches = 2 if guidance.guided else 1
    for first in range(0, len(rows), branches):
        velocity = velocities[first + branches - 1]
        if guidance.guided:
            excess = velocity - velocities[first]
            if sampling.guidance.inside_masks:
                union = masks_of(shot, rows[first : first + 1]).sum(dim=1, keepdim=True).clamp(max=1)
                velocity = velocity + (guidance.scale - 1) * union.to(excess) * excess
            else:
                velocity = velocities[first] + guidance.scale * excess
        ring.index_add_(2, shot.latents_of(rows[first]), velocity)
    return ring
