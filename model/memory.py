"""Fitting the model into memory, through diffusers: group offload, 8-bit storage, quantization.

`high` keeps every part on the device. `balanced` keeps only the blocks at work there and fetches the next meanwhile:
the same numbers. `low` also stores the transformer's blocks in 8 bits (float8 with a scale per row, or the scales of an
8-bit file: other numbers than 16 bits, half the main memory), and keeps block outputs off the device.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from model.scaled_linear import store_in_eight_bits

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline


@dataclass(frozen=True)
class MemoryPlan:
    """How much is kept where. `rows_per_batch`: rows of one forward; 1 is one branch of one window at a time.

    `chunk`: tokens that are in a block's layers at once; None: all.
    """

    offload: bool
    eight_bits: bool
    cache_on_cpu: bool
    rows_per_batch: int
    chunk: int | None = None


CHUNK = 8192  # matrix products are as fast as with all tokens at once, and what lies between is a tenth
MEMORY = {
    "low": MemoryPlan(offload=True, eight_bits=True, cache_on_cpu=True, rows_per_batch=1, chunk=CHUNK),
    "balanced": MemoryPlan(offload=True, eight_bits=False, cache_on_cpu=False, rows_per_batch=1, chunk=CHUNK),
    "high": MemoryPlan(offload=False, eight_bits=False, cache_on_cpu=False, rows_per_batch=2, chunk=CHUNK),
}


def memory_plan(name: str) -> MemoryPlan:
    """The plan of that name; ValueError when there is none."""
    if name not in MEMORY:
        raise ValueError(f"memory is {name!r}; it is {', '.join(MEMORY)}")
    return MEMORY[name]


def execution_device(module: nn.Module) -> torch.device:
    """Where a module computes, though its weights may wait elsewhere."""
    from diffusers.hooks.group_offloading import _get_group_onload_device, _is_group_offload_enabled

    if _is_group_offload_enabled(module):
        device: torch.device = _get_group_onload_device(module)
        return device
    return weights_device(module)


def weights_device(module: nn.Module) -> torch.device:
    """Where a module's weights are; where they are fetched to, when accelerate keeps them away from the module."""
    device = next(module.parameters()).device
    if device.type != "meta":
        return device
    fetched = (getattr(getattr(part, "_hf_hook", None), "execution_device", None) for part in module.modules())
    return torch.device(next((place for place in fetched if place is not None), device))


def apply_memory(pipeline: DiffusionPipeline, plan: MemoryPlan, device: torch.device) -> None:
    """Put the parts of a pipeline (its denoiser is its `transformer`) where the plan wants them.

    Once per pipeline, before the first shot.
    """
    from diffusers.hooks import apply_group_offloading

    transformer = pipeline.transformer
    transformer.set_chunk(plan.chunk)
    if plan.eight_bits:
        for blocks in (transformer.transformer_blocks, transformer.single_transformer_blocks):
            store_in_eight_bits(blocks, transformer.dtype)
    parts: list[Any] = [part for part in pipeline.components.values() if isinstance(part, nn.Module)]
    if not plan.offload:
        for part in parts:
            part.to(device)
        return
    stream = device.type == "cuda"
    transformer.enable_group_offload(
        device, torch.device("cpu"), "block_level", num_blocks_per_group=1, use_stream=stream
    )
    for part in parts:
        if part is not transformer:
            # Within a part each model on its own, so that each knows where it computes.
            for model in [child for child in part.children() if next(child.parameters(), None) is not None]:
                inner = getattr(model, "model", model)
                apply_group_offloading(inner, device, torch.device("cpu"), "leaf_level", use_stream=stream)
