"""`dialogue init DIR`: a small scene of ready characters that checks, plans and renders, to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import out
from dialogue.ground.errors import Problem, SceneError, quoted

DEFAULT_CAST = "asha,leon"


def _list(wanted: bool) -> None:
    """Before anything else is asked for: the characters there are, a line each."""
    if not wanted:
        return
    from dialogue.characters.characters import characters

    for name, character in characters().items():
        out.print(f"{name:8}{character.looks.removeprefix('a person with ')}", soft_wrap=True, markup=False)
    raise typer.Exit


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to write it to; made when it is not there.")
    ],
    cast: Annotated[
        str, typer.Option(metavar="NAMES", help="Who is in it: one to four ready characters, left to right.")
    ] = DEFAULT_CAST,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Begin with this script, as `dialogue import` does.")
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", callback=_list, is_eager=True, help="List the ready characters and stop.")
    ] = False,
) -> None:
    """Write a small scene that renders: a scene.yaml, its pictures and voices, and the schema for editors."""
    if script is not None:
        _from_script(script, folder, cast)
        return
    from dialogue.characters.characters import starter
    from dialogue.ground.outputs import check_outputs
    from dialogue.scene.json_schema import json_schema

    written = starter([name.strip().lower() for name in cast.split(",") if name.strip()])
    written["scene.schema.json"] = (json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    if folder.exists() and not folder.is_dir():
        raise SceneError(Problem(f"{quoted(folder)} is a file", hint="name a folder"))
    standing = [name for name in sorted(written) if (folder / name).exists()]
    if standing:
        there = ", ".join(standing)
        raise SceneError(
            Problem(f"{quoted(folder)} already holds {there}", hint="name another folder; nothing was written")
        )
    check_outputs([folder / name for name in written], (), made=True)
    for name, data in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    scene = folder / "scene.yaml"
    out.print(
        f"wrote {scene}\nnext:  dialogue check {scene}\n       dialogue render {scene}", soft_wrap=True, markup=False
    )


def _from_script(script: Path, folder: Path, cast: str) -> None:
    """The scene of a script, with the schema beside it; its people are played by `cast` where that was given."""
    from dialogue.cli.import_ import print_summary
    from dialogue.screenplay.importing import import_script

    names = [] if cast == DEFAULT_CAST else [name.strip().lower() for name in cast.split(",") if name.strip()]
    imported = import_script(script, folder / "scene.yaml", cast=names)
    print_summary(imported, script)
