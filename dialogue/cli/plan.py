"""`dialogue plan`: who speaks when, with which mouth, in which shot, and at what cost, before any pixel is made."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dialogue.cli.check import advise
from dialogue.cli.console import err, out, print_json
from dialogue.cli.variables import SET_HELP, variables_of
from dialogue.ground.errors import InputError, Problem

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


def _write(plan: Plan, media: Path, measures: Measures, folder: Path) -> list[Path]:
    """Every file of the plan, each whole or not at all; their paths."""
    from dialogue.ground.atomic import write_text
    from dialogue.planning.plan_json import write_plan
    from dialogue.show.chart import write_chart
    from dialogue.show.hand_over import caption_text, rttm_text
    from dialogue.show.picture import write_mouths, write_pictures

    written = [_folder(folder) / "plan.json"]
    write_plan(written[0], plan, media)
    written += write_pictures(plan, media, folder, measures.faces)
    written += write_mouths(plan, media, folder)
    chart, rttm = folder / "who_speaks.png", folder / "turns.rttm"
    write_chart(plan, chart)
    write_text(rttm, rttm_text(plan))
    written += [chart, rttm]
    if any(turn.text for turn in plan.turns):
        for kind in ("srt", "vtt"):
            path = folder / f"captions.{kind}"
            write_text(path, caption_text(plan, kind))
            written.append(path)
    return written


def _folder(path: Path) -> Path:
    """The folder, made when it is not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(Problem(f"cannot write to {str(path)!r}: {reason}", hint="-o names a folder")) from None
    return path


def _show_faces(file: SceneFile, measures: Measures, output: Path) -> None:
    """When there is no plan: at least the faces that `detect` chooses from, numbered."""
    from dialogue.show.picture import write_found_faces

    written = write_found_faces(measures.faces, file.folder, _folder(output))
    err.print(f"the faces found are shown in {', '.join(str(path) for path in written)}", soft_wrap=True, markup=False)


def _record(plan: Plan, costs: Costs, written: list[Path]) -> dict[str, Any]:
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

    file = with_drafts(read_scene(scene, variables_of(setting or [])))
    measures = measured(file, speakers, hop)
    try:
        plan = make_plan(file, measures, generator_for(file, measures))
    except InputError:
        if output is not None and measures.faces:
            _show_faces(file, measures, output)
        raise
    costs = costs_of(plan)
    written = _write(plan, file.folder, measures, output) if output is not None else []
    if format is Format.json:
        print_json(_record(plan, costs, written))
        return
    from dialogue.show.table import plan_table

    out.print(plan_table(plan, costs))
    advise()
    if output is not None:
        out.print(f"\nwritten to {output}: {', '.join(path.name for path in written)}", soft_wrap=True, markup=False)
