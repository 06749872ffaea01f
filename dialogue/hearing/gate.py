"""What a recogniser heard, against what imitation found: the gate that says what is missing, and what is besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dialogue.ground.segments import LabelledSegment
from dialogue.hearing.heard import Difference, Heard, HeardWord
from dialogue.hearing.lines import ScriptLine
from dialogue.hearing.matching import is_said, share_said


def gated(heard: Heard, lines: Sequence[ScriptLine], words: Sequence[HeardWord]) -> Heard:
    """The lines whose words were recognised where they lie; the others missing; words of what no line has."""
    if not words:
        return heard
    moved = {difference.item for difference in heard.differences if difference.kind == "moved"}
    kept = dict(heard.lines)
    told = [difference for difference in heard.differences if difference.kind != "unsure"]
    in_place = [line for line in lines if line.item not in moved]
    for line, share in zip(in_place, share_said([line.text for line in in_place], words), strict=True):
        if line.item in kept and not is_said(share):
            del kept[line.item]
            told.append(Difference("missing", line.item))
        elif line.item in kept:
            sure = round(max(kept[line.item].sure, min(1.0, 0.4 + 0.6 * share)), 2)
            kept[line.item] = replace(kept[line.item], sure=sure, way=f"{kept[line.item].way}, its words recognised")
    found = [replace(d, text=_between(words, d.start, d.end) or None) if d.kind == "extra" else d for d in told]
    return Heard(kept, tuple(d for d in found if d.kind != "extra" or d.text))


def captioned(turns: Sequence[LabelledSegment], words: Sequence[HeardWord]) -> tuple[LabelledSegment, ...]:
    """Turns with the words said in them: each word in the turn that holds its middle, else in the nearest."""
    if not turns:
        return ()
    texts: list[list[str]] = [[] for _ in turns]
    for word in words:
        middle = (word.start + word.end) / 2
        away = [max(turn.start - middle, middle - turn.end, 0.0) for turn in turns]
        nearest = min(range(len(turns)), key=away.__getitem__)
        if away[nearest] <= 1.0:
            texts[nearest].append(word.text)
    return tuple(
        replace(turn, text=" ".join(said)) if said else turn for turn, said in zip(turns, texts, strict=True)
    )


def _between(words: Sequence[HeardWord], start: float | None, end: float | None) -> str:
    if start is None or end is None:
        return ""
    return " ".join(word.text for word in words if start - 0.2 <= (word.start + word.end) / 2 <= end + 0.2)
