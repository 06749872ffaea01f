"""Bytes that are alive while a block of code runs, counted by storages: exact on a CPU and on the meta device."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveBytes(TorchDispatchMode):
    """`peak` and `now`: bytes of the storages that operations inside the block made, on the devices of one `kind`.

    What was there before counts only if it is given to `add`. What a kernel takes for itself while it runs is not
    seen: it is not a tensor.
    """

    def __init__(self, kind: str = "cpu") -> None:
        super().__init__()
        self.kind = kind
        self.now = self.peak = 0
        self._known: dict[int, weakref.ref[Any]] = {}

    def add(self, *tensors: Tensor, counted: bool = True) -> None:
        """Count what these hold, once; with `counted` false leave it out from now on."""
        for tensor in tensors:
            if tensor.device.type != self.kind:
                continue
            storage = tensor.untyped_storage()
            if id(storage) in self._known:
                continue
            size = storage.nbytes() if counted else 0
            self._known[id(storage)] = weakref.ref(storage, self._gone(id(storage), size))
            self.now += size
        self.peak = max(self.peak, self.now)

    def _gone(self, key: int, size: int) -> Any:
        def forget(_: object) -> None:
            self._known.pop(key, None)
            self.now -= size

        return forget

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = tree_leaves((args, kwargs))
        self.add(*(leaf for leaf in given if isinstance(leaf, Tensor)), counted=False)  # there before, or a view of it
        out = func(*args, **(kwargs or {}))
        self.add(*(leaf for leaf in tree_leaves(out) if isinstance(leaf, Tensor)))
        return out


class FusedAttention(TorchFunctionMode):
    """Attention on the meta device takes its output alone, as a fused kernel does and the decomposed one does not."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(zip(("query", "key", "value"), args, strict=False)) | (kwargs or {})
        if func is torch.nn.functional.scaled_dot_product_attention and given["query"].is_meta:
            return torch.empty_like(given["query"])
        return func(*args, **(kwargs or {}))
