"""Two processes that share the tokens of one forward pass give what one process gives."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
import torch
from small_transformer import inputs, transformer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def share(rank: int, port: int, folder: str) -> None:
    """One of two processes: half of the image tokens, text tokens, masks and rotary tables."""
    from diffusers import ContextParallelConfig

    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank)
    )
    torch.set_num_threads(1)
    torch.accelerator.device_count = lambda: 1  # diffusers divides by it, and a CPU has none
    torch.distributed.init_process_group("gloo", rank=rank, world_size=2)
    model, given = transformer(emotion_layers=(1, 2)), inputs()
    given = {name: tensor[:, :6] if name.startswith("encoder_") else tensor for name, tensor in given.items()}
    given["emotion"] = torch.ones(1, 2, 1, 5, 16)
    with torch.no_grad():
        alone = model(**given).sample
        model.enable_parallelism(config=ContextParallelConfig(ulysses_degree=2))
        together = model(**given).sample
        with pytest.raises(ValueError, match="does not go with context parallelism"):
            model(**given, return_block_cache=True)
    torch.save((alone, together), Path(folder) / f"{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_ulysses_over_two_processes_equals_one(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(share, args=(free_port(), str(tmp_path)), nprocs=2)
    for rank in range(2):
        alone, together = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)
