"""Several processes that share the rows of a film give what one gives: bit for bit where the rows run as they did."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

import pytest
import torch
from shot import WINDOW, conditions, pipeline
from torch import Tensor

from model.avatar.denoising import DenoisingState
from model.avatar.guidance import CacheSchedule, Guidance, Sampling
from model.avatar.team import Team, _rows_per_batch, serve

SHORT = Sampling(6, Guidance(text_steps=2), CacheSchedule(first=1, every=3, until=6))
"""A full step and two on its tokens, twice."""
FRAMES = 41  # eleven latents: three windows of five that overlap


def film(
    rows: int, team: Team | None = None, transformer: object = None, until: int = 6, state: DenoisingState | None = None
) -> DenoisingState:
    """The state after `until` steps, from noise or from `state`."""
    pipe, shot = pipeline(), conditions(FRAMES)
    pipe.register_modules(transformer=transformer or pipe.transformer)
    fusion = pipe.schedule(FRAMES, WINDOW, 2)
    start = state or pipe.start(shot, fusion, torch.Generator().manual_seed(0))
    for last in pipe.denoise(shot, fusion, SHORT, start, rows, team=team):
        if last.step == until:
            return last
    raise AssertionError("the film ended early")


def share(rank: int, size: int, folder: str, method: str) -> None:
    """One of the processes. The first makes the film twice: whole, and stopped where a cache is there."""
    from diffusers import ContextParallelConfig

    torch.set_num_threads(1)
    torch.accelerator.device_count = lambda: 1  # diffusers divides by it, and a CPU has none
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), LOCAL_RANK=str(rank))
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=size)
    transformer = pipeline().transformer
    if method != "windows":
        transformer.enable_parallelism(config=ContextParallelConfig(**{f"{method}_degree": size}))
    if rank:
        serve(lambda at: {"as usual": transformer}[at], method)
    else:
        team = Team(method)
        team.at = "as usual"
        made = {}
        for rows in (1, 2):
            made[f"whole {rows}"] = film(rows, team, transformer)
            half = film(rows, team, transformer, 2)
            assert half.cache is not None
            made[f"resumed {rows}"] = film(rows, team, transformer, 6, half)
        team.dismiss()
        torch.save({name: state.latents for name, state in made.items()}, f"{folder}/films.pt")
    torch.distributed.destroy_process_group()




@pytest.mark.parametrize(
    ("size", "method"), [(2, "windows"), pytest.param(3, "windows", marks=pytest.mark.slow), (2, "ulysses")]
)
def test_a_team_makes_the_film_that_one_makes(size: int, method: str, tmp_path: Path) -> None:
    torch.multiprocessing.spawn(share, args=(size, str(tmp_path), method), nprocs=size)
    made: dict[str, Tensor] = torch.load(tmp_path / "films.pt", weights_only=True)
    ones, pairs = film(1).latents, film(2).latents
    assert set(made) == {"whole 1", "resumed 1", "whole 2", "resumed 2"}
    for name, latents in made.items():
        torch.testing.assert_close(latents, pairs, rtol=0, atol=1e-4)
        if method == "windows" and name.endswith("1"):
            assert torch.equal(latents, ones), f"{name}: the same rows in the same order"


def test_branches_are_parted_where_that_leaves_nobody_idle() -> None:
    assert _rows_per_batch(2, 2, 2) == 1, "one window: each takes a branch"
    assert _rows_per_batch(4, 2, 2) == 2, "two windows: each takes one"
    assert _rows_per_batch(6, 2, 2) == 1, "three windows: three rows each"
    for rows in range(2, 20, 2):
        for size in range(1, 9):
            alone = _rows_per_batch(rows, 2, size)
            load = ceil(ceil(rows / alone) / size) * alone
            assert load == min(ceil(rows / size), ceil(rows / 2 / size) * 2)


def test_an_unknown_way_of_sharing_is_refused() -> None:
    with pytest.raises(ValueError, match="windows, ulysses, ring"):
        Team("blocks")
