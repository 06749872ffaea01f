"""What a batch was asked for, kept in its output, so that it can be gone on with: by the page, or by another program.

OUT/.dialogue/batch.json    episodes, cast, template and options of the last run, with whole paths
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.ground.atomic import write_text
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.locks import held
from dialogue.podcast.manifest import NAME as MANIFEST
from dialogue.podcast.manifest import Entry, read_entries
from dialogue.rendering.cache import FOLDER

NAME = "batch.json"
LOCK = "batch.lock"
_PATHS = ("cast", "template")


def keep(output: Path, asked: Mapping[str, Any]) -> None:
    """Write down what was asked for. Paths become whole ones: whoever goes on may stand elsewhere."""
    record = {**asked, "episodes": [str(Path(place).absolute()) for place in asked["episodes"]]}
    record |= {name: str(Path(asked[name]).absolute()) for name in _PATHS if asked[name] is not None}
    write_text(output / FOLDER / NAME, json.dumps(record, ensure_ascii=False, indent=1))


def kept(output: Path) -> dict[str, Any]:
    """What the last run was asked for. SceneError where nothing was kept."""
    try:
        found = json.loads((output / FOLDER / NAME).read_text(encoding="utf-8"))
        if isinstance(found["episodes"], list) and isinstance(found["cast"], str):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    hint = "run `dialogue batch` once more"
    raise SceneError(Problem("it is not kept what this batch was asked for", str(output), hint=hint))


def entries(output: Path) -> dict[str, Entry]:
    """What became of every episode so far; nothing where there was no batch."""
    return read_entries(output / MANIFEST)


def at_work(output: Path) -> bool:
    """Whether a batch is at work there now, whoever has started it."""
    place = output / FOLDER / LOCK
    return place.is_file() and held(place)
