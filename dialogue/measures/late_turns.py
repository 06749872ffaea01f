"""Turns from a file beside a recording that begins late by its own clock: which of its two beginnings they count from.

Captions count from where a player starts; a program that was given the bare sound counts from its first sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.measures.looking import Look
from dialogue.media.media import Recording
from dialogue.scene.scene import AudioRef

_LATE = 0.1  # seconds by which a beginning has to differ for turns to be looked at
_CLEAR = 0.05  # of what is said, by which one of the two has to fit better
_FITS = 0.65  # of what is said, in which somebody has to be heard
_STEP, _NEAR = 0.2, 1.0  # seconds between the beginnings that are tried, and around the two that are left out
_ELSEWHERE = 12.0  # seconds, over which no other beginning may fit better: then the turns are another recording's


def placed_turns(
    look: Look, ref: AudioRef, recording: Recording, turns: tuple[LabelledSegment, ...]
) -> tuple[tuple[LabelledSegment, ...], list[str]]:
    """The turns in a player's time, and what a writer should know of that."""
    late = recording.start
    if late < _LATE or not turns:
        return turns, []
    speech = _speech(look, ref)
    moved = tuple(replace(turn, start=turn.start + late, end=turn.end + late) for turn in turns)
    as_written, as_moved = _fit(turns, speech), _fit(turns, speech, late)
    file, better = look.file.scene.diarization, max(as_written, as_moved)
    if better < _FITS or _best_elsewhere(turns, speech, late) > better + _CLEAR:
        told = f"in {as_written:.0%} of the turns of {file} somebody is heard in {ref}, in {as_moved:.0%} if they count"
        return turns, [f"{told} from its first sound, {late:.2f} s later: they may belong to another recording"]
    if as_moved - as_written > _CLEAR:
        return moved, [f"{file} counts from the first sound of {ref}, {late:.2f} s into it: its turns are moved so far"]
    if as_written - as_moved > _CLEAR:
        return turns, []
    told = f"whether {file} counts from the beginning of {ref} or from its first sound, {late:.2f} s later"
    return turns, [f"{told}, is not clear: from its beginning is taken"]


def _best_elsewhere(turns: Sequence[LabelledSegment], speech: Sequence[Segment], late: float) -> float:
    """How well they fit if they count from neither of the two, nor from near them."""
    first = min(turn.start for turn in turns)
    shifts = [step * _STEP for step in range(-round(_ELSEWHERE / _STEP), round(_ELSEWHERE / _STEP) + 1)]
    apart = [shift for shift in shifts if min(abs(shift), abs(shift - late)) > _NEAR and first + shift >= 0]
    return max((_fit(turns, speech, shift) for shift in apart), default=0.0)


def _speech(look: Look, ref: AudioRef) -> tuple[Segment, ...]:
    """When somebody speaks in the recording, in a player's time."""

    def make() -> list[list[float]]:
        from dialogue.media.recordings import Samples
        from dialogue.media.speech import listen, load_detector, speech_segments

        load_detector()
        heard = listen(Samples(look.path(ref.path), ref.channel, ref.stream, clean=bool(look.listening)))
        return [[part.start, part.end] for part in speech_segments(heard)]

    way = ["speech of a mix", ref.channel, ref.stream, *look.listening]
    kept = look.cache.remembered(way, [look.path(ref.path)], make)
    return tuple(Segment(*edges) for edges in kept)


def _fit(turns: Sequence[LabelledSegment], speech: Sequence[Segment], shift: float = 0.0) -> float:
    """The share of the turns, so much later, in which somebody is heard."""
    import numpy as np

    edges = np.array([[part.start, part.end] for part in sorted(speech, key=lambda part: part.start)]).reshape(-1, 2)
    spoken = np.cumsum(edges[:, 1] - edges[:, 0])
    marks = np.array([-1e9, *edges.ravel()])  # between them, the seconds of speech before grow or stay
    before = np.concatenate([[0.0], np.stack([np.concatenate([[0.0], spoken[:-1]]), spoken], axis=1).ravel()])
    spans = np.array([[turn.start, turn.end] for turn in turns])
    within = np.interp(spans + shift, marks, before[: len(marks)])
    return float((within[:, 1] - within[:, 0]).sum() / max(1e-9, float((spans[:, 1] - spans[:, 0]).sum())))
