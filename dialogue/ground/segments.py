"""Stretches of time in seconds: a segment, and one with the label of who speaks in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Segment:
    """[start, end) in seconds."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a segment from {self.start} to {self.end} s; it ends at or after its start")

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, order=True)
class LabelledSegment:
    """[start, end) in seconds, spoken by `label`; `text` where the source has words (captions)."""

    start: float
    end: float
    label: str
    text: str | None = None
    origin: str = ""

    @property
    def duration(self) -> float:
        return self.end - self.start
