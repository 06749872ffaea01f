"""The bytes of a file that a person named: never more than anything is made of."""

from __future__ import annotations

import stat
from pathlib import Path

MOST = 128_000_000  # bytes; a transcript of hours has a fifth of them


def bytes_of(path: Path) -> bytes:
    """The first `MOST` bytes, of a pipe too: `dialogue check <(make-scene)`. OSError as the system gives it."""
    with path.open("rb") as file:
        return file.read(MOST)


def is_piped(path: Path) -> bool:
    """Whether what is read there is no file with a folder of its own: standard input, or what a shell hands over."""
    if path.parent in (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd")):
        return True
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode)


def folder_of(path: Path) -> Path:
    """What the paths in a file are relative to: its folder; the current one for what has none."""
    return Path() if is_piped(path) else path.parent


def as_read(path: Path) -> Path:
    """The file to be read: `-` is standard input."""
    return Path("/dev/stdin") if str(path) == "-" else path
