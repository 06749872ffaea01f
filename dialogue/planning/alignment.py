"""Written lines without times, laid over the speech that was heard: in order, by the length of their text.

A boundary between two lines goes into a pause of the speech, best one in which another person speaks, and near the
place where the share of the text says it should be; inside a stretch of speech only when no pause is near. It is an
estimate, and the plan says so.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.ground.segments import Segment

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_NEAR = 24  # pauses looked at on either side of where a boundary should be
_SHORTEST = 0.08  # seconds of speech of a line
_INSIDE_COST = 1.0  # of a boundary inside speech
_REPLY_GAIN = 0.7  # for a pause in which somebody else speaks, where the script has somebody else


@dataclass(frozen=True)
class _Boundary:
    """`at`: seconds of speech before it. `cost`: how bad a place it is."""

    at: float
    cost: float


def text_weight(text: str) -> float:
    """How long a text takes to say, in letters and digits; breathing time counts as two."""
    return 2.0 + sum(character.isalnum() for character in text)


def stretches_of(segments: Sequence[Segment], pause: float, others: Sequence[Segment] = ()) -> list[Segment]:
    """Segments joined where less than `pause` seconds part them and none of `others` (sorted) is heard between."""
    joined: list[Segment] = []
    for segment in sorted(segments):
        last = joined[-1] if joined else None
        if last and segment.start - last.end < pause and not _heard(last.end, segment.start, others):
            joined[-1] = Segment(last.start, max(last.end, segment.end))
        else:
            joined.append(segment)
    return joined


def words_by_share(text: str, shares: Sequence[float]) -> list[str]:
    """The words of a text in as many parts as there are shares, by length; a part may be empty, none is lost."""
    words = text.split()
    total, whole = sum(shares), sum(len(word) for word in words)
    parts: list[list[str]] = [[] for _ in shares]
    index, limit, used = 0, shares[0] / total if total else 1.0, 0
    for word in words:
        middle = (used + len(word) / 2) / whole
        while middle > limit and index < len(shares) - 1:
            index += 1
            limit += shares[index] / total
        parts[index].append(word)
        used += len(word)
    return [" ".join(part) for part in parts]


def share_out(
    texts: Sequence[str],
    speech: Sequence[Segment],
    others: Sequence[Segment] = (),
    replies: Sequence[bool] = (),
) -> list[list[Segment]]:
    """The segments of each text, in order. `speech` is sorted and disjoint; empty speech gives empty lists.

    `others`: when anybody else speaks, sorted. `replies[i]`: whether the script has somebody else between text i and
    the next.
    """
    if not texts or not speech:
        return [[] for _ in texts]
    starts = [0.0]
    for segment in speech:
        starts.append(starts[-1] + segment.duration)
    total = starts[-1]
    weights = [text_weight(text) for text in texts]
    expected = [total * weight / sum(weights) for weight in weights]
    boundaries = [[_Boundary(0.0, 0.0)]]
    at = 0.0
    for index in range(len(texts) - 1):
        at += expected[index]
        reply = bool(replies[index]) if index < len(replies) else False
        boundaries.append(_candidates(at, starts, speech, others, reply))
    boundaries.append([_Boundary(total, 0.0)])
    cuts = _cheapest(boundaries, expected)
    return [_between(cuts[i], cuts[i + 1], starts, speech) for i in range(len(texts))]


def _heard(start: float, end: float, others: Sequence[Segment]) -> bool:
    """Whether somebody else speaks in [start, end] for at least a tenth of a second."""
    index = max(0, bisect_left(others, Segment(start, start)) - 4)
    for other in others[index:]:
        if other.start >= end:
            return False
        if min(end, other.end) - max(start, other.start) >= 0.1:
            return True
    return False


def _candidates(
    at: float, starts: Sequence[float], speech: Sequence[Segment], others: Sequence[Segment], reply: bool
) -> list[_Boundary]:
    """Places for the boundary that should come after `at` seconds of speech."""
    found = [_Boundary(at, _INSIDE_COST)]
    middle = bisect_left(starts, at)
    for index in range(max(1, middle - _NEAR), min(len(speech), middle + _NEAR)):
        before, after = speech[index - 1].end, speech[index].start
        gain = _REPLY_GAIN if reply and _heard(before, after, others) else 0.0
        found.append(_Boundary(starts[index], max(0.0, 0.5 - 0.5 * (after - before)) - gain))
    return sorted(found, key=lambda boundary: boundary.at)


def _cheapest(boundaries: Sequence[Sequence[_Boundary]], expected: Sequence[float]) -> list[float]:
    """One boundary of each list, each after the one before, for the least sum of misfits and costs."""
    import numpy as np
    from einops import rearrange

    places = [np.array([boundary.at for boundary in column]) for column in boundaries]
    best = np.zeros(1)
    came_from = []
    for step, length in enumerate(expected):
        durations = rearrange(places[step + 1], "here -> here 1") - rearrange(places[step], "before -> 1 before")
        costs = best + _misfits(durations, length)
        came_from.append(costs.argmin(axis=1))
        best = costs.min(axis=1) + np.array([boundary.cost for boundary in boundaries[step + 1]])
    chosen, index = [], int(best.argmin())
    for step in range(len(expected), 0, -1):
        chosen.append(float(places[step][index]))
        index = int(came_from[step - 1][index])
    return [0.0, *reversed(chosen)]


def _misfits(durations: NDArray[np.float64], expected: float) -> NDArray[np.float64]:
    """How unlike its text a line's speech is, squared; too short is bad, and none at all impossible."""
    import numpy as np

    misfit = ((durations - expected) / (0.5 * expected + 0.4)) ** 2
    return np.where(durations > 0, misfit + 5.0 * (durations < _SHORTEST), np.inf)


def _between(first: float, last: float, starts: Sequence[float], speech: Sequence[Segment]) -> list[Segment]:
    """The speech from `first` to `last` seconds of speech, as segments of the recording."""
    found = []
    for index in range(max(0, bisect_left(starts, first) - 1), len(speech)):
        low, high = max(first, starts[index]), min(last, starts[index + 1])
        if starts[index] >= last:
            break
        if high - low > 1e-6:
            offset = speech[index].start - starts[index]
            found.append(Segment(round(low + offset, 6), round(high + offset, 6)))
    return found
