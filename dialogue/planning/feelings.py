"""Emotions that a scene leaves to be told: from the words of a line, and from the voice where a classifier hears it.

A word of the script decides: `(angrily)`. Signs of it and the voice are weighed half and half; either alone stands for
itself. What is heard changes along a line, in steps of half a second, and small changes are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dialogue.hearing.feeling import HOP, Felt
from dialogue.measures.measures import Measures
from dialogue.planning.emotions import NEUTRAL, emotion_of_line
from dialogue.planning.plan import Emotion, Feeling, Turn
from dialogue.scene.scene import AudioRef, LineEmotion, Scene, SpokenLine
from dialogue.screenplay.delivery import cue_in, emotion_in, without_asides

_STEP = 0.05  # of a weight: what is finer is no knowledge
_FAINT = 0.15  # a weight under which an emotion is not shown
_CHANGE = 0.2  # of weights, between what is heard and what was: below it nothing has changed
_BY_SIGNS = 0.5  # of what both signs and voice tell
Weights = dict[str, float]


def felt_turn(scene: Scene, measures: Measures, turn: Turn, line: SpokenLine | None = None) -> Turn:
    """The turn with the emotion that is told of it, where the scene leaves that open; as it is elsewhere."""
    if not scene.feels_by_itself(turn.speaker, line):
        return turn
    cue = cue_in(line.text) if line is not None else None
    written = cue is not None and emotion_in(cue[1]) is not None
    windows = () if written or turn.draft is not None else _windows(measures, turn)
    if cue is None and not windows:
        return turn
    names = tuple(scene.cast[turn.speaker].emotions)
    told = [f"the words {cue[1]!r}"] if cue is not None else []
    if not windows:
        assert cue is not None
        words = without_asides(turn.text) or None if written and turn.text else turn.text
        return replace(turn, text=words, emotion=emotion_of_line(cue[0], names), felt=", ".join(told))
    heard = [(part.start, _mixed(part.weights, cue[0] if cue else None)) for part in windows]
    mean = _tidy(_mean([weights for _, weights in heard]))
    told.append(f"the voice, mostly {max(mean, key=lambda name: mean[name])}")
    course = _course(heard, turn)
    return replace(turn, emotion=_emotion(mean), course=course if len(course) > 1 else (), felt=", ".join(told))


def _windows(measures: Measures, turn: Turn) -> list[Felt]:
    """Those whose middle is in the turn; of a turn shorter than that, the nearest."""
    source, channel, stream = turn.audio.heard
    heard: Sequence[Felt] = measures.felt.get(AudioRef(path=source, channel=channel, stream=stream), ())
    inside = [part for part in heard if turn.audio.start <= (part.start + part.end) / 2 < turn.audio.end]
    if inside or not heard:
        return inside
    middle = (turn.audio.start + turn.audio.end) / 2
    nearest = min(heard, key=lambda part: abs((part.start + part.end) / 2 - middle))
    return [nearest] if nearest.start <= middle <= nearest.end else []


def _course(heard: Sequence[tuple[float, Weights]], turn: Turn) -> tuple[Feeling, ...]:
    """One feeling after the other: a new one where it differs enough from the one before."""
    found: list[tuple[float, Weights]] = []
    for start, weights in heard:
        middle = start + 2 * HOP - turn.audio.start  # of a window of two seconds: four hops
        now = _tidy(weights)
        if not found:
            found.append((0.0, now))
        elif _apart(found[-1][1], now) >= _CHANGE and middle > found[-1][0]:
            found.append((round(middle, 2), now))
    length = turn.end - turn.start
    return tuple(Feeling(at, _emotion(weights)) for at, weights in found if at < length)


def _mixed(heard: Weights, cue: LineEmotion | None) -> Weights:
    if cue is None:
        return heard
    names = dict.fromkeys([*heard, *cue.weights])
    return {n: (1 - _BY_SIGNS) * heard.get(n, 0.0) + _BY_SIGNS * cue.weights.get(n, 0.0) for n in names}


def _mean(rows: Sequence[Weights]) -> Weights:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: sum(row.get(name, 0.0) for row in rows) / len(rows) for name in names}


def _tidy(weights: Weights) -> Weights:
    """In steps of a twentieth, faint ones left out; what is left over is neutral. They sum to 1."""
    kept = {n: round(w / _STEP) * _STEP for n, w in sorted(weights.items()) if n != NEUTRAL and w >= _FAINT}
    total = sum(kept.values())
    if total > 1:
        kept = {name: weight / total for name, weight in kept.items()}
    rest = round(1 - sum(kept.values()), 6)
    return {**kept, NEUTRAL: rest} if rest > 0 else kept


def _apart(first: Weights, second: Weights) -> float:
    return max(abs(first.get(n, 0.0) - second.get(n, 0.0)) for n in {*first, *second})


def _emotion(weights: Weights) -> Emotion:
    total = sum(weights.values())
    return Emotion(tuple((name, round(weight / total, 6)) for name, weight in weights.items()))


def untold(scene: Scene, measures: Measures, turns: Sequence[Turn]) -> str | None:
    """A warning where emotions are to be told and nothing tells those of some turns; None where all is told."""
    from dialogue.hearing.feeling import COMMAND, classifier

    asked = [turn for turn in turns if turn.felt is None and scene.feels_by_itself(turn.speaker)]
    spoken = [line for line in scene.lines if isinstance(line, SpokenLine) and line.emotion is not None]
    if (not asked and not any(line.emotion is not None and line.emotion.auto for line in spoken)) or classifier():
        return None
    return f"emotion: auto goes by the words of the script alone, for no classifier hears the voices: {COMMAND}"
