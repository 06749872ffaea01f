"""Every speaker in the picture at every latent frame of a shot: their region, whether they speak, their emotion.

This is what a generator knows of a person, whichever generator it is; `stride` 1 makes every frame a latent.

Shapes: T latent frames of the shot; latent 0 is its first frame, latent k > 0 its frames 4k-3 … 4k (model.grid).
Speakers who are off screen have no lane: they are heard, not animated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dialogue.ground.box import Box
from dialogue.planning.emotions import emotions_of
from dialogue.planning.plan import EmotionReference, Face, Plan, Shot, Turn
from model.grid import LATENT_STRIDE, frames_of, latents_for


@dataclass(frozen=True)
class Lane:
    """One speaker of one shot.

    `face` is where they are in the picture, `turns` what they say in it and around it, in seconds of the film.
    `speaking` has T entries, True where any frame of the latent is in one of their turns: else they listen, and their
    voice is silence. `emotions` names the columns of `weights`, T rows, strength included; no names: the picture as it
    is. `pictures` are those of them by emotion.
    """

    face: Face
    name: str
    color: str
    turns: tuple[Turn, ...]
    pictures: tuple[EmotionReference, ...]
    speaking: tuple[bool, ...]
    emotions: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]

    @property
    def speaker(self) -> str:
        return self.face.speaker

    @property
    def box(self) -> Box:
        return self.face.box

    @property
    def region(self) -> Box:
        return self.face.region

    def weights_of(self, names: Sequence[str]) -> tuple[tuple[float, ...], ...]:
        """`weights` with a column for each of these emotions, in their order: (T, Q). One never felt weighs nothing."""
        columns = [self.emotions.index(name) if name in self.emotions else None for name in names]
        return tuple(tuple(0.0 if at is None else row[at] for at in columns) for row in self.weights)


@dataclass(frozen=True)
class SpeakingSpan:
    """Frames [start, end) of a shot, counted from its first, in which a turn is spoken."""

    turn: Turn
    start: int
    end: int


def spans(plan: Plan, shot: Shot, speaker: str) -> tuple[SpeakingSpan, ...]:
    """The speaker's turns that touch the shot, on its frames, in order. Each turn has one frame at least."""
    clock = plan.clock
    early, late = clock.seconds_at(shot.start) - 1, clock.seconds_at(shot.end) + 1
    found = []
    for turn in plan.turns:
        if turn.speaker != speaker or turn.end < early or turn.start > late:
            continue  # exact counting is dear, and a film has thousands of turns
        first = clock.frame_at(turn.start)
        last = max(first + 1, clock.frame_at(turn.end))
        if first < shot.end and last > shot.start:
            found.append(SpeakingSpan(turn, max(first, shot.start) - shot.start, min(last, shot.end) - shot.start))
    return tuple(found)


def _lane(plan: Plan, shot: Shot, face: Face, stride: int) -> Lane:
    latents = latents_for(shot.frames, stride)
    speaking = [False] * latents
    for span in spans(plan, shot, face.speaker):
        for latent in range(latents_for(span.start + 1, stride) - 1, latents_for(span.end, stride)):
            speaking[latent] = True
    emotion = emotions_of(plan, face.speaker)
    rows = []
    for latent in range(latents):
        held = frames_of(latent, stride)
        middle = (held.start + min(held.stop, shot.frames)) / 2 + shot.start
        rows.append(emotion.at(float(middle / plan.fps)))
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    weights = tuple(tuple(row.get(name, 0.0) for name in names) for row in rows)
    speaker = plan.speaker(face.speaker)
    turns = tuple(turn for turn in plan.turns if turn.speaker == speaker.id)
    return Lane(face, speaker.name, speaker.color, turns, speaker.emotions, tuple(speaking), names, weights)


def lanes(plan: Plan, shot: Shot, stride: int = LATENT_STRIDE) -> tuple[Lane, ...]:
    """One lane per face of the shot, in the order of its faces; `stride` is that of the generator's VAE."""
    return tuple(_lane(plan, shot, face, stride) for face in shot.faces)
