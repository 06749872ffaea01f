"""`dialogue plan`: who speaks when, with which mouth, in which shot, and at what cost, before any pixel is made."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dialogue.cli.check import advise
from dialogue.cli.console import err, out, print_json
from dialogue.cli.variables import FORCE_HELP, SET_HELP, variables_of
from dialogue.ground.errors import InputError

if TYPE_CHECKING:
    from dialogue.measures.measures import Measures
    from dialogue.planning.choice import Costs
    from dialogue.planning.plan import Plan
    from dialogue.scene.reader import SceneFile


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


SPEAKERS_HELP = "How many people are heard in a mixed recording, when not as many as the cast has for it."
HOP_HELP = "Seconds between a pyannote pipeline's windows, else 1: at 5 it is many times as fast, and a little coarser."
Hop = Annotated[float | None, typer.Option("--hop", metavar="SECONDS", min=0.1, max=10.0, help=HOP_HELP)]


def measured(file: SceneFile, speakers: int | None = None, hop: float | None = None) -> Measures:
    """The measures, with what is being done shown on a terminal while it lasts."""
    from dialogue.measures.look import measure

    status: AbstractContextManager[Any] = err.status("looking at the media") if err.is_terminal else nullcontext()
    with status as shown:

        def tell(doing: str, done: int, total: int) -> None:
            if shown is not None:
                shown.update(f"{doing} ({done} of {total})")

        return measure(file, tell, speakers, hop)


def _show_faces(file: SceneFile, measures: Measures, output: Path) -> None:
    """When there is no plan: at least the faces that `detect` chooses from, numbered."""
    from dialogue.ground.outputs import folder_for, refusals
    from dialogue.show.picture import write_found_faces

    names = ["faces.png", *(f"faces_{number}.png" for number in range(2, len(measures.faces) + 1))]
    if refusals([output / name for name in names], file.reads):
        return  # something of somebody's stands there; what kept the plan from being made is said anyway
    written = write_found_faces(measures.faces, file.folder, folder_for(output))
    err.print(f"the faces found are shown in {', '.join(str(path) for path in written)}", soft_wrap=True, markup=False)


def _record(plan: Plan, costs: Costs, written: tuple[Path, ...]) -> dict[str, Any]:
    from dialogue.planning.plan_json import plan_record

    shots = [{"windows": c.windows, "seconds": round(c.seconds, 1), "memory": c.memory} for c in costs.shots]
    total = {"windows": costs.windows, "seconds": round(costs.seconds, 1), "memory": costs.memory}
    return {
        "plan": plan_record(plan),
        "estimate": {**total, "shots": shots},
        "files": [str(path) for path in written],
    }


def command(
    scene: Annotated[Path, typer.Argument(metavar="SCENE", help="scene.yaml, or a template scene.yaml.j2.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="DIR", help="Folder for plan.json, pictures, chart and captions."),
    ] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help=SPEAKERS_HELP)] = None,
    hop: Hop = None,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Show who speaks when, with which mouth, in which shot, and what it will cost. Nothing is generated.

    Without -o it only prints; with it, it writes plan.json (which `dialogue render` takes too), plan.png,
    faces.png, who_speaks.png, turns.rttm and, where there are words, captions.srt and captions.vtt.
    """
    from dialogue.drafts.drafts import with_drafts
    from dialogue.generators.choice import generator_for
    from dialogue.generators.costs import costs_of
    from dialogue.planning.planner import make_plan
    from dialogue.scene.reader import read_scene
    from dialogue.show.plan_folder import check_plan_folder, write_plan_folder

    file = with_drafts(read_scene(scene, variables_of(setting or [])))
    if output is not None:
        check_plan_folder(output, file.reads, force)
    measures = measured(file, speakers, hop)
    try:
        plan = make_plan(file, measures, generator_for(file, measures))
    except InputError:
        if output is not None and measures.faces:
            _show_faces(file, measures, output)
        raise
    costs = costs_of(plan)
    written: tuple[Path, ...] = ()
    if output is not None:
        check_plan_folder(output, file.reads, force, plan)
        written = write_plan_folder(plan, file.folder, measures.faces, output)
    if format is Format.json:
        print_json(_record(plan, costs, written))
        return
    from dialogue.show.table import plan_table

    out.print(plan_table(plan, costs))
    advise()
    if output is not None:
        out.print(f"\nwritten to {output}: {', '.join(path.name for path in written)}", soft_wrap=True, markup=False)
