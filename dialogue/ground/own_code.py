"""This program's own code: its version, and a digest, for what was made by other code is made again."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

VERSION = "0.1.0"
_PACKAGES = Path(__file__).parents[2]


@lru_cache
def digest_of_code(*parts: str) -> str:
    """A hash of the Python files and templates in these parts, as "dialogue" or "model/grid.py"; 32 digits.

    Line endings do not count.
    """
    import hashlib  # not while the package is imported

    made = hashlib.blake2b(digest_size=16)
    for part in parts:
        place = _PACKAGES / part
        inside = (path for path in place.rglob("*") if path.suffix in (".py", ".j2")) if place.is_dir() else [place]
        for path in sorted(inside):
            text = path.read_bytes().replace(b"\r\n", b"\n")
            made.update(f"{path.relative_to(_PACKAGES).as_posix()} {len(text)}\n".encode() + text)
    return made.hexdigest()
