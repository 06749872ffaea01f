"""The scene's shots on the film's frames: which picture is seen from which frame to which.

`until` is a cut at the frame nearest to that time. Shots of lines begin and end in the pauses around their lines; where
the lines of the next shot interrupt them, where these begin.
Shots that say neither share the film between their neighbours evenly, cut at the nearest pauses. A shot longer than
one generator call should hold is cut again at pauses, so that its windows are full (dialogue.planning.packing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogue.ground.segments import Segment
from dialogue.ground.times import format_time
from dialogue.planning.packing import Limits, Pause, cuts_within, nearest_pause
from dialogue.planning.plan import Turn
from dialogue.scene.scene import ShotSpec
from model.grid import FrameClock


@dataclass(frozen=True)
class Stretch:
    """Frames [start, end) of the film, shown by shot `spec` of the scene (from 0)."""

    spec: int
    start: int
    end: int


@dataclass(frozen=True)
class Miscut:
    """A shot that cannot be as written. `key` is the key of it that says so."""

    spec: int
    key: str | None
    message: str
    hint: str


def pauses_of(turns: Sequence[Turn], clock: FrameClock, frames: int) -> tuple[Pause, ...]:
    """The stretches of the film in which nobody speaks, at least one boundary wide; its two ends included."""
    pauses = []
    silent_from = 0
    for turn in sorted(turns, key=lambda turn: turn.start):
        start, end = clock.frame_at(turn.start), max(clock.frame_at(turn.start) + 1, clock.frame_at(turn.end))
        if start >= silent_from:
            pauses.append(Pause(silent_from, min(start, frames)))
        silent_from = max(silent_from, end)
    if silent_from <= frames:
        pauses.append(Pause(silent_from, frames))
    return tuple(pauses)


def _line_bounds(
    shots: Sequence[ShotSpec], items: Mapping[int, Segment], clock: FrameClock
) -> tuple[dict[int, tuple[int, int]], list[Miscut]]:
    """First and last frame of the lines of each shot that names lines."""
    found, miscuts = {}, []
    for spec, shot in enumerate(shots):
        if shot.lines is None:
            continue
        spoken = [items[number - 1] for number in shot.lines if number - 1 in items]
        if not spoken:
            miscuts.append(Miscut(spec, "lines", "none of these lines is spoken", "name lines, not pauses"))
            continue
        first, last = min(part.start for part in spoken), max(part.end for part in spoken)
        found[spec] = clock.frame_at(first), clock.frame_at(last)
    return found, miscuts


def _gap_cut(last_word: int, first_word: int, pauses: Sequence[Pause]) -> int:
    """A cut between the lines of two shots; before the first word of the second if they overlap."""
    if last_word >= first_word:
        return first_word
    return nearest_pause((last_word + first_word) // 2, last_word, first_word, pauses)


def _fixed_cuts(
    shots: Sequence[ShotSpec],
    words: Mapping[int, tuple[int, int]],
    clock: FrameClock,
    frames: int,
    turns: Sequence[Turn],
    pauses: Sequence[Pause],
) -> dict[int, int]:
    """Boundaries that the scene settles: boundary i is between shot i-1 and shot i; 0 and the last are the film's."""
    fixed = {0: 0, len(shots): frames}
    starts = sorted(clock.frame_at(turn.start) for turn in turns)
    ends = sorted(clock.frame_at(turn.end) for turn in turns)
    for boundary in range(1, len(shots)):
        before, after = shots[boundary - 1], shots[boundary]
        if before.until is not None:
            fixed[boundary] = clock.frame_at(before.until)
        elif boundary in words:
            first_word = words[boundary][0]
            said = (
                words[boundary - 1][1]
                if boundary - 1 in words
                else max((e for e in ends if e <= first_word), default=0)
            )
            fixed[boundary] = _gap_cut(said, first_word, pauses)
        elif boundary - 1 in words and after.lines is None:
            last_word = words[boundary - 1][1]
            fixed[boundary] = _gap_cut(last_word, min((s for s in starts if s >= last_word), default=frames), pauses)
    return fixed


