"""Turns as other programs export them: the JSON of transcribers (WhisperX and its kind), Audacity's labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.formats.cue import read_text
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

_LISTS = ("segments", "utterances", "diarization", "turns", "results")
_FORM = '{"segments": [{"start": 0.5, "end": 3.1, "speaker": "SPEAKER_00", "text": "…"}]}'
_LATEST = 360_000.0  # seconds
_LABEL = re.compile(r"\s*(\d+(?:[.,]\d+)?)[\t ]+(\d+(?:[.,]\d+)?)(?:[\t ]+(.*))?")


def read_json(path: Path, told: list[Problem]) -> list[LabelledSegment]:
    """Turns of a transcriber's JSON; segments without a speaker are told and left out. SceneError where it is none."""
    text = read_text(path)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        problem = Problem(f"this is not JSON: {error.msg.lower()}", str(path), error.lineno, error.colno)
        raise SceneError(problem) from None
    except (RecursionError, ValueError):
        raise SceneError(Problem("is no transcript: it cannot be read as JSON", str(path), 1, 1)) from None
    segments = found if isinstance(found, list) else None
    if isinstance(found, dict):
        segments = next((found[key] for key in _LISTS if isinstance(found.get(key), list)), None)
    if segments is None:
        raise SceneError(Problem("is no transcript with segments", str(path), 1, 1, hint=_FORM))
    turns: list[LabelledSegment] = []
    for number, segment in enumerate(segments, 1):
        made = list(_turns(segment)) if isinstance(segment, dict) else []
        if not made:
            message = f"segment {number} does not say who speaks when"
            told.append(Problem(message, str(path), 1, 1, hint=_FORM, severity="warning"))
        turns += made
    return turns


def _turns(segment: Mapping[str, Any]) -> Iterator[LabelledSegment]:
    """The turns of a segment: one, or one for each run of words with another speaker of their own."""
    start, end = (_seconds(segment.get(key)) for key in ("start", "end"))
    if start is None or end is None or end <= start:
        return
    words = segment.get("words")
    runs = list(_runs(words)) if isinstance(words, list) else []
    if len({speaker for speaker, _ in runs}) > 1:
        starts = [start, *((_seconds(run[0].get("start")) or start) for _, run in runs[1:])]
        for (who, run), first, last in zip(runs, starts, [*starts[1:], end], strict=True):
            text = " ".join(str(word.get("word", word.get("text", ""))).strip() for word in run)
            if last > first:
                yield LabelledSegment(round(first, 6), round(last, 6), who, text or None)
        return
    speaker = _label(segment) or (runs[0][0] if runs else None)
    text = " ".join(str(segment.get("text") or segment.get("transcript") or "").split())
    if speaker is not None:
        yield LabelledSegment(round(start, 6), round(end, 6), speaker, text or None)


def _runs(words: Sequence[Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Words by speaker; one without a speaker goes with the word before it."""
    speaker: str | None = None
    held: list[Mapping[str, Any]] = []
    for word in words:
        if not isinstance(word, dict):
            continue
        said = _label(word) or speaker
        if said != speaker and speaker is not None and _seconds(word.get("start")) is not None:
            yield speaker, held
            held = []
        speaker = said if speaker is None or _seconds(word.get("start")) is not None else speaker
        held.append(word)
    if speaker is not None and held:
        yield speaker, held


def _label(found: Mapping[str, Any]) -> str | None:
    label = found.get("speaker", found.get("label"))
    if isinstance(label, bool) or not isinstance(label, str | int):
        return None
    return " ".join(str(label).split()) or None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < _LATEST else None


def read_labels(path: Path, told: list[Problem]) -> list[LabelledSegment]:
    """Turns of Audacity's label export: start, end and a label on each line. SceneError where it is no such file."""
    turns: list[LabelledSegment] = []
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip() or line.startswith("\\"):  # the frequencies of a label
            continue
        match = _LABEL.fullmatch(line)
        if match is None:
            message = f"is no label: {line.strip()[:40]!r}"
            problems.append(Problem(message, str(path), number, 1, hint="start, end and a name, parted by tabs"))
            continue
        start, end = (float(time.replace(",", ".")) for time in match.groups()[:2])
        name, _, words = (match[3] or "").partition(":")
        if not name.strip() or not start <= end < _LATEST:
            message = "this label does not say who speaks" if start <= end else "this label ends before it starts"
            told.append(Problem(message, str(path), number, 1, severity="warning"))
        else:
            turns.append(LabelledSegment(start, end, " ".join(name.split()), words.strip() or None))
    if problems and not turns:
        raise SceneError(problems[0])
    told += [Problem(p.message, p.file, p.line, p.column, p.hint, "warning") for p in problems]
    return turns
