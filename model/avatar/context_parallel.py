"""The tokens of one forward shared among processes (diffusers' Ulysses or ring), whatever their number.

Every process runs the whole of a shot's denoising with the same seed and has the whole latents; inside the blocks each
has its own run of image and of text tokens.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor


def of_any_length(config: Any) -> Any:
    """A context-parallel configuration that splits what does not divide evenly: prompts are of any length.

    diffusers can do so for Ulysses or for the ring, not for both together.
    """
    from diffusers import ContextParallelConfig

    if not isinstance(config, ContextParallelConfig) or (config.ring_degree > 1 and config.ulysses_degree > 1):
        return config
    return replace(config, ulysses_anything=config.ulysses_degree > 1, ring_anything=config.ring_degree > 1)


def share_tokens(model: Any, method: str, size: int) -> None:
    """The tokens of every forward among `size` processes: by `ulysses`, or by the `ring` in cuDNN's attention."""
    from diffusers import ContextParallelConfig

    if method == "ring":
        model.set_attention_backend("_native_cudnn")
    model.enable_parallelism(config=ContextParallelConfig(**{f"{method}_degree": size}))


def check_backend(config: Any, model: Any) -> None:
    """ValueError where the ring would run on an attention that does not tell the sums of its softmax."""
    from diffusers.models.attention_dispatch import _AttentionBackendRegistry

    backend = model.transformer_blocks[0].attn.processor._attention_backend
    name = str(getattr(backend, "value", backend or _AttentionBackendRegistry.get_active_backend()[0].value))
    if getattr(config, "ring_degree", 1) > 1 and name == "native":
        raise ValueError(
            "the ring joins parts of a softmax, whose sums attention backend 'native' does not give: call "
            "set_attention_backend('_native_cudnn') or ('_flash_3') first, or use ulysses_degree"
        )


def _sharder(parallel: Any) -> tuple[Any, Any, Any]:
    """How the tokens are split and joined, and among whom."""
    from diffusers.hooks.context_parallel import EquipartitionSharder, PartitionAnythingSharder

    config = parallel.context_parallel_config
    if config.ulysses_anything or config.ring_anything:
        anything = PartitionAnythingSharder
        return anything.shard_anything, anything.unshard_anything, config._flattened_mesh
    return EquipartitionSharder.shard, EquipartitionSharder.unshard, config._flattened_mesh


def mine(tokens: Tensor, parallel: Any) -> Tensor:
    """This process's run of tokens (B, N, D); all where nothing is shared."""
    if parallel is None or parallel.context_parallel_config is None:
        return tokens
    split, _, mesh = _sharder(parallel)
    share: Tensor = split(tokens, 1, mesh)
    return share


def whole(tokens: Tensor, parallel: Any) -> Tensor:
    """The tokens of all processes, in their order."""
    if parallel is None or parallel.context_parallel_config is None:
        return tokens
    _, join, mesh = _sharder(parallel)
    joined: Tensor = join(tokens, 1, mesh)
    return joined
