"""What diarization finds: labelled segments, a voice per label, and how it was done, in words a plan can print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dialogue.ground.segments import LabelledSegment, Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]  # (n,) mono, 16 kHz, -1 … 1
    Voice = NDArray[np.float32]  # (d,), of length 1: voices that sound alike point the same way


@dataclass(frozen=True)
class Diarization:
    """Turns without words. `segments` are sorted by start and may overlap; `voices` has the labels that spoke.

    `method` names the way and `reason` says why this way; `unsure` lists stretches where two voices are about
    equally likely, which is how overlapping speech shows when no model of overlap is there.
    """

    segments: tuple[LabelledSegment, ...]
    method: str
    reason: str
    voices: Mapping[str, Voice] = field(default_factory=dict)
    unsure: tuple[Segment, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(sorted({segment.label for segment in self.segments}))

    def duration_of(self, label: str) -> float:
        """Seconds of speech of one label."""
        return sum(segment.duration for segment in self.segments if segment.label == label)
