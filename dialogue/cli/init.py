"""`dialogue init DIR`: a small scene that checks, plans and renders, to start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import out
from dialogue.errors import InputError, Problem


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder to write it to; made when it is not there.")
    ],
) -> None:
    """Write a small scene that renders: a scene.yaml, its pictures and voices, and the schema for editors."""
    from importlib.resources import files

    from dialogue.scene.json_schema import json_schema

    written = {item.name: item.read_bytes() for item in files("dialogue.scene").joinpath("starter").iterdir()}
    written["scene.schema.json"] = (json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n").encode()
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(f"{str(folder)!r} is a file", hint="name a folder"))
    standing = [name for name in sorted(written) if (folder / name).exists()]
    if standing:
        there = ", ".join(standing)
        raise InputError(
            Problem(f"{str(folder)!r} already holds {there}", hint="name another folder; nothing was written")
        )
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in written.items():
        (folder / name).write_bytes(data)
    scene = folder / "scene.yaml"
    out.print(
        f"wrote {scene}\nnext:  dialogue check {scene}\n       dialogue render {scene}", soft_wrap=True, markup=False
    )
