"""The blocks' linear layers multiplied in 8 bits, by torchao: opt-in, other numbers than 16 bits.

On cards with 8-bit floating point (compute capability 8.9 and up) floats with a scale per row, elsewhere integers. In
both, activations are rounded as they come.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from model.scaled_linear import ScaledLinear

COMMAND = "pip install 'dialogue-avatar[fast]'"


def in_eight_bits(transformer: nn.Module, device: torch.device) -> None:
    """Round the layers of all blocks in place. ValueError in one sentence where it cannot be."""
    try:
        from torchao.quantization import quantize_
    except ImportError:
        raise ValueError(f"8-bit needs torchao, which is not here: {COMMAND}") from None
    blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]  # type: ignore[misc]
    if any(isinstance(module, ScaledLinear) for block in blocks for module in block.modules()):
        raise ValueError("8-bit is for weights of 16 bits, and these are in 8 bits already; leave out one of the two")
    for block in blocks:
        quantize_(block, _config(device))


def _config(device: torch.device) -> Any:
    from torchao import quantization

    if device.type == "cuda" and torch.cuda.get_device_capability(device) >= (8, 9):
        return quantization.Float8DynamicActivationFloat8WeightConfig(granularity=quantization.PerRow())
    return quantization.Int8DynamicActivationInt8WeightConfig()