def _shared(fixed: Mapping[int, int], count: int, pauses: Sequence[Pause]) -> list[int]:
    """All boundaries: the free ones spread evenly between the fixed, moved to the nearest pause."""
    cuts = [fixed[0]]
    for boundary in range(1, count + 1):
        if boundary in fixed:
            cuts.append(fixed[boundary])
            continue
        following = min(known for known in fixed if known > boundary)
        length = fixed[following] - cuts[-1]
        even = cuts[-1] + round(length / (following - boundary + 1))
        reach = max(0, length // (2 * (following - boundary + 1)))
        cuts.append(nearest_pause(even, even - reach, even + reach, pauses))
    return cuts


def _contradictions(
    shots: Sequence[ShotSpec], cuts: Sequence[int], words: Mapping[int, tuple[int, int]], clock: FrameClock
) -> list[Miscut]:
    found = []
    for spec, shot in enumerate(shots):
        start, end = cuts[spec], cuts[spec + 1]
        if end <= start:
            when = format_time(clock.seconds_at(start))
            message = f"nothing of the film is left for shot {spec + 1}: it would start at {when}"
            key = "until" if shot.until is not None else "lines" if shot.lines else None
            together = spec in words and spec + 1 in words and words[spec + 1][0] <= words[spec][0]
            hint = (
                "lines that begin together belong in one shot"
                if together
                else "check until and lines of the shots around it"
            )
            found.append(Miscut(spec, key, message, hint))
        elif spec in words and not (start <= words[spec][0] and (words[spec][1] <= end or _cut_into(spec, words, end))):
            if words[spec][0] < start:
                heard, limit = words[spec][0], f"shot {spec} ends at {format_time(clock.seconds_at(start))}"
            else:
                heard, limit = words[spec][1], f"shot {spec + 2} begins at {format_time(clock.seconds_at(end))}"
            message = f"its lines are heard at {format_time(clock.seconds_at(heard))}, but {limit}"
            found.append(Miscut(spec, "lines", message, "check until and lines of the shots around it"))
    return found


def _cut_into(spec: int, words: Mapping[int, tuple[int, int]], end: int) -> bool:
    """Whether the shot ends where the lines of the next one interrupt its own, which are heard on in that one."""
    return spec + 1 in words and words[spec + 1][0] == end


def cut_shots(
    shots: Sequence[ShotSpec],
    turns: Sequence[Turn],
    items: Mapping[int, Segment],
    clock: FrameClock,
    frames: int,
    limits: Sequence[Limits],
) -> tuple[tuple[Stretch, ...], list[Miscut], list[str]]:
    """The shots on the frames 0 … `frames`, without a gap; what cannot be; and warnings. `limits`: of each shot."""
    pauses = pauses_of(turns, clock, frames)
    words, miscuts = _line_bounds(shots, items, clock)
    if miscuts:
        return (), miscuts, []
    fixed = _fixed_cuts(shots, words, clock, frames, turns, pauses)
    late = [i for i, cut in fixed.items() if 0 < i < len(shots) and cut >= frames and shots[i - 1].until is not None]
    if late:
        end = format_time(clock.seconds_at(frames))
        message = f"this shot ends with or after the film, at {end}, and shots follow it"
        return (), [Miscut(late[0] - 1, "until", message, f"an until before {end}")], []
    cuts = _shared(fixed, len(shots), pauses)
    miscuts = _contradictions(shots, cuts, words, clock)
    if miscuts:
        return (), miscuts, []
    stretches, warnings = [], _end_warnings(shots, clock, frames)
    for spec in range(len(shots)):
        inner = cuts_within(cuts[spec], cuts[spec + 1], pauses, limits[spec])
        edges = [cuts[spec], *inner, cuts[spec + 1]]
        stretches += [Stretch(spec, start, end) for start, end in zip(edges, edges[1:], strict=False)]
        spoken = [cut for cut in inner if not any(pause.start <= cut <= pause.end for pause in pauses)]
        warnings += [
            f"no pause near {format_time(clock.seconds_at(cut))}: shot {spec + 1} is cut while somebody speaks"
            for cut in spoken
        ]
    return tuple(stretches), [], warnings


def _end_warnings(shots: Sequence[ShotSpec], clock: FrameClock, frames: int) -> list[str]:
    until = shots[-1].until
    if until is None or clock.frame_at(until) >= frames - 1:
        return []
    end = format_time(clock.seconds_at(frames))
    return [f"the last shot says until {format_time(until)}, but the film ends at {end}: it is shown until then"]
