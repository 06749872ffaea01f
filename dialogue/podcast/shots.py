"""Where to cut an episode, and to what: wide and close pictures by rule, as an editor of a talk would.

- An episode and each chapter open wide. Then the picture is close on whoever has the floor.
- Every picture is held for `hold` seconds or more, cutaways for `cutaway` or more. When the floor changes faster than
  that, the picture is wide.
- No picture is held for longer than `longest`: a close one is left for a listener, or for all, a wide one for whoever
  speaks; for `cutaway` seconds, or half as long again where that ends in a pause.
- Cuts fall into pauses where one is near; one that follows the floor falls just before the new speaker's first word.

Words that last less than `aside` in all ("mhm"), or that end before the speaker does whom they interrupt, do not take
the floor. Pure; times are seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dialogue.ground.segments import LabelledSegment
from dialogue.planning.floors import Floor, floors_of

Kind = Literal["wide", "close"]
_COMPANY = 120.0  # seconds around a shot in which somebody has to be heard to be shown listening


@dataclass(frozen=True)
class Rule:
    """Seconds; see the module."""

    hold: float = 4.0
    longest: float = 16.0
    cutaway: float = 3.0
    aside: float = 1.0
    lead: float = 0.2  # before the first word of a new speaker

    def __post_init__(self) -> None:
        for name in ("hold", "longest", "cutaway"):
            if not 0.5 <= getattr(self, name) <= 3600:
                raise ValueError(f"{name} is {getattr(self, name)}; it is 0.5 to 3600 seconds")
        least = 2 * self.hold + self.cutaway
        if self.longest < least:  # a picture, a cutaway and the picture again must fit
            raise ValueError(f"longest is {self.longest}; it is at least twice hold and a cutaway, {least}")


@dataclass(frozen=True)
class Angle:
    """What is seen until `until`: everybody, or one person close."""

    kind: Kind
    person: str | None
    start: float
    until: float


def cut_episode(
    turns: Sequence[LabelledSegment], duration: float, chapters: Sequence[float] = (), rule: Rule | None = None
) -> list[Angle]:
    """The cuts of an episode, without gaps from 0 to `duration`. `chapters` are the seconds at which they begin.

    A chapter that begins before the last one's opening picture was held has none of its own.
    """
    rule = rule or Rule()
    floors = floors_of(turns, rule.aside)
    starts = [0.0]
    for at in sorted(chapters):
        if starts[-1] + rule.hold <= at <= duration - rule.hold:
            starts.append(at)
    pauses = pauses_of(turns)
    cuts: list[Angle] = []
    for start, end in zip(starts, [*starts[1:], duration], strict=True):
        cuts += _chapter([f for f in floors if f.end > start and f.start < end], start, end, pauses, rule)
    broken = [piece for cut in _joined(cuts) for piece in _broken(cut, turns, pauses, rule)]
    return _rounded(broken, duration)


def fixed_cuts(turns: Sequence[LabelledSegment], duration: float, length: float) -> list[Angle]:
    """Shots of about `length` seconds, cut at the pause nearest to it; wide, then close on who speaks most in it."""
    pauses = pauses_of(turns)
    cuts: list[Angle] = []
    start = 0.0
    while start < duration:
        last = duration - start <= 1.5 * length
        until = duration if last else _pause(pauses, start + length, start + length / 2, start + 1.5 * length)
        who = _speaks_most(turns, start, until)
        close = len(cuts) % 2 == 1 and who is not None
        cuts.append(Angle("close" if close else "wide", who if close else None, start, until))
        start = until
    return _rounded(_joined(cuts), duration)


def pauses_of(turns: Sequence[LabelledSegment]) -> list[float]:
    """The middles of the stretches in which nobody speaks, in order."""
    found, silent_from = [], 0.0
    for turn in sorted(turns):
        if turn.start > silent_from:
            found.append((silent_from + turn.start) / 2)
        silent_from = max(silent_from, turn.end)
    return found


def _chapter(floors: Sequence[Floor], start: float, end: float, pauses: Sequence[float], rule: Rule) -> list[Angle]:
    """A chapter: wide at first, then whoever has the floor, never cut before the picture was held."""
    cuts = [Angle("wide", None, start, end)]
    for index, floor in enumerate(floors):
        before = floors[index - 1].end if index else start
        until = floors[index + 1].start if index + 1 < len(floors) else end
        seen = cuts[-1]
        at = max(min(before, floor.start), floor.start - rule.lead, seen.start + rule.hold)
        if at > floor.start:  # held into the speech: cut at a pause in it
            at = _pause(pauses, at, at, min(at + rule.hold / 2, until - rule.hold))
        if until - at >= rule.hold:
            if seen.person != floor.person:
                cuts.append(Angle("close", floor.person, at, end))
        elif seen.kind == "close" and seen.person != floor.person and end - at >= rule.hold:
            cuts.append(Angle("wide", None, at, end))  # over before it could be held: all are seen
    ends = [*(cut.start for cut in cuts[1:]), end]
    return [replace(cut, until=until) for cut, until in zip(cuts, ends, strict=True)]


def _broken(cut: Angle, turns: Sequence[LabelledSegment], pauses: Sequence[float], rule: Rule) -> list[Angle]:
    """A picture that is held for too long, left for a cutaway as often as it must be; others stay as they are."""
    found: list[Angle] = []
    while cut.until - cut.start > rule.longest:
        latest = min(cut.start + rule.longest, cut.until - rule.hold - rule.cutaway)
        at = _pause(pauses, min(cut.start + 0.7 * rule.longest, latest), cut.start + rule.hold, latest)
        longer = min(at + 1.5 * rule.cutaway, at + rule.longest, cut.until - rule.hold)
        back = _pause(pauses, at + rule.cutaway, at + rule.cutaway, longer)
        person = _listener(cut, turns, len(found) // 2) if cut.kind == "close" else _nearest_speaker(turns, at, back)
        if cut.kind == "wide" and person is None:  # nobody is ever heard
            break
        away = Angle("wide" if person is None else "close", person, at, back)
        found += [replace(cut, until=at), away]
        cut = replace(cut, start=back)
    return [*found, cut]


def _listener(cut: Angle, turns: Sequence[LabelledSegment], number: int) -> str | None:
    """Who is shown in the cutaway of this number: each who has been or is soon heard, in turn, then all (None)."""
    near = [t for t in turns if t.end > cut.start - _COMPANY and t.start < cut.until + _COMPANY]
    listeners = list(dict.fromkeys(turn.label for turn in sorted(near) if turn.label != cut.person))
    index = number % (len(listeners) + 1)
    return listeners[index] if index < len(listeners) else None


def _speaks_most(turns: Sequence[LabelledSegment], start: float, until: float) -> str | None:
    """Who speaks longest between two times; None where nobody does."""
    said: dict[str, float] = {}
    for turn in turns:
        said[turn.label] = said.get(turn.label, 0.0) + max(0.0, min(turn.end, until) - max(turn.start, start))
    who = max(said, key=lambda person: said[person], default=None)
    return who if who is not None and said[who] > 0 else None


def _nearest_speaker(turns: Sequence[LabelledSegment], start: float, until: float) -> str | None:
    """Who speaks most between two times, else who speaks nearest to them; None where nobody ever does."""
    nearest = min(turns, key=lambda turn: max(turn.start - until, start - turn.end), default=None)
    return _speaks_most(turns, start, until) or (nearest.label if nearest is not None else None)


def _pause(pauses: Sequence[float], at: float, earliest: float, latest: float) -> float:
    """The pause nearest to `at` between two times; `at` itself where there is none."""
    index = bisect_left(pauses, at)
    near = [pause for pause in pauses[max(0, index - 1) : index + 1] if earliest <= pause <= latest]
    return min(near, key=lambda pause: abs(pause - at), default=at)


def _joined(cuts: Sequence[Angle]) -> list[Angle]:
    """Neighbours that show the same are one."""
    found: list[Angle] = []
    for cut in cuts:
        if found and (found[-1].kind, found[-1].person) == (cut.kind, cut.person):
            found[-1] = replace(found[-1], until=cut.until)
        else:
            found.append(cut)
    return found


def _rounded(cuts: Sequence[Angle], duration: float) -> list[Angle]:
    """Times to the millisecond, the last to the end."""
    return [replace(cut, start=round(cut.start, 3), until=round(min(cut.until, duration), 3)) for cut in cuts]
