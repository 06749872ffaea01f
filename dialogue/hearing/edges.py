"""Edges of lines, moved to the pauses of the speech: imitation knows them to a tenth, a pause to a hundredth."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.segments import Segment

_NEAR = 0.45  # seconds: how far an edge may be moved
_SHORTEST = 0.05  # seconds of pause
_DEPTH, _ABOVE_FLOOR = 26.0, 7.0  # dB below the speech's level, above the noise's


def speech_runs(levels: NDArray[np.float32], active: NDArray[np.bool_], hop: float) -> list[Segment]:
    """Sound without a pause of 50 ms in it. `levels` in dBFS and `active`, whether a voice is there, per `hop` s."""
    if not len(levels):
        return []
    runs: list[Segment] = []
    step = max(1, round(10.0 / hop))  # the level of speech and noise, anew every ten seconds
    threshold = np.empty(len(levels), np.float32)
    for first in range(0, len(levels), step):
        around = levels[max(0, first - step) : first + 2 * step]
        loud, quiet = np.percentile(around, 92), np.percentile(around, 4)
        threshold[first : first + step] = min(max(loud - _DEPTH, quiet + _ABOVE_FLOOR), loud - 6.0)
    sounding = (levels > threshold) & active
    edges = np.flatnonzero(np.diff(np.concatenate([[0], sounding.astype(np.int8), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        start, end = round(first * hop, 6), round(last * hop, 6)
        if runs and start - runs[-1].end < _SHORTEST:
            runs[-1] = Segment(runs[-1].start, end)
        elif end - start >= 0.03:
            runs.append(Segment(start, end))
    return runs


def on_pauses(spans: Sequence[tuple[float, float] | None], runs: Sequence[Segment]) -> list[tuple[float, float] | None]:
    """Each span with its edges where sound begins and ends, where a pause is near; in order, none over the next."""
    starts, ends = [run.start for run in runs], [run.end for run in runs]
    moved: list[tuple[float, float] | None] = []
    for span in spans:
        if span is None:
            moved.append(None)
            continue
        start, end = _nearest(span[0], starts), _nearest(span[1], ends)
        moved.append((start, end) if end - start > 0.5 * (span[1] - span[0]) else span)
    last: int | None = None
    for index, span in enumerate(moved):
        if span is None:
            continue
        before = moved[last] if last is not None else None
        if last is not None and before is not None and before[1] > span[0]:
            middle = round((before[1] + span[0]) / 2, 3)
            moved[last], moved[index] = (before[0], middle), (middle, span[1])
        last = index
    return moved


def _nearest(at: float, places: Sequence[float]) -> float:
    index = bisect_left(places, at)
    near = [place for place in places[max(0, index - 1) : index + 1] if abs(place - at) <= _NEAR]
    return min(near, key=lambda place: abs(place - at)) if near else at
