"""A step asks nothing of the device: on the meta device, which cannot answer, whole shots are denoised all the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import torch
from shot import WINDOW, conditions, pipeline
from torch import Generator, Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from model.avatar.guidance import CacheSchedule, Guidance, Sampling

SHORT = Sampling(6, Guidance(text_steps=2), CacheSchedule(first=2, every=2, until=4))
WAITS = (torch.ops.aten._local_scalar_dense, torch.ops.aten.nonzero, torch.ops.aten._unique2)


class Watch(TorchDispatchMode):
    """Counts what waits for a device or copies between host and device, `where` says which step is on."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[tuple[int, str]] = Counter()
        self.step = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        devices = {leaf.device.type for leaf in tree_leaves((args, out)) if isinstance(leaf, Tensor) and leaf.ndim}
        if func.overloadpacket in WAITS and "meta" in devices:
            self.found[self.step, "waits"] += 1
        if len(devices) > 1:
            self.found[self.step, "copies"] += 1
        return out


@pytest.mark.parametrize("rows_per_batch", [1, 2, 3])
@pytest.mark.parametrize("frames", [17, 61])
def test_no_step_waits_for_the_device_or_copies_to_it(frames: int, rows_per_batch: int) -> None:
    pipe, given = pipeline(), conditions(frames)
    fusion = pipe.schedule(frames, WINDOW)
    start = pipe.start(given, fusion, Generator().manual_seed(0))
    pipe.transformer.to("meta")
    with Watch() as watch:
        for state in pipe.denoise(given, fusion, SHORT, start, rows_per_batch):
            watch.step = state.step
            assert state.latents.is_meta
            if state.cache is not None:
                assert state.cache.video.is_meta
    later = {key: count for key, count in watch.found.items() if key[0] > 0}
    assert not later, f"after the first step: {later}"
    assert not watch.found[0, "waits"]
    assert watch.found[0, "copies"] > 0, "the watch sees what is brought there before the first step"


def test_the_watch_sees_a_wait_and_a_copy() -> None:
    with Watch() as watch:
        torch.zeros(3).to("meta")
        with pytest.raises((NotImplementedError, RuntimeError)):
            torch.zeros(3, device="meta").sum().item()
    assert watch.found == {(0, "copies"): 1}
