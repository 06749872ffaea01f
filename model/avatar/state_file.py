"""A half-denoised shot on disk: written whole or not at all, read back bit by bit."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.avatar.denoising import DenoisingState
from model.avatar.token_cache import TokenCache


class StateError(ValueError):
    """A state file that cannot be resumed from: damaged, or of other work."""


def save_state(state: DenoisingState, path: Path, key: str) -> None:
    """Write `state` to `path` atomically. `key` names the work (conditions, weights, sampling): see `load_state`."""
    tensors = {"latents": state.latents}
    about: dict[str, object] = {"key": key, "step": state.step}
    if state.cache is not None:
        tensors["cache.video"] = state.cache.video
        about |= {"branches": state.cache.branches, "owners": state.cache.owners}
        for branch, prefixes in enumerate(state.cache.prefixes):
            for window, (reference, text) in enumerate(prefixes):
                tensors[f"cache.{branch}.{window}.reference"] = reference
                tensors[f"cache.{branch}.{window}.text"] = text
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
    cache = None
    if "cache.video" in tensors:
        windows = max(about["owners"]) + 1
        prefixes = tuple(
            tuple(
                (tensors[f"cache.{branch}.{window}.reference"], tensors[f"cache.{branch}.{window}.text"])
                for window in range(windows)
            )
            for branch in range(len(about["branches"]))
        )
        cache = TokenCache(tuple(about["branches"]), tensors["cache.video"], prefixes, tuple(about["owners"]))
    return DenoisingState(about["step"], tensors["latents"], cache)
