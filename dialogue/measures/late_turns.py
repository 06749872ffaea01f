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


def placed_turns(
    look: Look, ref: AudioRef, recording: Recording, turns: tuple[LabelledSegment, ...]
) -> tuple[tuple[LabelledSegment, ...], list[str]]:
    """The turns in a player's time, and what a writer should know of that."""
    late = recording.start
    if late < _LATE or not turns:
        return turns, []
    speech = _speech(look, ref)
    moved = tuple(replace(turn, start=turn.start + late, end=turn.end + late) for turn in turns)
    as_written, as_moved = _fit(turns, speech), _fit(moved, speech)
    file = look.file.scene.diarization
    if as_moved - as_written > _CLEAR:
        return moved, [f"{file} counts from the first sound of {ref}, {late:.2f} s into it: its turns are moved so far"]
    if as_written - as_moved > _CLEAR:
        return turns, []
    told = f"whether {file} counts from the beginning of {ref} or from its first sound, {late:.2f} s later"
    return turns, [f"{told}, is not clear: from its beginning is taken"]


def _speech(look: Look, ref: AudioRef) -> tuple[Segment, ...]:
    """When somebody speaks in the recording, in a player's time."""

    def make() -> list[list[float]]:
        from dialogue.media.recordings import Samples
        from dialogue.media.speech import listen, load_detector, speech_segments

        load_detector()
        heard = listen(Samples(look.path(ref.path), ref.channel, ref.stream))
        return [[part.start, part.end] for part in speech_segments(heard)]

    kept = look.cache.remembered(["speech of a mix", ref.channel, ref.stream], [look.path(ref.path)], make)
    return tuple(Segment(*edges) for edges in kept)


def _fit(turns: Sequence[LabelledSegment], speech: Sequence[Segment]) -> float:
    """The share of the turns in which somebody is heard."""
    shared = sum(max(0.0, min(t.end, s.end) - max(t.start, s.start)) for t in turns for s in speech)
    return shared / max(1e-9, sum(turn.end - turn.start for turn in turns))
