"""Linear layers that stay in 8 bits in memory: float8 weights beside their scales, multiplied out layer by layer.

Shapes: I inputs, O outputs.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

E4M3_MAX = 448.0


def dequantised(weight: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """An 8-bit weight times its scale. A file may store the 8-bit values in a wider type; they are rounded to e4m3."""
    return weight.to(torch.float8_e4m3fn).to(dtype) * scale.to(dtype)


def quantised(weight: Tensor, per_row: bool = False) -> tuple[Tensor, Tensor]:
    """A weight (O, I) as e4m3 and its float32 scale: () as the release has it, or (O, 1)."""
    size = weight.float().abs()
    largest = size.amax(dim=1, keepdim=True) if per_row else size.max()
    scale = largest.clamp(min=torch.finfo(torch.float32).tiny) / E4M3_MAX
    return (weight.float() / scale).to(torch.float8_e4m3fn), scale


class ScaledLinear(nn.Linear):
    """A linear layer of `weight` (O, I) in e4m3 and `scale`, () or (O, 1); bias and arithmetic are of a wider type.

    The numbers are those of the multiplied-out layer, bit for bit: each use multiplies out this one weight and lets go
    of it. Not for training.
    """

    scale: Tensor

    def __init__(self, weight: Tensor, scale: Tensor, bias: Tensor | None, dtype: torch.dtype) -> None:
        super().__init__(weight.shape[1], weight.shape[0], bias=False, device="meta")
        self.weight = nn.Parameter(weight, requires_grad=False)
        self.register_parameter("bias", None if bias is None else nn.Parameter(bias, requires_grad=False))
        self.register_buffer("scale", scale)
        self.wide = dtype

    def multiplied_out(self) -> Tensor:
        """The weight (O, I) in the type that is computed in."""
        return dequantised(self.weight, self.scale, self.wide)

    def forward(self, input: Tensor) -> Tensor:
        """(..., I) -> (..., O)."""
        return F.linear(input, self.multiplied_out(), self.bias)


def replace_linear(root: nn.Module, name: str, weight: Tensor, scale: Tensor, dtype: torch.dtype) -> None:
    """Put the 8-bit layer where `root` has the linear layer `name`; its bias stays."""
    parent, _, last = name.rpartition(".")
    owner = root.get_submodule(parent)
    setattr(owner, last, ScaledLinear(weight, scale, getattr(owner, last).bias, dtype))


def store_in_eight_bits(blocks: nn.Module, dtype: torch.dtype) -> None:
    """Every linear layer in `blocks` to e4m3 with a scale per output; those that are in 8 bits already stay.

    A scale per row loses less than the release's one per layer.
    """
    layers = [name for name, part in blocks.named_modules() if type(part) is nn.Linear]
    for name in layers:
        replace_linear(blocks, name, *quantised(blocks.get_submodule(name).weight.data, per_row=True), dtype)  # type: ignore[arg-type]
