"""How much of a large model is kept on the GPU: as the environment says, or as given for one call in this thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MEMORY = "DIALOGUE_MEMORY"
MEMORIES = ("low", "balanced", "high")
_memory: ContextVar[str | None] = ContextVar("memory", default=None)


@contextmanager
def memory_given(memory: str | None) -> Iterator[None]:
    """While it lasts, `memory` (low, balanced or high) is what generators are told; None: what the environment says."""
    token = _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(token)


def memory_asked_for() -> str | None:
    """How much of a large model is kept on the GPU; None: as fits. ValueError for what is none of `MEMORIES`."""
    asked = _memory.get() or os.environ.get(MEMORY, "").strip() or None
    if asked is not None and asked not in MEMORIES:
        raise ValueError(f"{MEMORY} is {asked!r}; it is {', '.join(MEMORIES)}")
    return asked
