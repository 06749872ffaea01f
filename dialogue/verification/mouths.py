"""Each mouth of a film frame by frame, and the stretches in which it does what the plan does not say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.planning.plan import Plan
from dialogue.verification.activity import mouth_activity
from dialogue.verification.activity import speaking as speaking_frames
from dialogue.verification.verdict import LEAK, STILL

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MARGIN = 3  # frames around a turn that belong to neither speech nor silence
_SMOOTH = 5  # frames over which movement is averaged
_LEAST = 8  # frames that make a stretch
_GAP = 6  # frames of quiet within one


@dataclass(frozen=True)
class Stretch:
    """[start, end) in frames, and what is wrong in it."""

    start: int
    end: int
    fault: str


@dataclass(frozen=True)
class Mouth:
    """A speaker's mouth. `movement`: hundredths of a grey level per frame, whole; -1 where it is not seen."""

    speaker: str
    movement: tuple[int, ...]
    wrong: tuple[Stretch, ...]


def mouths(film: Path, plan: Plan) -> tuple[Mouth, ...]:
    """Every speaker who is seen. SceneError for a film that is not of this plan."""
    import numpy as np

    curves: dict[str, NDArray[np.float32]] = {}
    for activity in mouth_activity(film, plan):
        curve = curves.setdefault(activity.speaker, np.full(plan.frames, -1, np.float32))
        curve[activity.shot.start : activity.shot.end] = activity.movement
    return tuple(_mouth(plan, speaker, curve) for speaker, curve in curves.items())


def _mouth(plan: Plan, speaker: str, curve: NDArray[np.float32]) -> Mouth:
    import numpy as np

    seen, speaks, near = curve >= 0, speaking_frames(plan, speaker), speaking_frames(plan, speaker, MARGIN)
    smooth = np.convolve(np.maximum(curve, 0), np.ones(_SMOOTH) / _SMOOTH, "same")
    voiced = curve[seen & speaks]
    own = float(voiced.mean()) if len(voiced) else 0.0
    moving = seen & ~near & (smooth > max(STILL, LEAK * own))
    wrong = [Stretch(*part, "moves while listening") for part in _stretches(moving)]
    for turn in plan.turns:
        start, end = plan.clock.frame_at(turn.start), min(plan.clock.frame_at(turn.end), plan.frames)
        inside = curve[start:end][seen[start:end]]
        if turn.speaker == speaker and len(inside) >= _LEAST and float(inside.mean()) < STILL:
            wrong.append(Stretch(start, end, "does not move while speaking"))
    rounded = tuple(int(value) for value in np.where(seen, np.round(curve * 100), -1))
    return Mouth(speaker, rounded, tuple(sorted(wrong, key=lambda stretch: stretch.start)))


def _stretches(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The runs of `on`, joined over short gaps, that are long enough to be seen."""
    found: list[tuple[int, int]] = []
    for frame in on.nonzero()[0].tolist():
        if found and frame - found[-1][1] <= _GAP:
            found[-1] = (found[-1][0], frame + 1)
        else:
            found.append((frame, frame + 1))
    return [(start, end) for start, end in found if end - start >= _LEAST]
