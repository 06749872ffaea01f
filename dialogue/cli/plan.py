"""`dialogue plan`: who speaks when, with which mouth, in which shot, and at what cost, before any pixel is made."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dialogue.cli.check import advise
from dialogue.cli.console import out, print_json, print_problems
from dialogue.cli.variables import FORCE_HELP, SET_HELP, variables_of

if TYPE_CHECKING:
    from dialogue import PlannedFilm


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


SPEAKERS_HELP = "How many people are heard in a mixed recording, when not as many as the cast has for it."
HOP_HELP = "Seconds between a pyannote pipeline's windows, else 1: at 5 it is many times as fast, and a little coarser."
Hop = Annotated[float | None, typer.Option("--hop", metavar="SECONDS", min=0.1, max=10.0, help=HOP_HELP)]
_MEMORY_HELP = (
    "How much of a large model is kept on the GPU (low, balanced, high; low also rounds its weights to 8 bits), the "
    "GPU's size where it is not this machine's (24GB), or both (low,12GB); else as each shot fits."
)


_GPUS_HELP = (
    "How many GPUs share each shot: its windows and branches of guidance; with 2,ulysses or 2,ring the tokens of a "
    "window."
)


def _gpus(written: str) -> str:
    """As it was written, where it can be read."""
    from dialogue import gpus_parts

    try:
        gpus_parts(written)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return written


def _memory(written: str) -> str:
    """As it was written, where it can be read."""
    from dialogue import memory_parts

    try:
        memory_parts(written)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return written


KeptMemory = Annotated[
    str | None,
    typer.Option(
        "--memory", metavar="MEMORY", envvar="DIALOGUE_MEMORY", help=_MEMORY_HELP, parser=_memory, show_default=False
    ),
]
Gpus = Annotated[
    str | None,
    typer.Option("--gpus", metavar="N", envvar="DIALOGUE_GPUS", help=_GPUS_HELP, parser=_gpus, show_default=False),
]


def _record(planned: PlannedFilm) -> dict[str, Any]:
    from dialogue import plan_record

    costs = planned.costs
    shots = [
        {"windows": c.windows, "seconds": round(c.seconds, 1), "memory": c.memory, "mode": c.mode} for c in costs.shots
    ]
    total = {"windows": costs.windows, "seconds": round(costs.seconds, 1), "memory": costs.memory}
    return {
        "plan": plan_record(planned.plan),
        "estimate": {**total, "shots": shots},
        "files": [str(path) for path in planned.files],
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
    memory: KeptMemory = None,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Show who speaks when, with which mouth, in which shot, and what it will cost. Nothing is generated.

    Without -o it only prints; with it, it writes plan.json (which `dialogue render` takes too), plan.png,
    faces.png, who_speaks.png, turns.rttm and, where there are words, captions.srt and captions.vtt.
    """
    from dialogue import lettering_warnings, plan
    from dialogue.cli.progress import shown

    with shown(lines=False) as progress:
        planned = plan(
            scene,
            variables=variables_of(setting or []),
            speakers=speakers,
            hop=hop,
            memory=memory,
            output=output,
            force=force,
            progress=progress,
        )
    print_problems(lettering_warnings(planned.plan, planned.media, with_words=output is not None))
    if format is Format.json:
        print_json(_record(planned))
        return
    from dialogue import plan_table

    out.print(plan_table(planned.plan, planned.costs))
    advise()
    if output is not None:
        names = ", ".join(path.name for path in planned.files)
        out.print(f"\nwritten to {output}: {names}", soft_wrap=True, markup=False)
