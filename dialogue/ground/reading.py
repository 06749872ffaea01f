"""The bytes of a file that a person named: never more than anything is made of."""

from __future__ import annotations

from pathlib import Path

MOST = 128_000_000  # bytes; a transcript of hours has a fifth of them


def bytes_of(path: Path) -> bytes:
    """The first `MOST` bytes, of a pipe too: `dialogue check <(make-scene)`. OSError as the system gives it."""
    with path.open("rb") as file:
        return file.read(MOST)
