"""How many GPUs share a shot, and how: as the environment says, or as given for one call in this thread."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

GPUS = "DIALOGUE_GPUS"
SHARES = ("windows", "ulysses", "ring")
MOST = 64
_gpus: ContextVar[str | None] = ContextVar("gpus", default=None)


@dataclass(frozen=True)
class Gpus:
    """`share`: what is dealt to them: whole windows in either branch of guidance, or the tokens within a window."""

    count: int = 1
    share: str = "windows"


@contextmanager
def gpus_given(gpus: str | None) -> Iterator[None]:
    """While it lasts, `gpus` ("2", "2,ulysses") is what generators are told; None: as before."""
    token = _gpus.set(_gpus.get() if gpus is None else gpus)
    try:
        yield
    finally:
        _gpus.reset(token)


def gpus_asked_for() -> Gpus:
    """As many as are asked for, else one. ValueError for what is no number of them."""
    written = _gpus.get() or os.environ.get(GPUS, "").strip()
    try:
        return gpus_parts(written)
    except ValueError as error:
        raise ValueError(f"{GPUS} {error}") from None


def gpus_parts(written: str) -> Gpus:
    """The number and the way in "2", "2,ulysses"; ValueError says what it may be."""
    parts = [part.strip() for part in written.split(",")] if written else ["1"]
    count, share = parts[0], parts[1] if len(parts) == 2 else SHARES[0]
    if len(parts) > 2 or not (count.isascii() and count.isdecimal()) or not 1 <= int(count) <= MOST:
        raise ValueError(f"is {written!r}; it is a number, 1 to {MOST}, and with a comma {' or '.join(SHARES)}")
    if share not in SHARES:
        raise ValueError(f"is {written!r}; the work is shared by {', '.join(SHARES)}")
    return Gpus(int(count), share)
