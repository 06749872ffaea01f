"""Let `torchaudio` import when its compiled part cannot load.

The Linux wheels of torchaudio are CUDA builds. Beside a CPU build of torch, or one made for another CUDA, the
compiled extension raises on import and takes pyannote.audio and most of transformers and diffusers down with
it, although all they use of torchaudio (resampling, filter banks, mel spectrograms) is plain PyTorch.

`install()` costs nothing until torchaudio is imported: it only puts a finder in front of one module.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

_EXTENSION = "torchaudio._extension"


class _Loader(importlib.abc.Loader):
    """Runs the real module; when its library does not load, leaves it in the state torchaudio calls `absent`."""

    def __init__(self, real: importlib.abc.Loader) -> None:
        self._real = real

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._real.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        try:
            self._real.exec_module(module)
        except (OSError, RuntimeError, ImportError) as error:
            _mark_absent(module, error)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != _EXTENSION:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


def _mark_absent(module: ModuleType, error: Exception) -> None:
    def unavailable(function: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(*_args: Any, **_kwargs: Any) -> Any:
            raise RuntimeError(f"torchaudio.{function.__name__} needs its compiled part, which did not load: {error}")

        return refuse

    for name, value in {
        "_IS_TORCHAUDIO_EXT_AVAILABLE": False,
        "_IS_ALIGN_AVAILABLE": False,
        "fail_if_no_align": unavailable,
        "_check_cuda_version": lambda: None,
    }.items():
        setattr(module, name, value)


def install() -> None:
    """Put the finder in front of the others, once."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
