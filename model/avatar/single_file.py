"""The official transformer in one file as others pass it on: GGUF, or safetensors in 16 or 8 bits, scaled or not.

Names are the official ones, some programs' prefixes before them. Nothing of a file is executed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

SUFFIXES = (".gguf", ".safetensors")
_PREFIXES = ("model.diffusion_model.", "diffusion_model.", "transformer.", "model.")
_SCALES = (".scale_weight", ".weight_scale")
_MARKS = ("scaled_fp8", ".scale_input", ".input_scale")  # what only says how others compute
_NARROW = (torch.float8_e4m3fn, torch.float8_e5m2)


def read_single_file(file: Path, dtype: torch.dtype) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights by official names, and the scales of 8-bit layers by layer name.

    What GGUF packed is unpacked into `dtype`. ValueError for a file that cannot be read.
    """
    found = _unprefixed(_gguf(file, dtype) if file.suffix == ".gguf" else _safetensors(file))
    state: dict[str, Tensor] = {}
    scales: dict[str, Tensor] = {}
    for name, tensor in found.items():
        ending = next((ending for ending in _SCALES if name.endswith(ending)), None)
        if ending is not None:
            scales[name.removesuffix(ending)] = tensor.float().reshape(())
        elif not name.endswith(_MARKS):
            state[name] = tensor
    for name, tensor in state.items():
        if tensor.dtype in _NARROW and name.removesuffix(".weight") not in scales:
            state[name] = tensor.to(dtype)  # cast as it was, without a scale: every number of 8 bits is one of 16
    return state, scales


def _unprefixed(found: Mapping[str, Tensor]) -> dict[str, Tensor]:
    for prefix in _PREFIXES:
        if found and all(name.startswith(prefix) or name in _MARKS for name in found):
            return {name.removeprefix(prefix): tensor for name, tensor in found.items()}
    return dict(found)


def _safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(file)
    except (SafetensorError, OSError, ValueError) as error:
        raise ValueError(f"{file}: not a readable safetensors file ({error})") from error
    return tensors


def _gguf(file: Path, dtype: torch.dtype) -> dict[str, Tensor]:
    try:
        import gguf
    except ImportError:
        raise ValueError(f"{file}: GGUF is read by the package gguf; pip install 'dialogue-avatar[gguf]'") from None
    try:
        reader: Any = gguf.GGUFReader(file)
        return {
            tensor.name: torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy()).to(dtype)
            for tensor in reader.tensors
        }
    except (ValueError, OSError, IndexError, NotImplementedError, KeyError) as error:
        raise ValueError(f"{file}: not a readable GGUF file ({error})") from error
