"""One shot of a plan as a plan of its own: what a generator sees, and all it sees.

Times start at the shot's first frame and everything else is left out. So a shot's frames cannot depend on where in the
film it is, on its number, on how words are written, or on people who are not in the picture: what its cache key does
not hold, it does not know.
"""

from __future__ import annotations

from dataclasses import replace

from dialogue.planning.emotions import CROSS_FADE, resting_emotion
from dialogue.planning.plan import Mix, Plan, Shot, Speaker, Turn, Word

MARGIN = 1.0  # seconds around the shot in which turns are kept: movement begins before a voice and ends after it
_MOUTHS = ("animatic",)  # the generators that look at mouths, phones and labels
_LONG_AGO = -10.0 * max(MARGIN, CROSS_FADE)


def excerpt(plan: Plan, shot: Shot) -> Plan:
    """The plan of `shot` alone: its index is 0 and its first frame 0.

    It holds the turns, heard in the shot or within `MARGIN` of it, of the people in the picture. Of what they said
    before only the emotion is left, which they still wear: a turn without length, long ago. Times are rounded to
    microseconds, so that a shot moved by whole frames gives the same excerpt.
    """
    shown = [face.speaker for face in shot.faces]
    heard = plan.generator in _MOUTHS  # what it alone looks at makes no other generator's shot again
    faces = shot.faces if heard else tuple(replace(face, mouth=None) for face in shot.faces)
    clock = plan.clock
    begin, length = clock.seconds_at(shot.start), clock.seconds_at(shot.frames)
    turns: list[Turn] = []
    for speaker in (speaker for speaker in plan.speakers if speaker.id in shown):
        spoken = [
            turn for turn in plan.turns if turn.speaker == speaker.id and turn.start < begin + length + 2 * MARGIN
        ]
        past = max(
            (turn for turn in spoken if turn.end <= begin - 2 * MARGIN), key=lambda turn: turn.start, default=None
        )
        recent = [turn for turn in spoken if turn.end > begin - 2 * MARGIN]
        own = [_shifted(turn, begin, heard) for turn in ([past] if past else []) + recent]
        near = [turn for turn in own if turn.end > -MARGIN and turn.start < length + MARGIN]
        settled = any(turn.start <= -CROSS_FADE for turn in near)  # its emotion is all that is worn by now
        worn = [] if settled else _worn(speaker, [turn for turn in own if turn.end <= -MARGIN])
        turns += [*worn, *near]
    return Plan(
        title="",
        generator=plan.generator,
        generator_reason="",
        seed=plan.seed if shot.seed is None else shot.seed,
        fps=plan.fps,
        width=plan.width,
        height=plan.height,
        duration=length,
        speakers=tuple(speaker for speaker in plan.speakers if speaker.id in shown),
        turns=tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))),
        shots=(
            replace(
                shot, index=0, start=0, end=shot.frames, faces=faces, spec=None, seed=None, take=None, locked=None
            ),
        ),
        mix=Mix(),
        labels=plan.labels if heard else "all",
        font=plan.font if heard else None,
    )


def _shifted(turn: Turn, begin: float, heard: bool) -> Turn:
    """The turn in the shot's time; of its words the phones alone are kept, where they are `heard`."""
    words = tuple(_phones(word, begin) for word in turn.words if word.sounds) if heard else ()
    start, end = round(turn.start - begin, 6), round(turn.end - begin, 6)
    return replace(turn, start=start, end=end, text=None, origin="", words=words, felt=None)


def _phones(word: Word, begin: float) -> Word:
    parts = (part.rpartition(":") for part in (word.sounds or "").split())
    sounds = " ".join(f"{name}:{round(float(at) - begin, 3):g}" for name, _, at in parts)
    return Word("", round(word.start - begin, 6), round(word.end - begin, 6), sounds)


def _worn(speaker: Speaker, before: list[Turn]) -> list[Turn]:
    """The last of the turns before, where its emotion is not the speaker's resting one; else nothing."""
    rest = resting_emotion([reference.name for reference in speaker.emotions])
    last = max(before, key=lambda turn: turn.start, default=None)
    if last is None or last.feelings[-1].emotion == rest:
        return []
    audio = replace(last.audio, start=0.0, end=0.0)
    worn = last.feelings[-1].emotion
    return [Turn(last.speaker, _LONG_AGO, _LONG_AGO, audio, emotion=worn, draft=last.draft)]
