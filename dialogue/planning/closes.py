"""A stretch of the film shown close: cut to whoever has the floor and is in its picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dialogue.ground.segments import LabelledSegment
from dialogue.planning.floors import floors_of
from dialogue.planning.plan import Turn
from dialogue.planning.shots import Stretch
from model.grid import FrameClock

_ASIDE = 0.8  # seconds: who says less does not get the picture
_LEAD = 0.2  # seconds before the first word of a new speaker
_LEAST = 1.0  # seconds that a picture is held


def close_cuts(
    stretch: Stretch, turns: Sequence[Turn], seen: Collection[str], clock: FrameClock
) -> list[tuple[Stretch, str | None]]:
    """The stretch in pieces, each with the person seen close in it; None where nobody of its picture ever speaks.

    Before the first of them speaks, the picture is theirs already.
    """
    spoken = [LabelledSegment(turn.start, turn.end, turn.speaker) for turn in turns if turn.speaker in seen]
    begin, finish = clock.seconds_at(stretch.start), clock.seconds_at(stretch.end)
    floors = [floor for floor in floors_of(spoken, _ASIDE) if floor.end > begin and floor.start < finish]
    if not floors:
        before = [turn.speaker for turn in turns if turn.speaker in seen and turn.start <= begin]
        return [(stretch, before[-1] if before else None)]
    least = clock.frames_covering(_LEAST)
    edges, people = [stretch.start], [floors[0].person]
    for floor in floors[1:]:
        at = clock.frame_at(max(0.0, floor.start - _LEAD))
        if floor.person != people[-1] and at >= edges[-1] + least and at <= stretch.end - least:
            edges.append(at)
            people.append(floor.person)
    cuts = zip(edges, [*edges[1:], stretch.end], people, strict=True)
    return [(Stretch(stretch.spec, start, end), person) for start, end, person in cuts]
