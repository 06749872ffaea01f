"""Which emotion a speaker is in at a time: the line's, cross-faded over 0.2 s into the next line's.

A turn whose emotion changes on the way is a sequence of them. An emotion holds from its line until the speaker's next
one, so that a face keeps it while it listens. The fade is centred on the start of the next line. Before the first line,
and for a line that names none, it is `neutral` where the speaker has such a picture, else the picture as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialogue.planning.plan import Emotion, Plan, Speaker, Turn
from dialogue.scene.scene import LineEmotion

CROSS_FADE = 0.2  # seconds
STRONGEST = 1.5
NEUTRAL = "neutral"


def emotion_of_line(written: LineEmotion | None, names: Sequence[str]) -> Emotion:
    """The emotion of a line as the plan holds it: weights sum to 1; `names` are those the speaker has pictures of."""
    if written is None or not written.weights:
        return resting_emotion(names)
    total = sum(written.weights.values())
    weights = tuple((name, round(weight / total, 6)) for name, weight in written.weights.items() if weight > 0)
    return Emotion(weights, written.strength)


def resting_emotion(names: Sequence[str]) -> Emotion:
    """Of somebody whose lines say nothing about it."""
    return Emotion(((NEUTRAL, 1.0),)) if NEUTRAL in names else Emotion()


class EmotionLane:
    """The emotions of one speaker over the film. `turns` are theirs alone, sorted by start."""

    def __init__(self, speaker: Speaker, turns: Sequence[Turn]) -> None:
        rest = _strong_weights(resting_emotion([reference.name for reference in speaker.emotions]), speaker)
        felt = [(turn.start + feeling.at, feeling.emotion) for turn in turns for feeling in turn.feelings]
        states = [_strong_weights(emotion, speaker) for _, emotion in felt]
        # A change of emotion, where one line differs from the one before: when, from what, to what.
        self._first = states[0] if states else rest
        self._changes = [
            (start, before, after)
            for (start, _), before, after in zip(felt, [rest, *states], states, strict=False)
            if before != after
        ]
        if self._changes:
            self._first = self._changes[0][1]

    def at(self, seconds: float) -> dict[str, float]:
        """Weights by name at a time, in seconds of the film."""
        mixed = dict(self._first)
        for when, _, after in self._changes:
            share = (seconds - when) / CROSS_FADE + 0.5
            if share <= 0:
                break
            mixed = dict(after) if share >= 1 else _mix(mixed, after, share)
        return {name: round(weight, 6) for name, weight in mixed.items() if weight > 5e-7}


def _strong_weights(emotion: Emotion, speaker: Speaker) -> dict[str, float]:
    strength_of = {reference.name: reference.strength for reference in speaker.emotions}
    return {
        name: min(STRONGEST, weight * emotion.strength * strength_of.get(name, 1.0)) for name, weight in emotion.weights
    }


def _mix(before: Mapping[str, float], after: Mapping[str, float], share: float) -> dict[str, float]:
    names = dict.fromkeys([*before, *after])
    return {name: before.get(name, 0.0) * (1 - share) + after.get(name, 0.0) * share for name in names}


def emotions_of(plan: Plan, speaker_id: str) -> EmotionLane:
    """The emotions of one speaker over the film: what every generator shows, and the one place that knows it."""
    return EmotionLane(plan.speaker(speaker_id), [turn for turn in plan.turns if turn.speaker == speaker_id])


def weights_at(plan: Plan, speaker_id: str, seconds: float) -> dict[str, float]:
    """How much of each emotion, strength included (a line's times its picture's, at most 1.5), at a time of the film.

    Empty: the picture as it is. Names without a picture are kept; what to do with them is the generator's choice.
    """
    return emotions_of(plan, speaker_id).at(seconds)
