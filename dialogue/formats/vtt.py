"""WebVTT (W3C, https://www.w3.org/TR/webvtt1/): cues with `<v Name>` voices, read and written.

Read as the standard's parser reads, with two differences, because a dropped cue here is a mouth that stays shut: times
that cannot be read are an error with a line, not a cue left out, and so is an end before its start.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dialogue.formats.cue import Cue, clock, read_text, rows
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment

_TIME = r"(?:(\d{2,}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(.*)", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z]*)((?:\.[^\s.<>]+)*)(?:[ \t\n]+([^>]*))?>|<[^>]*(?:>|$)")
_NOT_CUES = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")


def read_vtt(path: Path) -> tuple[Cue, ...]:
    """The cues in the file's order. SceneError with every problem, each at its line."""
    text = read_text(path)
    if not re.match(r"WEBVTT([ \t\n]|$)", text):
        found = repr(text.split("\n", 1)[0][:30]) if text else "an empty file"
        message = f"is no WebVTT file: its first line must be WEBVTT, found {found}"
        raise SceneError(Problem(message, str(path), 1, 1))
    cues: list[Cue] = []
    problems: list[Problem] = []
    for number, block in _blocks(text):
        timed = next((at for at, line in enumerate(block) if "-->" in line), None)
        if timed is None or _NOT_CUES.match(block[0]):
            continue  # the header, a comment, a style sheet or a region
        cue = _cue(block, timed, number + timed)
        if isinstance(cue, str):
            problems.append(Problem(cue, str(path), number + timed, 1, hint="hh:mm:ss.mmm --> hh:mm:ss.mmm"))
        else:
            cues.append(cue)
    if problems:
        raise SceneError(problems)
    return tuple(cues)


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """(line number, lines) between blank lines; a line of times also begins a block, with the identifier before it."""
    held: list[str] = []
    first = 1
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if "-->" in line and any("-->" in other for other in held):
            yield first, held
            held = []
        elif not line:
            if held:
                yield first, held
            held = []
            continue
        if not held:
            first = number
        held.append(line)


def _cue(block: Sequence[str], timed: int, line: int) -> Cue | str:
    """The cue of a block, or what is wrong with its times."""
    match = _TIMES.fullmatch(block[timed])
    if not match:
        return f"the times of this cue cannot be read: {block[timed].strip()!r}"
    start, end = _seconds(*match.groups()[:4]), _seconds(*match.groups()[4:8])
    if end < start:
        return f"this cue ends before it starts: {block[timed].strip()!r}"
    identifier = block[timed - 1] if timed and not block[0].startswith("WEBVTT") else ""
    return Cue(start, end, "\n".join(block[timed + 1 :]), identifier, match[9].strip(), line)


def _seconds(hours: str | None, minutes: str, seconds: str, thousandths: str) -> float:
    return ((int(hours or 0) * 60 + int(minutes)) * 60_000 + int(seconds) * 1000 + int(thousandths)) / 1000


def voices(payload: str) -> tuple[tuple[str | None, str], ...]:
    """(speaker, words) in order; a speaker is None where no `<v Name>` is open. Classes and other tags are taken out.

    A voice ends at its `</v>`, at the next `<v>`, or with the cue.
    """
    said: list[tuple[str | None, str]] = []
    speaker: str | None = None
    position = 0
    for tag in _TAG.finditer(payload):
        said.append((speaker, payload[position : tag.start()]))
        position = tag.end()
        if tag[2] == "v":
            speaker = None if tag[1] else " ".join(html.unescape(tag[4] or "").split()) or None
    said.append((speaker, payload[position:]))
    joined: list[tuple[str | None, str]] = []
    for speaker, words in said:
        if joined and joined[-1][0] == speaker:
            joined[-1] = (speaker, joined[-1][1] + words)
        elif words.strip():
            joined.append((speaker, words))
    return tuple((speaker, " ".join(html.unescape(words).split())) for speaker, words in joined if words.strip())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def write_vtt(turns: Sequence[LabelledSegment], colors: Mapping[str, str] | None = None) -> str:
    """The text of a WebVTT file: a cue per turn, its label as the voice; `colors` (`#rrggbb`) by label."""
    parts = ["WEBVTT\n"]
    styles = [
        f'::cue(v[voice="{_css(label)}"]) {{ color: {color}; }}' for label, color in sorted((colors or {}).items())
    ]
    if styles:
        parts.append("STYLE\n" + "\n".join(styles) + "\n")
    for turn in turns:
        words = _escaped(rows(turn.text or ""))
        name = _escaped(" ".join(turn.label.split()))
        parts.append(f"{clock(turn.start)} --> {clock(turn.end)}\n<v {name}>{words}</v>\n")
    return "\n".join(parts)


def _css(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ").replace("-->", "--\\>")
