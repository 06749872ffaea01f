"""A half-denoised shot on disk: written whole or not at all, read back bit by bit."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.avatar.denoising import DenoisingState
from model.avatar.fast import Past
from model.avatar.hook_cache import HookMemory
from model.avatar.token_cache import TokenCache

_NUMBERS = ("phase", "times", "excess_step", "changed", "ratios")


class StateError(ValueError):
    """A state file that cannot be resumed from: damaged, or of other work."""


def save_state(state: DenoisingState, path: Path, key: str) -> None:
    """Write `state` to `path` atomically. `key` names the work (conditions, weights, sampling): see `load_state`."""
    tensors = {"latents": state.latents}
    about: dict[str, object] = {"key": key, "step": state.step}
    caches = {} if state.cache is None else {"cache": state.cache}
    if state.past is not None:
        about["past"] = {name: getattr(state.past, name) for name in _NUMBERS}
        about["hooks"] = {} if state.past.hooks is None else {int(b): n for b, n in state.past.hooks.numbers.items()}
        tensors |= {f"past.velocities.{place}": tensor for place, tensor in enumerate(state.past.velocities)}
        tensors |= {f"past.inputs.{place}": tensor for place, tensor in enumerate(state.past.inputs)}
        if state.past.excess is not None:
            tensors["past.excess"] = state.past.excess
        caches |= _hook_caches(state.past.hooks)
    about["caches"] = {name: {"branches": cache.branches, "owners": cache.owners} for name, cache in caches.items()}
    for name, cache in caches.items():
        tensors |= _cache_tensors(name, cache)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        whole = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
        save_file(whole, name, metadata={"about": json.dumps(about)})
        with open(name, "rb") as written:
            os.fsync(written.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load_state(path: Path, key: str) -> DenoisingState:
    """The state saved under `key`. StateError when the file is damaged, or `key` is not the one it was saved with."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})["about"])
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise StateError(f"{path}: not a state to resume from ({error}); remove it to start over") from error
    if about["key"] != key:
        raise StateError(f"{path}: of other work ({about['key']}, wanted {key}); remove it to start over")
    caches = {name: _cache(name, known, tensors) for name, known in about["caches"].items()}
    hooks = {name: cache for name, cache in caches.items() if name != "cache"}
    past = _past(about.get("past"), tensors, hooks, about.get("hooks", {}))
    return DenoisingState(about["step"], tensors["latents"], caches.get("cache"), past)


def _hook_caches(memory: HookMemory | None) -> dict[str, TokenCache]:
    """What the hooks remember, by a name that says the branch and the kind."""
    return {
        f"hooks.{int(branch)}.{kind}": cache
        for branch, kinds in (memory.branches.items() if memory else ())
        for kind, cache in enumerate(kinds)
    }


def _cache_tensors(name: str, cache: TokenCache) -> dict[str, Tensor]:
    tensors = {f"{name}.video": cache.video}
    for branch, prefixes in enumerate(cache.prefixes):
        for window, (reference, text) in enumerate(prefixes):
            tensors |= {f"{name}.{branch}.{window}.reference": reference, f"{name}.{branch}.{window}.text": text}
    return tensors


def _cache(name: str, known: dict[str, Any], tensors: dict[str, Tensor]) -> TokenCache:
    def prefix(branch: int, window: int) -> tuple[Tensor, Tensor]:
        return tensors[f"{name}.{branch}.{window}.reference"], tensors[f"{name}.{branch}.{window}.text"]

    windows = range(max(known["owners"]) + 1)
    prefixes = tuple(tuple(prefix(branch, window) for window in windows) for branch in range(len(known["branches"])))
    return TokenCache(tuple(known["branches"]), tensors[f"{name}.video"], prefixes, tuple(known["owners"]))


def _past(
    numbers: dict[str, Any] | None,
    tensors: dict[str, Tensor],
    hooks: dict[str, TokenCache],
    hook_numbers: dict[str, list[float]],
) -> Past | None:
    """What accelerated steps remember, as it was saved."""
    if numbers is None:
        return None
    velocities, inputs = (
        tuple(tensors[f"past.{kind}.{place}"] for place in range(2) if f"past.{kind}.{place}" in tensors)
        for kind in ("velocities", "inputs")
    )
    known = {**numbers, "times": tuple(numbers["times"]), "ratios": tuple(numbers["ratios"])}
    branches: dict[bool, tuple[TokenCache, ...]] = {}
    for name in sorted(hooks):
        branch = name.split(".")[1] == "1"
        branches[branch] = (*branches.get(branch, ()), hooks[name])
    accumulated = {branch == "1": tuple(those) for branch, those in hook_numbers.items()}
    known["hooks"] = HookMemory(branches, accumulated) if branches else None
    return Past(velocities=velocities, inputs=inputs, excess=tensors.get("past.excess"), **known)
