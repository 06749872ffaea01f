"""Fitting the pipeline into memory, through diffusers."""

from __future__ import annotations

import torch
from torch import nn


def execution_device(module: nn.Module) -> torch.device:
    """Where a module computes, though its weights may wait elsewhere."""
    from diffusers.hooks.group_offloading import _get_group_onload_device, _is_group_offload_enabled

    if _is_group_offload_enabled(module):
        return _get_group_onload_device(module)  # type: ignore[no-any-return]
    return next(module.parameters()).device
