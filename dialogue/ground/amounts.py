"""How long and how large, in words for a reader."""

from __future__ import annotations


def duration_text(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 05 min`: how long something takes, to a reader."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def memory_text(size: int) -> str:
    """`310 MB`, `30.2 GB`."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def counted(count: int, noun: str) -> str:
    """`1 turn`, `2 turns`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
