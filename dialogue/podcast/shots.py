"""Where to cut an episode, and to what: wide and close pictures by rule, as an editor of a talk would.

- An episode and each chapter open wide. Then the picture is close on whoever has the floor.
- Nothing is cut before it was held for `hold` seconds. When the floor changes faster than that, the picture is wide.
- Cuts fall into pauses; one that follows the floor falls just before the new speaker's first word.
- Nobody is shown for longer than `longest` without a cut: to a listener for `cutaway` seconds, or wide.

Words shorter than `aside` while another speaks on ("mhm") do not take the floor. Pure; times are seconds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from dialogue.ground.segments import LabelledSegment

Kind = Literal["wide", "close"]


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
        if self.longest < 2 * self.hold:
            raise ValueError(f"longest is {self.longest}; it is at least twice hold, {2 * self.hold}")


@dataclass(frozen=True)
class Cut:
    """What is seen until `until`: everybody, or one person close."""

    kind: Kind
    person: str | None
    start: float
    until: float


@dataclass(frozen=True)
class _Floor:
    """A stretch in which one person has the floor."""

    person: str
    start: float
    end: float


def floors_of(turns: Sequence[LabelledSegment], aside: float) -> list[_Floor]:
    """Who has the floor, one after the other, from the turns sorted by start."""
    found: list[_Floor] = []
    for turn in sorted(turns):
        last = found[-1] if found else None
        if last is not None and last.person == turn.label:
            found[-1] = replace(last, end=max(last.end, turn.end))
        elif last is None or turn.end - turn.start >= aside:
            found.append(_Floor(turn.label, turn.start, turn.end))
    return found


def cut_episode(
    turns: Sequence[LabelledSegment], duration: float, chapters: Sequence[float] = (), rule: Rule | None = None
) -> list[Cut]:
    """The cuts of an episode, without gaps from 0 to `duration`. `chapters` are the seconds at which they begin."""
    rule = rule or Rule()
    floors = floors_of(turns, rule.aside)
    pauses = pauses_of(turns)
    starts = [0.0, *(at for at in sorted(chapters) if rule.hold < at < duration - rule.hold)]
    cuts: list[Cut] = []
    for start, end in zip(starts, [*starts[1:], duration], strict=True):
        part = [f for f in floors if f.end > start and f.start < end]
        cuts += _chapter(part, start, end, pauses, rule)
    return _joined(cuts, duration)


def fixed_cuts(turns: Sequence[LabelledSegment], duration: float, length: float) -> list[Cut]:
    """Shots of about `length` seconds, cut at the pause nearest to it; wide, then close on who speaks most in it."""
    pauses = pauses_of(turns)
    cuts: list[Cut] = []
    start = 0.0
    while start < duration:
        until = _near(pauses, start + length, length / 2) if duration - start > 1.5 * length else duration
        said: dict[str, float] = {}
        for turn in turns:
            said[turn.label] = said.get(turn.label, 0.0) + max(0.0, min(turn.end, until) - max(turn.start, start))
        who = max(said, key=lambda person: said[person], default=None)
        close = len(cuts) % 2 == 1 and who is not None and said[who] > 0
        cuts.append(Cut("close" if close else "wide", who if close else None, start, until))
        start = until
    return _joined(cuts, duration)


def pauses_of(turns: Sequence[LabelledSegment]) -> list[float]:
    """The middles of the stretches in which nobody speaks, in order."""
    found, silent_from = [], 0.0
    for turn in sorted(turns):
        if turn.start > silent_from:
            found.append((silent_from + turn.start) / 2)
        silent_from = max(silent_from, turn.end)
    return found


def _chapter(floors: Sequence[_Floor], start: float, end: float, pauses: Sequence[float], rule: Rule) -> list[Cut]:
    """A chapter: wide at first, then whoever has the floor, never cut before the picture was held."""
    cuts = [Cut("wide", None, start, end)]
    for index, floor in enumerate(floors):
        before = floors[index - 1].end if index else start
        at = max(before, floor.start - rule.lead) if index else start + rule.hold
        until = floors[index + 1].start if index + 1 < len(floors) else end
        at = max(at, cuts[-1].start + rule.hold)
        if not index:
            at = _near(pauses, at, rule.hold / 2)
        if until - at < rule.hold:  # over before it could be held: whoever is seen now stays, or all are
            if cuts[-1].kind == "close" and floor.person != cuts[-1].person and at < end - rule.hold:
                cuts.append(Cut("wide", None, at, end))
            continue
        if cuts[-1].person != floor.person:
            cuts.append(Cut("close", floor.person, at, end))
    ends = [*(cut.start for cut in cuts[1:]), end]
    people = list(dict.fromkeys(floor.person for floor in floors))
    found: list[Cut] = []
    for cut, until in zip(cuts, ends, strict=True):
        found += _broken(replace(cut, until=until), people, pauses, rule)
    return found


def _broken(cut: Cut, people: Sequence[str], pauses: Sequence[float], rule: Rule) -> list[Cut]:
    """A close picture held for too long, broken by listeners (each in turn) and, with nobody to listen, by wide."""
    found: list[Cut] = []
    listeners = [person for person in people if person != cut.person]
    away = 0
    while cut.kind == "close" and cut.until - cut.start > rule.longest:
        at = _near(pauses, cut.start + 0.7 * rule.longest, 0.3 * rule.longest)
        back = _near(pauses, at + rule.cutaway, rule.cutaway / 2)
        if cut.until - back < rule.hold:
            break
        wide = not listeners or away % (len(listeners) + 1) == len(listeners)
        shown = Cut("wide", None, at, back) if wide else Cut("close", listeners[away % (len(listeners) + 1)], at, back)
        found += [replace(cut, until=at), shown]
        cut = replace(cut, start=back)
        away += 1
    return [*found, cut]


def _near(pauses: Sequence[float], at: float, reach: float) -> float:
    """The pause nearest to `at` within `reach`; `at` itself where there is none."""
    index = bisect_left(pauses, at)
    near = [pause for pause in pauses[max(0, index - 1) : index + 1] if abs(pause - at) <= reach]
    return min(near, key=lambda pause: abs(pause - at), default=at)


def _joined(cuts: Sequence[Cut], duration: float) -> list[Cut]:
    """Neighbours that show the same are one; times to the millisecond, the last to the end."""
    found: list[Cut] = []
    for cut in cuts:
        if found and (found[-1].kind, found[-1].person) == (cut.kind, cut.person):
            found[-1] = replace(found[-1], until=cut.until)
        elif cut.until - cut.start > 1e-3:
            found.append(cut)
    return [replace(cut, start=round(cut.start, 3), until=round(min(cut.until, duration), 3)) for cut in found]
