"""diffusers' step caches on films of moving windows: what their hooks remember, kept by latent of the ring.

Shapes: B rows of a forward, R latents of the ring, T latents of a window, n tokens of a frame, D hidden size, L text
tokens.

The hooks keep one window's tensors by their place in it, in a cache context. Here every window in every branch is a
context of its own for the length of one forward: before it, the hooks are given what the ring holds for the window's
latents; after it, what they then remember goes back there. Which of overlapping windows a latent is taken from, and
where a window's reference and text come from, is as in `model/avatar/token_cache`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor

from model.avatar.block_cache import BlockCache
from model.avatar.token_cache import CacheWriter, TokenCache, rows_of
from model.memory import execution_device

Out = TypeVar("Out")
MAGNITUDE = 0.06  # expected relative error of the residual that may add up
FIRST_BLOCK = 0.05  # relative change of the first block's residual below which the rest is not run


@dataclass(frozen=True, eq=False)
class HookMemory:
    """What the hooks remember: of each branch that ever ran, tensors of each kind on the ring, and numbers."""

    branches: dict[bool, tuple[TokenCache, ...]]
    numbers: dict[bool, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kind:
    """One of diffusers' caches: its hook on the first block, its state, and which tensors of it are to be kept."""

    hook: str
    config: Any
    state: Callable[[], Any]
    tensors: int  # kinds of them
    take: Callable[[Any], list[tuple[Tensor, Tensor | None]]]  # (image tokens, text tokens) of each kind of tensor
    give: Callable[[Any, list[tuple[Tensor, Tensor]]], None]
    numbers: tuple[str, ...] = ()  # of the state, the same for all windows of a step


def _first_block(_: int, __: Sequence[float]) -> _Kind:
    from diffusers.hooks import FirstBlockCacheConfig
    from diffusers.hooks import first_block_cache as diffusers

    def take(state: Any) -> list[tuple[Tensor, Tensor | None]]:
        return [(state.head_block_residual, None), state.tail_block_residuals]

    def give(state: Any, kept: list[tuple[Tensor, Tensor]]) -> None:
        state.head_block_residual, state.tail_block_residuals = kept[0][0], kept[1]

    config = FirstBlockCacheConfig(threshold=FIRST_BLOCK)
    return _Kind(diffusers._FBC_LEADER_BLOCK_HOOK, config, diffusers.FBCSharedBlockState, 2, take, give)


def _mag_cache(steps: int, ratios: Sequence[float]) -> _Kind:
    from diffusers.hooks import MagCacheConfig
    from diffusers.hooks import mag_cache as diffusers

    def give(state: Any, kept: list[tuple[Tensor, Tensor]]) -> None:
        state.previous_residual = kept[0][0]

    # One step more than there are, else the hooks would forget everything after the last.
    known: dict[str, Any] = {"calibrate": True}
    if ratios:
        spread = diffusers.nearest_interp(torch.tensor(ratios), steps)
        known = {"mag_ratios": torch.cat([spread, torch.ones(1)]), "threshold": MAGNITUDE}
    config = MagCacheConfig(num_inference_steps=steps + 1, **known)
    numbers = ("accumulated_ratio", "accumulated_err", "accumulated_steps")
    return _Kind(
        diffusers._MAG_CACHE_LEADER_BLOCK_HOOK, config, diffusers.MagCacheState, 1,
        lambda state: [(state.previous_residual, None)], give, numbers,
    )  # fmt: skip


KINDS: dict[str, Callable[[int, Sequence[float]], _Kind]] = {"first-block": _first_block, "mag-cache": _mag_cache}


def kind_of(name: str, steps: int, ratios: Sequence[float] | None) -> _Kind:
    """The cache of that name for so many steps; `ratios` as `Sampling.mag_ratios`."""
    return KINDS[name](steps, ratios or ())


class HookStep:
    """One step on the hooks: reads what the last one left, writes what this one leaves. From several threads too."""

    def __init__(
        self,
        kind: _Kind,
        step: int,
        before: HookMemory | None,
        branches: Sequence[bool],
        windows: Sequence[Sequence[int]],
        owners: Sequence[int],
        device: torch.device,
    ) -> None:
        self._kind, self._step, self._windows = kind, step, windows
        self._before, self._numbers = ({}, {}) if before is None else (before.branches, dict(before.numbers))
        self._after: dict[bool, tuple[float, ...]] = {}
        self.ratios: list[float] = []  # measured, where magnitudes are
        self._writers = {
            branch: [CacheWriter((branch,), windows, owners, device) for _ in range(self._kind.tensors)]
            for branch in branches
        }

    def row(self, transformer: Any, branch: bool, window: int, run: Callable[[], Out]) -> Out:
        """One row through the transformer, which runs whole or not as its hooks decide."""
        manager, state = _manager(transformer, self._kind.hook), self._kind.state()
        latents, device = self._windows[window], execution_device(transformer)
        if branch in self._before:
            read = [cache.read([(branch, latents)], device) for cache in self._before[branch]]
            self._kind.give(state, [(cache.image(), cache.text) for cache in read])
        state.step_index = self._step
        for name, number in zip(self._kind.numbers, self._numbers.get(branch, ()), strict=False):
            setattr(state, name, number)
        context = f"{'conditional' if branch else 'unconditional'} {window}"
        manager._state_cache = {context: state}
        try:
            with transformer.cache_context(context):
                out = run()
        finally:
            manager._state_cache = {}
        self._after[branch] = tuple(float(getattr(state, name)) for name in self._kind.numbers)
        self.ratios += getattr(state, "calibration_ratios", []) if branch else []
        for writer, (image, text) in zip(self._writers[branch], self._kind.take(state), strict=True):
            text = image[:, :0] if text is None else text
            writer.write(rows_of(BlockCache.of(image, text, None, len(latents))), [(branch, window)])
        return out

    def memory(self) -> HookMemory:
        """After all rows of the step; a branch that did not run is remembered as it was."""
        made = {branch: tuple(writer.cache() for writer in writers) for branch, writers in self._writers.items()}
        return HookMemory({**self._before, **made}, {**self._numbers, **self._after})


def _manager(transformer: Any, hook: str) -> Any:
    return transformer.transformer_blocks[0]._diffusers_hook.get_hook(hook).state_manager


@contextmanager
def hooked(transformers: Sequence[Any], kind: _Kind | None) -> Iterator[None]:
    """While it lasts, the transformers have the hooks of that cache; None: none."""
    done = []
    try:
        for transformer in transformers if kind else ():
            assert kind is not None
            transformer.enable_cache(kind.config)
            done.append(transformer)
        yield
    finally:
        for transformer in done:
            transformer.disable_cache()
