"""What a file is that is given for a scene and is none: scripts, transcripts, plans, another program's jobs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from dialogue.ground.contents import wrong_contents

_SCRIPTS = {".fountain": "a screenplay", ".spmd": "a screenplay", ".txt": "a text", ".md": "a text"}
_TURNS = {".vtt": "captions", ".srt": "captions", ".rttm": "who spoke when"}
_LABELS = re.compile(r"\s*\d+(\.\d+)?\s+\d+(\.\d+)?\s")
_SEGMENTS = ("segments", "utterances", "diarization")


def other_file(path: Path, data: bytes) -> tuple[str, str] | None:
    """What it is, and what to do with it; None where it may be a scene."""
    suffix = path.suffix.lower()
    if suffix in _TURNS:
        return _TURNS[suffix], _as_turns(path)
    if suffix in _SCRIPTS:
        if not data.strip():
            return "an empty file", "a script is written in it first, or `dialogue init DIR` writes a scene"
        if (wrong := wrong_contents(data)) is not None:
            return wrong[0].removeprefix("this is ").removesuffix(", not text"), wrong[1] or _as_script(path)
        if _LABELS.match(data[:80].decode("utf-8", "replace")):
            return "a file of labels", _as_turns(path)
        return _SCRIPTS[suffix], _as_script(path)
    return _json(path, data) if suffix == ".json" else None


def _json(path: Path, data: bytes) -> tuple[str, str] | None:
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return ("a transcript", _as_turns(path)) if isinstance(found, list) else None
    if "scene" in found:
        return None
    if "shots" in found and "turns" in found:
        return "a plan", f"`dialogue render {path}` makes its film"
    if "cond_audio" in found or "cond_image" in found:
        return "a job of another program", _as_script(path)
    if any(key in found for key in _SEGMENTS):
        return "a transcript", _as_turns(path)
    return "JSON of another program", "a scene begins with `scene: 1`; `dialogue init DIR` writes one"


def _as_turns(path: Path) -> str:
    return f"a scene names it: `audio:` with the recording, `diarization: {path.name}`"


def _as_script(path: Path) -> str:
    return f"`dialogue import {path}` makes a scene of it"
