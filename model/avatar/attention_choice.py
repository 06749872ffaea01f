"""Which attention kernel computes, by a short name, and queries, keys and values by one matrix."""

from __future__ import annotations

from typing import Any

from torch import nn

from model.attention_names import BACKENDS
from model.scaled_linear import ScaledLinear


def choose_attention(transformer: Any, name: str) -> None:
    """Compute attention with this kernel; ValueError in one sentence when there is none of the name, or not here."""
    import torch
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    if name not in BACKENDS:
        raise ValueError(f"attention is {name!r}; it is one of {', '.join(BACKENDS)}")
    if name == "cudnn" and not torch.backends.cudnn.is_available():  # type: ignore[no-untyped-call]
        raise ValueError("attention 'cudnn' cannot be used here: this PyTorch has no cuDNN")
    active, _ = _AttentionBackendRegistry.get_active_backend()
    try:
        transformer.set_attention_backend(BACKENDS[name])
    except (RuntimeError, ValueError, ImportError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ValueError(f"attention {name!r} cannot be used here: {first}") from error
    finally:
        _AttentionBackendRegistry.set_active_backend(active)  # diffusers would set it for every other model too


def fuse_projections(transformer: nn.Module, fuse: bool) -> None:
    """One matrix for queries, keys and values of every block, or three again.

    The three layers stay as views of the one, so that nothing is held twice and the checkpoint's names are the same.
    """
    blocks = [*transformer.transformer_blocks, *transformer.single_transformer_blocks]  # type: ignore[misc]
    groups = (("to_qkv", ("to_q", "to_k", "to_v")), ("to_added_qkv", ("add_q_proj", "add_k_proj", "add_v_proj")))
    for attn in [block.attn for block in blocks]:
        for _, names in groups:
            for layer in [getattr(attn, name, None) for name in names]:
                if layer is not None and type(layer) is not nn.Linear:
                    kind = "in 8 bits" if isinstance(layer, ScaledLinear) else f"a {type(layer).__name__}"
                    raise ValueError(f"projections cannot be fused: a layer of them is {kind}, not a plain linear one")
        if fuse and not attn.fused_projections:
            attn.fuse_projections()
            for fused, names in groups:
                for number, name in enumerate(names if hasattr(attn, fused) else ()):
                    _view(getattr(attn, name), getattr(attn, fused), number)
        attn.fused_projections = fuse
        for fused, _ in groups:
            if not fuse and hasattr(attn, fused):
                delattr(attn, fused)


def _view(layer: nn.Linear, fused: nn.Linear, number: int) -> None:
    """The layer's weights as the third `number` of the fused ones."""
    layer.weight.data = fused.weight.data.chunk(3)[number]
    if layer.bias is not None:
        layer.bias.data = fused.bias.data.chunk(3)[number]
