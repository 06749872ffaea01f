"""Digests: of a file's bytes and of a text. The same bytes, and only they, have the same one."""

from __future__ import annotations

import hashlib
from pathlib import Path

_PIECE = 1 << 20  # bytes read at a time


def file_digest(path: Path) -> str:
    """SHA-256 of the file's bytes, 64 digits. OSError where it cannot be read."""
    made = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            made.update(piece)
    return made.hexdigest()


def text_digest(text: str) -> str:
    """SHA-256 of the text, 64 digits."""
    return hashlib.sha256(text.encode()).hexdigest()
