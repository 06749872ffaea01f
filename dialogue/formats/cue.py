"""A cue: what WebVTT and SubRip files are made of, and the text they are read from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.contents import wrong_contents
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.reading import MOST, bytes_of


@dataclass(frozen=True)
class Cue:
    """[start, end) in seconds; `payload` as written, lines joined by newlines; `line` of its times in the file."""

    start: float
    end: float
    payload: str
    identifier: str = ""
    settings: str = ""
    line: int = 0


def read_text(path: Path) -> str:
    """The whole file as text with plain newlines; UTF-8, or UTF-16 with its mark. SceneError says where it is not."""
    try:
        data = bytes_of(path)
    except FileNotFoundError:
        raise SceneError(Problem("no such file", file=str(path))) from None
    except OSError as error:
        raise SceneError(Problem(f"cannot be read: {(error.strerror or str(error)).lower()}", file=str(path))) from None
    other = wrong_contents(data)
    if other is not None:
        raise SceneError(Problem(other[0], file=str(path), line=1, column=1, hint=other[1]))
    if len(data) == MOST:
        raise SceneError(Problem(f"the file has {MOST} bytes and more; no script is as long", file=str(path)))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        hint = "save the file with the encoding UTF-8"
        raise SceneError(Problem("this is not UTF-8 text", str(path), line, column, hint)) from None
    return text.replace("\0", "\ufffd").replace("\r\n", "\n").replace("\r", "\n")


def rows(text: str) -> str:
    """The words of a text, its lines kept and blank ones left out: a cue ends at a blank line."""
    return "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())


def clock(seconds: float, point: str = ".") -> str:
    """`hh:mm:ss.mmm`, to the nearest millisecond; `point` stands before the milliseconds."""
    if not 0 <= seconds < 360_000_000:
        raise ValueError(f"a cue at {seconds} s: it lies between 0 and 99999 hours")
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{point}{milliseconds % 1000:03d}"
