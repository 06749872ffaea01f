"""Who speaks when, from any file a scene may name: RTTM, captions with names, exports of other programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dialogue.formats import srt, vtt
from dialogue.formats.cue import Cue
from dialogue.formats.exports import read_json, read_labels
from dialogue.formats.rttm import read_rttm
from dialogue.formats.speakers import OTHERS, spoken
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

_VOICE = re.compile(r"<v[ .\t]")
_FORM = "<v Name>words</v>, Name: words, or [Name] words"
_SHOWN = 5
SUFFIXES = (".rttm", ".vtt", ".srt", ".json", ".txt")


def read_turns(
    path: Path, recording: str | None = None, told: list[Problem] | None = None
) -> tuple[LabelledSegment, ...]:
    """The turns, sorted by start; `recording` chooses among those of an RTTM file that has several.

    Turns of no length are left out; so are cues of nobody, each of which is added to `told` as a warning at its line.
    SceneError with every problem, each at its line and column; so for a file without turns.
    """
    suffix, told = path.suffix.lower(), told if told is not None else []
    turns: Sequence[LabelledSegment]
    if suffix == ".rttm":
        turns = _of_recording(path, recording)
    elif suffix == ".vtt":
        turns = _of_cues(path, vtt.read_vtt(path), told)
    elif suffix == ".srt":
        turns = _of_cues(path, srt.read_srt(path), told)
    elif suffix == ".json":
        turns = read_json(path, told)
    elif suffix == ".txt":
        turns = read_labels(path, told)
    else:
        message = f"a file of turns ends in {', '.join(SUFFIXES)}, not in {suffix!r}"
        raise SceneError(Problem(message, file=str(path)))
    lasting = sorted(turn for turn in turns if turn.duration > 0)
    if not lasting:
        raise SceneError(Problem("has no turn in it", str(path), 1, 1, hint="it must say who speaks when"))
    return tuple(replace(turn, origin=path.name) for turn in lasting)


def turn_notes(told: Sequence[Problem]) -> list[str]:
    """What there is to tell of a file of turns, as a plan says it: the first few places, and how many more."""
    notes = [f"{Path(problem.file or '').name}:{problem.line}: {problem.message}" for problem in told[:_SHOWN]]
    return [*notes, f"and {len(told) - _SHOWN} more like these"] if len(told) > _SHOWN else notes


def _of_recording(path: Path, recording: str | None) -> tuple[LabelledSegment, ...]:
    recordings = read_rttm(path)
    if len(recordings) <= 1:
        return next(iter(recordings.values()), ())
    if recording in recordings:
        return recordings[recording]
    names = ", ".join(sorted(recordings))
    message = f"has turns of {len(recordings)} recordings and none is named {recording!r}"
    raise SceneError(Problem(message, str(path), 1, 1, hint=f"it has {names[:200]}"))


def _of_cues(path: Path, cues: tuple[Cue, ...], told: list[Problem]) -> list[LabelledSegment]:
    """A turn per voice of a cue; several share its time in order, by the length of their words."""
    tagged = any(_VOICE.search(cue.payload) for cue in cues)
    found = spoken([] if tagged else cues)
    by_cue: dict[int, list[tuple[str | None, str]]] = {}
    for one in found.said:
        by_cue.setdefault(one.cue.line, []).append((one.speaker, one.words))
    turns: list[LabelledSegment] = []
    unnamed: list[Problem] = []
    for cue in cues:
        said = list(vtt.voices(cue.payload)) if tagged else by_cue.get(cue.line, [])
        named = [(speaker, words) for speaker, words in said if speaker is not None]
        if said and not named:
            message = "this cue does not say who speaks, and is left out"
            unnamed.append(Problem(message, str(path), cue.line, 1, hint=_FORM, severity="warning"))
        turns += _shared(cue, named)
    if not turns and unnamed:
        raise SceneError(Problem("no cue of it says who speaks", str(path), unnamed[0].line, 1, hint=_FORM))
    told += unnamed
    if found.changes is not None:
        message = f">> marks another speaker without a name: taken for {OTHERS[0]!r} and {OTHERS[1]!r} by turns"
        told.append(Problem(message, str(path), found.changes.line, 1, severity="warning"))
    return turns


def _shared(cue: Cue, named: Sequence[tuple[str, str]]) -> list[LabelledSegment]:
    total = sum(max(1, len(words)) for _, words in named)
    turns, start = [], cue.start
    for speaker, words in named:
        end = start + (cue.end - cue.start) * max(1, len(words)) / total
        turns.append(LabelledSegment(round(start, 6), round(end, 6), speaker, words or None))
        start = end
    return turns
