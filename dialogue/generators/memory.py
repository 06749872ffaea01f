"""How a large model is kept on the GPU, and the GPU's size: from the environment, or given for one call in a thread."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

MEMORY = "DIALOGUE_MEMORY"
MEMORIES = ("low", "balanced", "high")
_TAKES = f"it is {', '.join(MEMORIES)}, the card's size such as 24GB, or both with a comma"
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(g|gb|gib)", re.IGNORECASE)
_LEAST, _MOST = 1e9, 1e13  # bytes of a card
_memory: ContextVar[str | None] = ContextVar("memory", default=None)


@contextmanager
def memory_given(memory: str | None) -> Iterator[None]:
    """While it lasts, `memory` ("low", "24GB", "balanced,24GB") is what generators are told; None: as before."""
    token = _memory.set(_memory.get() if memory is None else memory)
    try:
        yield
    finally:
        _memory.reset(token)


def memory_asked_for() -> str | None:
    """How much of a large model is kept on the GPU; None: as fits. ValueError for what is none of `MEMORIES`."""
    return _asked()[0]


def card_asked_for() -> float | None:
    """The size of the card in bytes, where it is named; None: that of this machine. ValueError as above."""
    return _asked()[1]


def _asked() -> tuple[str | None, float | None]:
    written = _memory.get() or os.environ.get(MEMORY, "").strip()
    try:
        return memory_parts(written)
    except ValueError as error:
        raise ValueError(f"{MEMORY} {error}") from None


def memory_parts(written: str) -> tuple[str | None, float | None]:
    """The mode and the card's bytes in "low", "24GB", "balanced, 24 GB"; ValueError says what it may be."""
    mode: str | None = None
    card: float | None = None
    for part in filter(None, (piece.strip() for piece in written.split(","))):
        size = _SIZE.fullmatch(part)
        if part in MEMORIES and mode is None:
            mode = part
        elif size is not None and card is None and _LEAST <= _bytes(size) <= _MOST:
            card = _bytes(size)
        else:
            raise ValueError(f"is {written!r}; {_TAKES}")
    return mode, card


def _bytes(size: re.Match[str]) -> float:
    return float(size[1]) * (2**30 if size[2].lower() == "gib" else 1e9)
