"""Two halves of a batch on two cores, in one process.

Two threads that each compute half a batch with one core are twice as fast here as two cores sharing every
multiplication, and do not stall when something else runs on one of them.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import torch
from torch import Tensor

T = TypeVar("T")


def keep_memory() -> None:
    """Ask glibc to keep freed memory: fresh pages cost more than the arithmetic done in them."""
    try:
        libc = ctypes.CDLL("libc.so.6")
    except OSError:
        return
    for option, value in ((-4, 0), (-1, 2**31 - 1), (-8, 1)):  # no mmap per tensor, no trimming, one arena
        libc.mallopt(option, value)


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2)


def in_halves(work: Callable[[tuple[Any, ...]], tuple[Any, ...]], *batch: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """`work` on both halves of a batch, at once; the results side by side."""
    middle = len(batch[0]) // 2
    shares = [tuple(part[:middle] for part in batch), tuple(part[middle:] for part in batch)]
    return tuple(zip(*_pool().map(work, shares), strict=True))


def ahead(batches: Iterator[T]) -> Iterator[T]:
    """The same batches, each made by a thread while the one before is used."""
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, batches)
        while True:
            batch = following.result()
            following = pool.submit(next, batches)
            yield batch


def whole(work: Callable[[tuple[Any, ...]], tuple[Any, ...]], *batch: Sequence[Any]) -> tuple[tuple[Any, ...], ...]:
    """`work` on the whole batch, in the form of `in_halves`: for a GPU, which needs no splitting."""
    return tuple((result,) for result in work(batch))


def set_gradients(parameters: Sequence[Tensor], gradients: Sequence[Sequence[Tensor | None]]) -> None:
    """The mean of the parts' gradients becomes `.grad`; a parameter that nothing used has none."""
    with torch.no_grad():
        for parameter, *parts in zip(parameters, *gradients, strict=True):
            given = [g for g in parts if g is not None]
            parameter.grad = sum(given[1:], start=given[0]) / len(parts) if given else None
