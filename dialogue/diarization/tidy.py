"""Clean-ups that a writer would make by hand: short gaps closed, edges moved into silence, ghosts named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from dialogue.ground.segments import LabelledSegment, Segment

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization

MERGE_GAP = 0.5  # seconds of silence inside one speaker's turn that do not end it
SNAP = 0.25  # seconds an edge may move to reach silence
SHORTEST = 0.15  # seconds; a shorter turn is no word
_GHOST_SHARE, _GHOST_TURN = 0.02, 2.0


def tidy(diarization: Diarization, speech: Sequence[Segment]) -> Diarization:
    """The same finding with gaps merged, edges snapped to the silences of `speech`, and ghosts reported."""
    segments = tuple(merged(snapped(diarization.segments, speech)))
    cleaned = replace(diarization, segments=segments)
    return replace(cleaned, warnings=(*diarization.warnings, *_ghost_warnings(cleaned)))


def merged(segments: Sequence[LabelledSegment], gap: float = MERGE_GAP) -> list[LabelledSegment]:
    """Neighbouring segments of one label joined when nobody else speaks in a gap of at most `gap` seconds."""
    found: list[LabelledSegment] = []
    for segment in sorted(segments):
        last = found[-1] if found else None
        if last is not None and last.label == segment.label and segment.start - last.end <= gap:
            found[-1] = replace(last, end=max(last.end, segment.end))
        elif segment.duration >= SHORTEST:
            found.append(segment)
    return found


def snapped(segments: Sequence[LabelledSegment], speech: Sequence[Segment]) -> list[LabelledSegment]:
    """Edges within `SNAP` seconds of the edge of a stretch of speech moved onto it, never past each other."""
    starts, ends = sorted(s.start for s in speech), sorted(s.end for s in speech)
    found = []
    for segment in segments:
        start, end = _nearest(starts, segment.start), _nearest(ends, segment.end)
        found.append(replace(segment, start=start, end=end) if end > start else segment)
    return found


def ghosts(diarization: Diarization) -> tuple[str, ...]:
    """Labels with under 2 % of the speech and no turn over 2 s: usually laughter, a cough or music."""
    total = sum(segment.duration for segment in diarization.segments)
    return tuple(
        label
        for label in diarization.labels
        if diarization.duration_of(label) < _GHOST_SHARE * total
        and max(s.duration for s in diarization.segments if s.label == label) <= _GHOST_TURN
    )


def _ghost_warnings(diarization: Diarization) -> list[str]:
    return [
        f"{label} speaks {diarization.duration_of(label):.1f} s in all, never over {_GHOST_TURN:.0f} s at once:"
        " probably no person (say how many speak with --speakers)"
        for label in ghosts(diarization)
    ]


def _nearest(edges: Sequence[float], time: float) -> float:
    import bisect

    at = bisect.bisect_left(edges, time)
    near = [edge for edge in edges[max(0, at - 1) : at + 1] if abs(edge - time) <= SNAP]
    return min(near, key=lambda edge: abs(edge - time), default=time)
