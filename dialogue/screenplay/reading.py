"""A script from a file in any form known here, told by what is in it and not by its name alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from dialogue.formats.cue import read_text
from dialogue.ground.errors import Problem, SceneError
from dialogue.screenplay.beats import is_mulmo, is_transcript, read_mulmo, read_transcript
from dialogue.screenplay.captions import CAPTIONS, read_captions
from dialogue.screenplay.fountain import read_fountain
from dialogue.screenplay.jobs import is_job, read_job
from dialogue.screenplay.names import dialect, read_names
from dialogue.screenplay.screenplay import Note, Screenplay

FOUNTAIN = (".fountain", ".spmd")
SUFFIXES = (*FOUNTAIN, ".txt", ".md", ".json")
_JSON = re.compile(r"[\ufeff\s]*(?:\{|\[\s*[\[{\"\]])")  # `[12:03] Ana: Hello.` is a chat
_CUE = re.compile(r"\d:\d{2}[,.]\d{3} --> \d")
_KNOWN = "Fountain, `Name: words`, `(s1) …`, `<Person1>…`, captions, MulmoScript, WhisperX and MultiTalk's JSON are"


def read_screenplay(path: Path) -> Screenplay:
    """The script in `path`. SceneError with the line where there is one, when it is in no form known here."""
    text = read_text(path)
    script = _read(text, path)
    lost = text.find("\ufffd")  # as `read_text` writes a zero, or as another program wrote what it could not read
    if lost < 0:
        return script
    told = f"{text.count(chr(0xFFFD))} places of the script hold no character and stand as \ufffd; write what is meant"
    return replace(script, notes=(*script.notes, Note(told, text.count("\n", 0, lost) + 1)))


def _read(text: str, path: Path) -> Screenplay:
    if not text.strip("\ufeff \t\n"):
        hint = "a script has names and words, as in `Ana: Hello.`"
        raise SceneError(Problem("the file is empty", file=str(path), line=1, column=1, hint=hint))
    if path.suffix.lower() in CAPTIONS:
        return read_captions(path)
    if path.suffix.lower() == ".json" or _JSON.match(text):
        return _read_json(text, path)
    if path.suffix.lower() in FOUNTAIN or (dialect(text) is None and _looks_like_fountain(text)):
        script = read_fountain(text)
        if script.said:
            return script
        hint = "a name in capitals on a line of its own, and the words below it"
        raise SceneError(Problem("nobody speaks in this screenplay", file=str(path), line=1, column=1, hint=hint))
    if dialect(text) is not None:
        script = read_names(text, str(path))
        if not _CUE.search(text):
            return script
        told = "times as captions have them are comments here: name the file .srt to have its lines at their times"
        return replace(script, notes=(*script.notes, Note(told)))
    raise SceneError(Problem("this is no script in a form known here", file=str(path), line=1, column=1, hint=_KNOWN))


def _looks_like_fountain(text: str) -> bool:
    """Whether a cue in capitals, or `@`, stands above words somewhere."""
    rows = [row.strip() for row in text.splitlines()]
    pairs = zip(["", *rows], rows, [*rows[1:], ""], strict=False)
    return any(
        not before and row and after and len(row) < 40 and (row.split("(")[0].isupper() or row.startswith("@"))
        for before, row, after in pairs
    )


def _read_json(text: str, path: Path) -> Screenplay:
    try:
        job: Any = json.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        raise SceneError(Problem("this JSON is nested too deeply to be a script", file=str(path))) from error
    except json.JSONDecodeError as error:
        problem = Problem(f"this is no JSON: {error.msg}", file=str(path), line=error.lineno, column=error.colno)
        raise SceneError(problem) from error
    if isinstance(job, dict):
        if is_mulmo(job):
            return read_mulmo(job, str(path))
        if is_transcript(job):
            return read_transcript(job, path)
        if is_job(job):
            return read_job(job, path)
    message = "this JSON is no script in a form known here"
    raise SceneError(Problem(message, file=str(path), line=1, column=1, hint=_KNOWN))
