"""SubRip (.srt): numbered cues whose lines begin with `Name:` where a speaker is told; read and written."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dialogue.formats.cue import Cue, clock, read_text, rows
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

_TIME = r"(?:(\d{1,4}):)?([0-5]?\d):([0-5]?\d)(?:[,.](\d{1,6}))?"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s+(.*))?")
_SPEAKER = re.compile(r"\s*(?:-\s*)?(?:\[([^\]]{1,60})\]|([^\W\d_][^:\[\]<>!?]{0,39}))\s*:(?:\s+(.*)|$)")
_TAG = re.compile(r"</?[a-zA-Z][^>]*>|\{\\[^}]*\}")


def read_srt(path: Path) -> tuple[Cue, ...]:
    """The cues in the file's order. SceneError with every problem, each at its line."""
    cues: list[Cue] = []
    problems: list[Problem] = []
    for number, block in _blocks(read_text(path)):
        cue = _cue(block, number)
        if isinstance(cue, Cue):
            cues.append(cue)
        else:
            line, message, hint = cue
            problems.append(Problem(message, str(path), line, 1, hint=hint))
    if not cues and not problems:
        problems.append(
            Problem("has no cue in it", str(path), 1, 1, hint="number, hh:mm:ss,mmm --> hh:mm:ss,mmm, text")
        )
    if problems:
        raise SceneError(problems)
    return tuple(cues)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, lines) between blank lines; the number of a cue also begins one, when its times follow."""
    lines = text.split("\n")
    held: list[str] = []
    first = 1
    for number, line in enumerate([*lines, ""], 1):
        follows = lines[number] if number < len(lines) else ""
        begins = line.strip().isdigit() and "-->" in follows
        if held and (not line.strip() or begins):
            yield first, held
            held = []
        if line.strip():
            if not held:
                first = number
            held.append(line)


def _cue(block: Sequence[str], first: int) -> Cue | tuple[int, str, str | None]:
    """The cue of a block; or (line, what is wrong, what would be right)."""
    numbered = block[0].strip().isdigit() and len(block) > 1
    at = 1 if numbered else 0
    form = "hh:mm:ss,mmm --> hh:mm:ss,mmm"
    if "-->" not in block[at]:
        name = f"cue {block[0].strip()}" if block[0].strip().isdigit() else "this block"
        return first + (at if len(block) > at else 0), f"{name} has no times", form
    match = _TIMES.fullmatch(block[at])
    if not match:
        return first + at, f"the times of this cue cannot be read: {block[at].strip()!r}", form
    start, end = (_seconds(*match.groups()[offset : offset + 4]) for offset in (0, 4))
    if end < start:
        return first + at, f"this cue ends before it starts: {block[at].strip()!r}", None
    if len(block) == at + 1:
        return first + at, "this cue has no text", "text follows the times"
    identifier = block[0].strip() if numbered else ""
    return Cue(start, end, "\n".join(block[at + 1 :]), identifier, match[9] or "", first + at)


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> float:
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return round(whole + float(f"0.{fraction or 0}"), 6)


def voices(payload: str) -> tuple[tuple[str | None, str], ...]:
    """(speaker, words) in order. `Name: words`, `[SPEAKER_00]: words` and `- Name: words` begin a speaker; lines
    without one go on with the speaker before; None before the first. Formatting tags are taken out."""
    said: list[tuple[str | None, str]] = []
    for line in payload.split("\n"):
        plain = html.unescape(_TAG.sub("", line)).strip()
        match = _SPEAKER.fullmatch(plain)
        if match:
            said.append((" ".join((match[1] or match[2]).split()), match[3] or ""))
        elif said:
            said[-1] = (said[-1][0], f"{said[-1][1]} {plain}".strip())
        elif plain:
            said.append((None, plain))
    return tuple(said)


def write_srt(turns: Sequence[LabelledSegment]) -> str:
    """The text of an SRT file: a cue per turn, `Name: words`."""
    return "\n".join(
        f"{number}\n{clock(turn.start, ',')} --> {clock(turn.end, ',')}\n"
        f"{' '.join(turn.label.split())}: {rows(turn.text or '')}".rstrip()
        + "\n"
        for number, turn in enumerate(turns, 1)
    )
