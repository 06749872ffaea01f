"""What one speaker says, alone: their turns' slices laid on the film's own sample grid, exact silence elsewhere.

Every sample index counts from the film's start, so the sound of a shot is a piece of the sound of the film:
joining the shots of a film gives what one call over the whole film gives, sample for sample.

Shapes: `n` samples.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.grid import SAMPLE_RATE, FrameClock

if TYPE_CHECKING:
    from dialogue.plan.plan import Plan, Turn

Sound = NDArray[np.float32]

FADE_SECONDS = 0.004  # at both ends of a turn: long enough that a cut does not click, shorter than any consonant

_SAMPLES = FrameClock(Fraction(SAMPLE_RATE))


def _continues(turn: Turn, following: Turn) -> bool:
    """Whether the second turn takes up the first without a gap, in the film and in the recording."""
    same = (turn.audio.source, turn.audio.channel) == (following.audio.source, following.audio.channel)
    film = _SAMPLES.frame_at(turn.end) == _SAMPLES.frame_at(following.start)
    recording = _SAMPLES.frame_at(turn.audio.end) == _SAMPLES.frame_at(following.audio.start)
    return same and film and recording


def _runs(turns: Iterable[Turn]) -> list[Turn]:
    """The turns by start; those that continue each other joined, so that no fade falls inside running speech."""
    runs: list[Turn] = []
    for turn in sorted(turns, key=lambda turn: turn.start):
        if runs and _continues(runs[-1], turn):
            audio = dataclasses.replace(runs[-1].audio, end=turn.audio.end)
            runs[-1] = dataclasses.replace(runs[-1], end=turn.end, audio=audio)
        else:
            runs.append(turn)
    return runs


def _gain(first: int, last: int, start: int, end: int) -> Sound:
    """Raised-cosine fades at the ends of a turn that lasts samples start … end, seen in first … last."""
    fade = min(round(FADE_SECONDS * SAMPLE_RATE), (end - start) // 2)
    if not fade:
        return np.ones(last - first, np.float32)
    position = np.arange(first, last) + 0.5
    inside = np.minimum(position - start, end - position) / fade
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * np.clip(inside, 0, 1)), np.float32)


def speaker_audio(plan: Plan, speaker_id: str, start_frame: int, end_frame: int, media: Path) -> Sound:
    """The speaker's own speech in frames `start_frame` … `end_frame` of the film: float32 (n,) mono at 16 kHz.

    n is `clock.sample_at(end_frame) - clock.sample_at(start_frame)`. Outside their turns every sample is exactly 0,
    whatever their microphone heard; the fades lie inside the turns. `media` is what the plan's paths are relative to.
    KeyError for a speaker the plan does not know; InputError for a recording that cannot be read.
    """
    from dialogue.measures.recordings import Samples

    plan.speaker(speaker_id)
    begin, finish = plan.clock.sample_at(start_frame), plan.clock.sample_at(end_frame)
    speech = np.zeros(finish - begin, np.float32)
    wanted: dict[Samples, list[tuple[int, int, int, int, int]]] = {}
    for run in _runs(turn for turn in plan.turns if turn.speaker == speaker_id):
        start, end = _SAMPLES.frame_at(run.start), _SAMPLES.frame_at(run.end)
        first, last = max(start, begin), min(end, finish)
        if first < last:
            offset = _SAMPLES.frame_at(run.audio.start) - start  # from film to recording
            recording = Samples(media / run.audio.source, run.audio.channel)
            wanted.setdefault(recording, []).append((first, last, start, end, offset))
    for recording, pieces in wanted.items():  # each recording is decoded once, however many turns it holds
        heard_from = min(first + offset for first, _, _, _, offset in pieces)
        heard_to = max(last + offset for _, last, _, _, offset in pieces)
        heard = recording.read(heard_from / SAMPLE_RATE, heard_to / SAMPLE_RATE)
        for first, last, start, end, offset in pieces:
            piece = heard[first + offset - heard_from : last + offset - heard_from]
            speech[first - begin : last - begin] += piece * _gain(first, last, start, end)
    return speech
