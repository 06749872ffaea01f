"""Who speaks when, from any file a scene may name: RTTM, WebVTT with voices, SRT with names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dialogue.formats import srt, vtt
from dialogue.formats.cue import Cue
from dialogue.formats.rttm import read_rttm
from dialogue.ground.errors import InputError, Problem
from dialogue.ground.segments import LabelledSegment

Voices = Callable[[str], tuple[tuple[str | None, str], ...]]


def read_turns(path: Path, recording: str | None = None) -> tuple[LabelledSegment, ...]:
    """The turns, sorted by start; `recording` chooses among those of an RTTM file that has several.

    Turns of no length are left out. InputError with every problem, each at its line; so for a file without turns.
    """
    suffix = path.suffix.lower()
    turns: Sequence[LabelledSegment]
    if suffix == ".rttm":
        turns = _of_recording(path, recording)
    elif suffix == ".vtt":
        turns = _of_cues(path, vtt.read_vtt(path), vtt.voices, "<v Name>words</v>")
    elif suffix == ".srt":
        turns = _of_cues(path, srt.read_srt(path), srt.voices, "Name: words")
    else:
        message = f"a file of turns ends in .rttm, .vtt or .srt, not in {suffix!r}"
        raise InputError(Problem(message, file=str(path)))
    lasting = sorted(turn for turn in turns if turn.duration > 0)
    if not lasting:
        raise InputError(Problem("has no turn in it", file=str(path), hint="it must say who speaks when"))
    return tuple(replace(turn, origin=path.name) for turn in lasting)


def _of_recording(path: Path, recording: str | None) -> tuple[LabelledSegment, ...]:
    recordings = read_rttm(path)
    if len(recordings) <= 1:
        return next(iter(recordings.values()), ())
    if recording in recordings:
        return recordings[recording]
    names = ", ".join(sorted(recordings))
    message = f"has turns of {len(recordings)} recordings and none is named {recording!r}"
    raise InputError(Problem(message, file=str(path), hint=f"it has {names[:200]}"))


def _of_cues(path: Path, cues: tuple[Cue, ...], voices: Voices, form: str) -> list[LabelledSegment]:
    """A turn per voice of a cue; several share its time in order, by the length of their words."""
    turns: list[LabelledSegment] = []
    problems: list[Problem] = []
    for cue in cues:
        spoken = voices(cue.payload)
        named = [(speaker, words) for speaker, words in spoken if speaker is not None]
        if spoken and not named:
            problems.append(Problem("this cue does not say who speaks", str(path), cue.line, hint=form))
        total = sum(max(1, len(words)) for _, words in named)
        start = cue.start
        for speaker, words in named:
            end = start + (cue.end - cue.start) * max(1, len(words)) / total
            turns.append(LabelledSegment(round(start, 6), round(end, 6), speaker, words or None))
            start = end
    if problems:
        raise InputError(problems)
    return turns
