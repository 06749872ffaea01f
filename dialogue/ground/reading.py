"""The bytes of a file that a person named: never those of a pipe, and never more than anything is made of."""

from __future__ import annotations

from pathlib import Path

from dialogue.ground.errors import SceneError, quoted

MOST = 128_000_000  # bytes; a transcript of hours has a fifth of them


def bytes_of(path: Path) -> bytes:
    """The first `MOST` bytes. OSError as the system gives it; SceneError for a pipe: reading might never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SceneError(f"{quoted(path)} is a pipe or a device, not a file")
    with path.open("rb") as file:
        return file.read(MOST)
