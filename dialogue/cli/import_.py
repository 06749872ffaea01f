"""`dialogue import FILE`: a script in another form, as a scene to go on with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import err, out

if TYPE_CHECKING:
    from dialogue import Imported

_KINDS = {"where": "who is off screen", "how": "how a line is said"}  # other kinds name themselves
CAST_HELP = "Ready characters for its people, in the order in which they speak; `dialogue init --list` lists them."


def command(
    script: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="Fountain, `Name: words`, `(s1) …`, MulmoScript, WhisperX, MultiTalk."),
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="SCENE", help="The scene file; absent: NAME/scene.yaml.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The picture of its people; absent: ready characters.")
    ] = None,
    cast: Annotated[str, typer.Option(metavar="NAMES", help=CAST_HELP)] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace a scene that is there.")] = False,
) -> None:
    """Write a scene.yaml from a script. What a scene has no key for becomes a comment, and is told."""
    from dialogue import import_script

    scene = output or Path(script.stem) / "scene.yaml"
    names = [name.strip().lower() for name in cast.split(",") if name.strip()]
    imported = import_script(script, scene, picture, names, force)
    print_summary(imported, script)
    out.print(f"next:  dialogue plan {scene}\n       dialogue render {scene}", soft_wrap=True, markup=False)


def print_summary(imported: Imported, source: Path) -> None:
    """Who is in it, how much is said, and what was not taken as it stands."""
    from collections import Counter

    from dialogue.ground.errors import Problem

    script = imported.script
    spoken = Counter(said.speaker for said in script.said)
    out.print(f"wrote {imported.scene}", soft_wrap=True, markup=False)
    for key, person in script.people.items():
        actor = imported.written.actors.get(key)
        lines = f"{spoken[key]} line{'' if spoken[key] == 1 else 's'}"
        lines = f"heard in {Path(person.track).name}" if person.track and not spoken[key] else lines
        out.print(f"  {key}: {person.name}, {lines}" + (f", played by {actor}" if actor else ""), markup=False)
    kept = Counter(remark.what for remark in script.remarks)
    if kept:
        words = ", ".join(f"{_KINDS.get(what, what)} ({count})" for what, count in kept.items())
        out.print(f"  kept as comments: {words}", soft_wrap=True, markup=False)
    for note in imported.written.notes:
        told = Problem(note.message, str(source), note.line, severity="warning")  # as `render FILE` has it
        err.print(str(told), soft_wrap=True, markup=False)
