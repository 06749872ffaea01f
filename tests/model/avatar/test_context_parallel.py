"""Two processes that share the tokens of one forward pass give what one process gives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import torch
from diffusers.models import attention_dispatch
from shot import WINDOW, conditions, pipeline
from small_transformer import inputs, transformer
from torch import Tensor

from model.avatar.guidance import CacheSchedule, Guidance, Sampling

SHORT = Sampling(4, Guidance(text_steps=2), CacheSchedule(first=1, every=2, until=4))
"""Full, cached, full, cached."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exact(ctx: object, query: Tensor, key: Tensor, value: Tensor, *options: object, **more: object) -> object:
    """Attention (B, N, H, A) with its log-sum-exp (B, N, H), as cuDNN gives it."""
    scores = torch.einsum("bqha,bkha->bqhk", query, key) * query.shape[-1] ** -0.5
    return torch.einsum("bqhk,bkha->bqha", scores.softmax(-1), value), scores.logsumexp(-1)


def share(rank: int, port: int, folder: str, method: str) -> None:
    """One of two processes: its half of the image tokens, text tokens, masks and rotary tables."""
    from diffusers import ContextParallelConfig

    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank)
    )
    torch.set_num_threads(1)
    torch.accelerator.device_count = lambda: 1  # diffusers divides by it, and a CPU has none
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    model, given = transformer(emotion_layers=(1, 2)), inputs()  # 7 text tokens: not an even number
    given["emotion"] = torch.ones(1, 2, 1, 5, 16)
    pipe, shot = pipeline(), conditions(41)
    fusion = pipe.schedule(41, WINDOW)
    start = pipe.start(shot, fusion, torch.Generator().manual_seed(0))

    def film() -> Tensor:
        return list(pipe.denoise(shot, fusion, SHORT, start))[-1].latents

    with torch.no_grad():
        alone, films = model(**given).sample, [film()]
        if method == "ring":
            with pytest.raises(ValueError, match="set_attention_backend"):
                model.enable_parallelism(config=ContextParallelConfig(ring_degree=2))
            attention_dispatch._cudnn_attention_forward_op = exact  # the kernel runs on a GPU alone
        for network in (model, pipe.transformer):
            if method == "ring":
                network.set_attention_backend("_native_cudnn")
            network.enable_parallelism(config=ContextParallelConfig(**{f"{method}_degree": 2}))
        together = model(**given).sample
        films.append(film())
    torch.save((alone, together, *films), Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ulysses", "ring"])
def test_two_processes_equal_one_with_the_block_cache_and_any_prompt(method: str, tmp_path: Path) -> None:
    torch.multiprocessing.spawn(share, args=(free_port(), str(tmp_path), method), nprocs=2)
    for rank in range(2):
        alone, together, film, film_together = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
        torch.testing.assert_close(film_together, film, rtol=0, atol=5e-5)
