"""`dialogue render`: from a scene or a plan to the film, made shot by shot; what was made before is not made again."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dialogue.cli.console import err, out, print_json, print_problems
from dialogue.cli.plan import SPEAKERS_HELP, Gpus, Hop, KeptMemory
from dialogue.cli.progress import shown
from dialogue.cli.variables import SET_HELP, variables_of

if TYPE_CHECKING:
    from dialogue import Film, Order, Plan, Task


_FORCE_HELP = "Make every shot again, whatever the cache has, and write over files that no earlier run wrote."


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


_PLACE_HELP = "The film, an .mp4 file; else beside the scene, by its name."
Place = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILM", help=_PLACE_HELP)]
_FAST_HELP = "Shortcuts of diffusion by name, with commas, which change the film a little: see docs/fast.md."


def _fast(written: str) -> tuple[str, ...]:
    from dialogue import fast_parts

    try:
        return fast_parts(written)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Fast = Annotated[Any, typer.Option("--fast", metavar="NAMES", help=_FAST_HELP, parser=_fast, show_default=False)]
_TAKES: dict[str, Any] = {"metavar": "N", "min": 1, "max": 32}
Takes = Annotated[int | None, typer.Option("--takes", help="Make N takes of every shot, and verify each.", **_TAKES)]
_RETAKES_HELP = "Make each shot again with other seeds, N times at most, until nothing is wrong in it."
Retakes = Annotated[int | None, typer.Option("--retake-until-verified", help=_RETAKES_HELP, **_TAKES)]


def command(
    source: Annotated[
        Path, typer.Argument(metavar="SCENE|PLAN", help="scene.yaml, a template scene.yaml.j2, or plan.json.")
    ],
    output: Place = None,
    shot: Annotated[int | None, typer.Option(metavar="N", help="Write shot N alone, counted from 1.")] = None,
    force: Annotated[bool, typer.Option("--force", help=_FORCE_HELP)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made and why; make nothing.")] = False,
    caption_track: Annotated[
        bool, typer.Option("--caption-track", help="Put the captions into the film as a track players can show.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where finished shots are kept; else .dialogue beside the scene.")
    ] = None,
    memory: KeptMemory = None,
    fast: Fast = None,
    gpus: Gpus = None,
    takes: Takes = None,
    retakes: Retakes = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help=SPEAKERS_HELP)] = None,
    hop: Hop = None,
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Make the film. Run again after a change, only the shots it touches are made again; after a stop, it goes on."""
    from dialogue import order, pending, render, to_burn

    def ordered() -> Order:
        with shown(lines=False) as progress:
            return order(
                source, output, shots=shot, force=force, caption_track=caption_track, cache=cache,
                variables=variables_of(setting or []), speakers=speakers, hop=hop, memory=memory, gpus=gpus,
                progress=progress,
            )  # fmt: skip

    film = ordered()
    print_problems(film.warnings)
    if dry_run:
        tasks = pending(film, fast=fast)
        _print_pending(tasks, film.plan, len(to_burn(film, tasks)), format)
        return
    try:
        if takes or retakes:
            from dialogue import fast_given
            from dialogue.cli.retakes import made_takes

            with fast_given(fast):
                film = ordered() if made_takes(film, source, shot, takes, retakes) else film
        with shown() as progress:
            made = render(film, fast=fast, progress=progress)
    except KeyboardInterrupt:
        err.print("every finished shot is kept: the same command goes on from there", soft_wrap=True)
        raise
    _print_film(made, format)


def _record(task: Task) -> dict[str, Any]:
    return {"shot": task.number, "picture": task.shot.picture, "frames": task.shot.frames, "because": task.reason}


def _fate(task: Task, when: str = "") -> str:
    if task.reason is None:
        return "in the cache"
    return f"{when}rendered: {task.reason}" if task.first else f"{when}re-rendered because {task.reason}"


def _print_pending(tasks: Sequence[Task], plan: Plan, burnt: int, format: Format) -> None:
    from dialogue.ground.amounts import counted

    if format is Format.json:
        print_json({"shots": [_record(task) for task in tasks], "captions_to_burn_in": burnt})
        return
    for task in tasks:
        out.print(f"{task} {_fate(task, 'to be ')}", soft_wrap=True, markup=False)
    due = [task for task in tasks if task.reason]
    frames = sum(task.shot.frames for task in due)
    out.print(f"{len(due)} of {counted(len(tasks), 'shot')} to be rendered, {float(frames / plan.fps):.1f} s of film")
    if burnt:
        out.print(f"captions to be burnt into {counted(burnt, 'shot')}")


def _print_film(film: Film, format: Format) -> None:
    from dialogue.ground.errors import Problem

    print_problems([Problem(told, severity="warning") for told in film.warnings])
    if format is Format.json:
        shots = [_record(task) for task in film.tasks]
        print_json({"film": str(film.file), "captions": [str(path) for path in film.captions], "shots": shots})
        return
    for task in film.rendered:
        out.print(f"{task} {_fate(task)}", soft_wrap=True, markup=False)
    reused = len(film.tasks) - len(film.rendered)
    seconds = float(sum(task.shot.frames for task in film.tasks) / film.plan.fps)
    out.print(f"shots: {len(film.rendered)} rendered, {reused} reused")
    also = "".join(f", {path.name}" for path in film.captions)
    plan = film.plan
    look = f"{plan.width}x{plan.height}, {float(plan.fps):g} fps, {seconds:.1f} s"
    out.print(f"{film.file}{also}: {look}", soft_wrap=True, markup=False)
