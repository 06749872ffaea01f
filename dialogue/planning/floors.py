"""Who has the floor in a talk, one after the other: an aside or a word between does not take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from dialogue.ground.segments import LabelledSegment


@dataclass(frozen=True)
class Floor:
    """A stretch in which one person has the floor."""

    person: str
    start: float
    end: float


def floors_of(turns: Sequence[LabelledSegment], aside: float) -> list[Floor]:
    """Who has the floor, one after the other, from the turns sorted by start."""
    found: list[Floor] = []
    for speech in _speeches(turns):
        last = found[-1] if found else None
        if last is not None and last.person == speech.label:
            found[-1] = replace(last, end=max(last.end, speech.end))
        elif last is None:
            found.append(Floor(speech.label, speech.start, speech.end))
        elif speech.end - max(speech.start, last.end) >= aside:
            found.append(Floor(speech.label, max(speech.start, last.end - aside), speech.end))
    return found


def _speeches(turns: Sequence[LabelledSegment]) -> list[LabelledSegment]:
    """One person's turns that follow each other while nobody else speaks, as one."""
    found: list[LabelledSegment] = []
    stops: dict[str, float] = {}  # when each has last stopped
    for turn in sorted(turns):
        others = max((stop for label, stop in stops.items() if label != turn.label), default=0.0)
        if found and found[-1].label == turn.label and others <= found[-1].end:
            found[-1] = replace(found[-1], end=max(found[-1].end, turn.end))
        else:
            found.append(turn)
        stops[turn.label] = max(stops.get(turn.label, 0.0), turn.end)
    return found
