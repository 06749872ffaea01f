"""`dialogue batch`: a film of every episode, from one cast and one template."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import err, out
from dialogue.cli.plan import Gpus, Hop, KeptMemory
from dialogue.cli.progress import shown
from dialogue.cli.variables import FORCE_HELP, SET_HELP, variables_of

if TYPE_CHECKING:
    from dialogue import BatchResult


class Goal(str, Enum):
    """How far to go."""

    plan = "plan"
    film = "film"


Template = Annotated[
    Path | None,
    typer.Option(metavar="TEMPLATE", help="What a scene is like, a .yaml.j2 file; absent: wide and close pictures."),
]


def command(
    episodes: Annotated[
        list[Path], typer.Argument(metavar="EPISODES…", help="Recordings, and folders of them.", show_default=False)
    ],
    cast: Annotated[Path, typer.Option(metavar="CAST", help="Who may be heard, and how they look: cast.yaml.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="Folder of the films and manifest.json.")
    ],
    template: Template = None,
    generator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What makes the pictures, as `generator:` in a scene; else the best here."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Workers side by side, on each machine.")] = 1,
    to: Annotated[Goal, typer.Option(help="plan: plans to look at first; film: everything.")] = Goal.film,
    speakers: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=20, help="How many speak in each episode.")
    ] = None,
    hop: Hop = None,
    memory: KeptMemory = None,
    gpus: Gpus = None,
    ray: Annotated[
        bool,
        typer.Option(
            "--ray", help="Work on a Ray cluster: --ray host:port or --ray auto, one that runs; else one started here."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
) -> None:
    """Make a film of every episode. A failed one does not stop the rest; run again, what still stands is reused."""
    from dialogue import batch

    address = next((str(place) for place in episodes if ray and _is_address(place)), None)
    try:
        with shown() as progress:
            result = batch(
                [place for place in episodes if str(place) != address],
                cast,
                output,
                template=template,
                generator=generator,
                to=to.value,
                jobs=jobs,
                ray=address or ray,
                variables=variables_of(setting or []),
                speakers=speakers,
                hop=hop,
                memory=memory,
                gpus=gpus,
                force=force,
                progress=progress,
                expected=lambda forecast: out.print(str(forecast), soft_wrap=True, markup=False),
            )
    except KeyboardInterrupt:
        err.print("every finished shot is kept: the same command goes on from there", soft_wrap=True)
        raise
    _print_result(result, output)
    if result.failed:
        raise typer.Exit(1)


def _is_address(place: Path) -> bool:
    """Whether what stands among the episodes is the address of a cluster, as behind --ray it may."""
    return not place.exists() and re.fullmatch(r"auto|[\w.-]+:\d{2,5}", str(place)) is not None


def _print_result(result: BatchResult, output: Path) -> None:
    for name, entry in result.entries.items():
        people = ", ".join(str(person["name"]) for person in entry.people.values())
        shots = f"{entry.shots} shot{'s' * (entry.shots != 1)}"
        shots += f" ({entry.made} made, {entry.reused} reused)" if entry.film else ""
        if entry.state == "failed":
            line = f"{name}: failed"
        else:
            line = f"{name}: {entry.state}, {entry.seconds:.1f} s, {shots}, {people}"
        out.print(line, soft_wrap=True, markup=False)
        for problem in entry.problems:
            err.print(f"  {problem}", soft_wrap=True, markup=False)
        for warning in entry.warnings:
            err.print(f"  warning: {warning}", soft_wrap=True, markup=False)
    done = len(result.entries) - len(result.failed)
    again = f", {result.tally.again} shots made again after a worker's death" if result.tally.again else ""
    told = f"{done} of {len(result.entries)} episodes done{again}; {output / 'manifest.json'} says what became of each"
    out.print(told, soft_wrap=True, markup=False)
