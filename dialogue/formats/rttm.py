"""RTTM, the Rich Transcription Time Marked format (NIST RT-09, appendix A): who spoke when, read and written.

Read here and not by pyannote.database, which guesses at damaged lines and gives no line numbers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from dialogue.formats.cue import read_text
from dialogue.ground.errors import InputError, Problem
from dialogue.ground.segments import LabelledSegment

_TYPES = {
    "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "SU", "IP", "CB",
    "A/P", "SPKR-INFO",
}  # fmt: skip
_FORM = "SPEAKER recording 1 start duration <NA> <NA> name <NA> <NA>"


def read_rttm(path: Path) -> dict[str, tuple[LabelledSegment, ...]]:
    """Turns by recording, in the file's order. InputError with every problem, each at its line."""
    recordings: dict[str, list[LabelledSegment]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if not fields or line.lstrip().startswith((";", "#")) or fields[0] in _TYPES:
            continue
        turn = _turn(fields)
        if isinstance(turn, str):
            problems.append(Problem(turn, str(path), number, hint=_FORM))
        else:
            recordings.setdefault(fields[1], []).append(turn)
    if problems:
        raise InputError(problems)
    return {recording: tuple(turns) for recording, turns in recordings.items()}


def _turn(fields: Sequence[str]) -> LabelledSegment | str:
    """The turn of a line, or what is wrong with it."""
    if fields[0] != "SPEAKER":
        return f"{fields[0][:30]!r} is no type of RTTM line"
    if not 8 <= len(fields) <= 10:
        return f"a SPEAKER line has 9 or 10 fields, this one {len(fields)}"
    try:
        start, duration = float(fields[3]), float(fields[4])
    except ValueError:
        return f"start and duration are seconds, found {fields[3]!r} and {fields[4]!r}"
    if not (math.isfinite(start) and math.isfinite(duration) and start >= 0 and duration >= 0):
        return f"start and duration are 0 or more, found {fields[3]} and {fields[4]}"
    return LabelledSegment(start, round(start + duration, 6), fields[7])


def write_rttm(turns: Sequence[LabelledSegment], recording: str) -> str:
    """The text of an RTTM file, to the millisecond. Spaces, which RTTM cannot hold, become underscores."""
    name = "_".join(recording.split()) or "recording"
    return "".join(
        f"SPEAKER {name} 1 {turn.start:.3f} {turn.duration:.3f} <NA> <NA> {'_'.join(turn.label.split())} <NA> <NA>\n"
        for turn in turns
    )
