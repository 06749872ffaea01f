"""A small scene of ready characters that checks, plans and renders, to start from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from dialogue.characters.characters import LIBRARY, characters, starter
from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.ground.given import as_names, as_path
from dialogue.ground.outputs import check_outputs, put_bytes, whole_folder
from dialogue.scene.json_schema import json_schema


def actors() -> Mapping[str, str]:
    """The ready characters that may play somebody: what each looks like, by name."""
    return {name: character.looks.removeprefix("a person with ") for name, character in characters().items()}


def portrait(name: str | Path) -> Path:
    """The picture of a ready character. KeyError for any other name."""
    known = str(as_path(name, "a character's name"))
    if known not in characters():
        raise KeyError(known)
    return LIBRARY / known / "portrait.png"


def start(folder: str | Path, cast: str | Sequence[str], *, beside: bool = False) -> Path:
    """Writes a scene of one to four ready characters, its pictures and voices and the schema for editors; the scene.

    SceneError where the folder holds one of these files already, or a name is nobody's: nothing is written then.
    `cast`: names in a list, or in a text with commas. `beside`: what stands there stays, the rest is written beside it.
    """
    folder = as_path(folder, "the folder")
    written = starter([name.lower() for name in as_names(cast)])
    written["scene.schema.json"] = (json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    if folder.exists() and not folder.is_dir():
        raise SceneError(Problem(f"{quoted(folder)} is a file", hint="name a folder"))
    standing = [name for name in sorted(written) if (folder / name).exists()]
    if beside:
        written = {name: data for name, data in written.items() if name not in standing}
    elif standing:
        there = ", ".join(standing)
        raise SceneError(
            Problem(f"{quoted(folder)} already holds {there}", hint="name another folder; nothing was written")
        )
    check_outputs([folder / name for name in written], (), made=True, hint="name another folder")
    with whole_folder(folder):
        for name, data in written.items():
            put_bytes(folder / name, data)
    return folder / "scene.yaml"
