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
    from dialogue.media.recordings import Samples
    from dialogue.planning.plan import Turn

Sound = NDArray[np.float32]

FADE_SECONDS = 0.004  # at both ends of a turn: long enough that a cut does not click, shorter than any consonant

_SAMPLES = FrameClock(Fraction(SAMPLE_RATE))


def _continues(turn: Turn, following: Turn) -> bool:
    """Whether the second turn takes up the first without a gap, in the film and in the recording."""
    same = turn.audio.heard == following.audio.heard
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


class _Tape:
    """A recording played forward: what was asked for before is let go, so hours fit in little memory."""

    def __init__(self, recording: Samples) -> None:
        self._recording = recording
        self._rewind()

    def _rewind(self) -> None:
        self._blocks = self._recording.blocks(SAMPLE_RATE)
        self._held: list[Sound] = []  # whole blocks, the first of which begins at `_start`
        self._start = self._end = 0

    def play(self, first: int, last: int) -> Sound:
        """Samples `first` … `last` (last - first,), silent beyond the recording. Going back decodes anew."""
        if first < self._start:
            self._rewind()
        while self._end < last:
            block = next(self._blocks, None)
            if block is None:
                break
            self._held.append(block)
            self._end += len(block)
            while self._held and self._start + len(self._held[0]) <= first:
                self._start += len(self._held.pop(0))
        sound = np.zeros(last - first, np.float32)
        at = self._start
        for block in self._held:
            low, high = max(first, at), min(last, at + len(block))
            if low < high:
                sound[low - first : high - first] = block[low - at : high - at]
            at += len(block)
        return sound


class SpeakerSound:
    """One speaker's own speech through a film, to be asked for piece after piece; each recording is decoded once.

    `turns` are theirs alone; `media` is what the turns' paths are relative to.
    """

    def __init__(self, turns: Iterable[Turn], clock: FrameClock, media: Path) -> None:
        self._clock, self._media = clock, media
        self._runs = _runs(turns)
        self._tapes: dict[tuple[str, int | None, int | None], _Tape] = {}

    def between(self, start_frame: int, end_frame: int) -> Sound:
        """float32 (n,) mono at 16 kHz; see `speaker_audio`."""
        begin, finish = self._clock.sample_at(start_frame), self._clock.sample_at(end_frame)
        speech = np.zeros(finish - begin, np.float32)
        for run in self._runs:
            start, end = _SAMPLES.frame_at(run.start), _SAMPLES.frame_at(run.end)
            first, last = max(start, begin), min(end, finish)
            if first < last:
                offset = _SAMPLES.frame_at(run.audio.start) - start  # from film to recording
                heard = self._tape(run).play(first + offset, last + offset)
                speech[first - begin : last - begin] += heard * _gain(first, last, start, end)
        return speech

    def _tape(self, turn: Turn) -> _Tape:
        from dialogue.media.recordings import Samples

        audio = turn.audio
        if audio.heard not in self._tapes:
            self._tapes[audio.heard] = _Tape(Samples(self._media / audio.source, audio.channel, audio.stream))
        return self._tapes[audio.heard]


def speaker_audio(turns: Iterable[Turn], clock: FrameClock, start_frame: int, end_frame: int, media: Path) -> Sound:
    """What is said in these turns of one speaker in frames `start_frame` … `end_frame`: float32 (n,) mono at 16 kHz.

    n is `clock.sample_at(end_frame) - clock.sample_at(start_frame)`. Outside their turns every sample is exactly 0,
    whatever their microphone heard; the fades lie inside the turns. `media` is what the turns' paths are relative to.
    SceneError for a recording that cannot be read.
    """
    return SpeakerSound(turns, clock, media).between(start_frame, end_frame)
