"""RTTM, the Rich Transcription Time Marked format (NIST RT-09, appendix A): who spoke when, read and written.

Read here and not by pyannote.database, which guesses at damaged lines and gives no line numbers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path

from dialogue.formats.cue import read_text
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

_TYPES = {
    "SEGMENT", "NOSCORE", "NO_RT_METADATA", "LEXEME", "NON-LEX", "NON-SPEECH", "FILLER", "EDIT", "SU", "IP", "CB",
    "A/P", "SPKR-INFO", "END", "BEGIN",
}  # fmt: skip
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf|-inf"
_OTHER = r"(?:<NA>|[^\s\d]\S*)"
_SPEAKER = re.compile(
    rf"SPEAKER\s+(?P<recording>\S.*?)\s+\S+\s+(?P<start>{_NUMBER})\s+(?P<duration>{_NUMBER})\s+{_OTHER}\s+{_OTHER}\s+"
    rf"(?P<name>\S.*?)(?:\s+(?:<NA>|{_NUMBER})){{0,2}}",
    re.IGNORECASE,
)
_FORM = "SPEAKER recording 1 start duration <NA> <NA> name <NA> <NA>"


def read_rttm(path: Path) -> dict[str, tuple[LabelledSegment, ...]]:
    """Turns by recording, in the file's order. SceneError with every problem, each at its line."""
    recordings: dict[str, list[LabelledSegment]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(read_text(path).split("\n"), 1):
        fields = line.split()
        if not fields or line.lstrip().startswith((";", "#")) or fields[0] in _TYPES:
            continue
        turn = _turn(line.strip(), fields)
        if isinstance(turn, str):
            problems.append(Problem(turn, str(path), number, len(line) - len(line.lstrip()) + 1, hint=_FORM))
        else:
            recordings.setdefault(turn[0], []).append(turn[1])
    if problems:
        raise SceneError(problems)
    return {recording: tuple(turns) for recording, turns in recordings.items()}


def _turn(line: str, fields: Sequence[str]) -> tuple[str, LabelledSegment] | str:
    """The recording and the turn of a line, or what is wrong with it. Names of both may hold spaces."""
    if fields[0] != "SPEAKER":
        return f"{fields[0][:30]!r} is no type of RTTM line"
    match = _SPEAKER.fullmatch(line)
    if match is None:
        if len(fields) < 8:
            return f"a SPEAKER line has 9 or 10 fields, this one {len(fields)}"
        return f"start and duration are seconds, found {fields[3]!r} and {fields[4]!r}"
    start, duration = float(match["start"]), float(match["duration"])
    if not (math.isfinite(start) and math.isfinite(duration) and start >= 0 and duration >= 0):
        return f"start and duration are 0 or more, found {match['start']} and {match['duration']}"
    name = " ".join(match["name"].split())
    return match["recording"], LabelledSegment(start, round(start + duration, 6), name)


def write_rttm(turns: Sequence[LabelledSegment], recording: str) -> str:
    """The text of an RTTM file, to the millisecond. Spaces, which RTTM cannot hold, become underscores."""
    name = "_".join(recording.split()) or "recording"
    return "".join(
        f"SPEAKER {name} 1 {turn.start:.3f} {turn.duration:.3f} <NA> <NA> {'_'.join(turn.label.split())} <NA> <NA>\n"
        for turn in turns
    )
