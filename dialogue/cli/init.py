"""`dialogue init DIR`: a small scene of ready characters that checks, plans and renders, to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import out
from dialogue.cli.import_ import print_summary

DEFAULT_CAST = "asha,leon"


def _list(wanted: bool) -> None:
    """Before anything else is asked for: the characters there are, a line each."""
    if not wanted:
        return
    from dialogue import actors

    for name, looks in actors().items():
        out.print(f"{name:8}{looks}", soft_wrap=True, markup=False)
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
    from dialogue import start

    scene = start(folder, _names(cast))
    out.print(
        f"wrote {scene}\nnext:  dialogue check {scene}\n       dialogue render {scene}", soft_wrap=True, markup=False
    )


def _names(cast: str) -> list[str]:
    return [name.strip().lower() for name in cast.split(",") if name.strip()]


def _from_script(script: Path, folder: Path, cast: str) -> None:
    """The scene of a script, with the schema beside it; its people are played by `cast` where that was given."""
    from dialogue import import_script

    names = [] if cast == DEFAULT_CAST else _names(cast)
    imported = import_script(script, folder / "scene.yaml", cast=names)
    print_summary(imported, script)
