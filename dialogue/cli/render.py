"""`dialogue render`: from a scene or a plan to the film, made shot by shot; what was made before is not made again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dialogue.cli.console import err, out, print_json, print_problems
from dialogue.cli.plan import SPEAKERS_HELP, Hop
from dialogue.cli.variables import SET_HELP, variables_of
from dialogue.ground.errors import InputError, Problem

if TYPE_CHECKING:
    from dialogue.planning.plan import Plan, Shot
    from dialogue.rendering.film_order import Order
    from dialogue.rendering.render import Film, Step, Tell
    from dialogue.rendering.shot_tasks import Task
    from dialogue.scene.reader import SceneFile


_FORCE_HELP = "Make every shot again, whatever the cache has, and write over files that no earlier run wrote."


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


class Memory(str, Enum):
    """How much of a model is kept on the GPU."""

    low = "low"
    balanced = "balanced"
    high = "high"


def command(
    source: Annotated[
        Path, typer.Argument(metavar="SCENE|PLAN", help="scene.yaml, a template scene.yaml.j2, or plan.json.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILM", help="The film, an .mp4 file; else beside the scene, by its name."
        ),
    ] = None,
    shot: Annotated[int | None, typer.Option(metavar="N", help="Write shot N alone, counted from 1.")] = None,
    force: Annotated[bool, typer.Option("--force", help=_FORCE_HELP)] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be made and why; make nothing.")] = False,
    caption_track: Annotated[
        bool, typer.Option("--caption-track", help="Put the captions into the film as a track players can show.")
    ] = False,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where finished shots are kept; else .dialogue beside the scene.")
    ] = None,
    memory: Annotated[
        Memory | None,
        typer.Option(
            envvar="DIALOGUE_MEMORY",
            help="How much of a large model is kept on the GPU, else as fits; low also rounds its weights to 8 bits.",
            show_default=False,
        ),
    ] = None,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help=SPEAKERS_HELP)] = None,
    hop: Hop = None,
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Make the film. Run again after a change, only the shots it touches are made again; after a stop, it goes on."""
    from dialogue.rendering.render import prepared, render, render_shot

    if memory is not None:
        os.environ["DIALOGUE_MEMORY"] = memory.value  # where generators look; what they need is no part of an order
    order = _order(source, output, shot, variables_of(setting or []), cache, speakers, hop, force)
    order = _chosen(order, shot, force, caption_track)
    if dry_run:
        tasks = prepared(order)
        _print_tasks([tasks[shot - 1]] if shot is not None else tasks, order.plan, format)
        return
    try:
        with _progress() as tell:
            film = render(order, tell) if shot is None else render_shot(order, shot, tell)
    except KeyboardInterrupt:
        err.print("every finished shot is kept: the same command goes on from there", soft_wrap=True)
        raise
    _print_film(film, order.plan, format)


def _order(
    source: Path,
    output: Path | None,
    shot: int | None,
    variables: dict[str, str],
    cache: Path | None,
    speakers: int | None,
    hop: float | None,
    force: bool,
) -> Order:
    """What `source` orders: a plan as it is written, or a scene, which is measured and planned first."""
    from dialogue.rendering.cache import FOLDER, Cache
    from dialogue.rendering.film_order import Order, check_places

    if source.suffix == ".json":
        from dialogue.planning.plan_json import read_plan

        if variables:
            raise InputError(Problem("--set fills a template, and a plan is none", file=str(source)))
        read = read_plan(source)
        film = output or source.with_suffix(".mp4")
        check_places(film, (), (), True)
        return Order(read.plan, read.media, film, Cache(cache or read.media / FOLDER), film.stem, (source,))
    from dialogue.cli.plan import measured
    from dialogue.drafts.drafts import with_drafts
    from dialogue.generators.choice import generator_for
    from dialogue.measures.checks import media_warnings
    from dialogue.planning.planner import make_plan
    from dialogue.scene.reader import read_scene

    file = with_drafts(read_scene(source, variables))
    film = output or source.with_name(f"{source.name.removesuffix('.j2').rsplit('.', 1)[0]}.mp4")
    check_places(film, () if shot else file.scene.output.captions, file.reads, force or shot is not None)
    measures = measured(file, speakers, hop)
    print_problems([*file.warnings, *media_warnings(file, measures)])
    plan = make_plan(file, measures, generator_for(file, measures))
    return Order(
        plan, file.folder, film, Cache(cache or file.folder / FOLDER), film.stem, _read_files(file),
        place=lambda shot, message: _placed(file, shot, message),
    )  # fmt: skip


def _read_files(file: SceneFile) -> tuple[Path, ...]:
    """The files that the scene was read from, besides the media its plan names."""
    written = file.scene.diarization
    return (file.path, *([file.folder / written] if written not in ("auto", "off") else []))


def _placed(file: SceneFile, shot: Shot, message: str) -> Problem:
    """A failed shot's message at the line of the scene that describes it."""
    for index, spec in enumerate(file.scene.shots):
        if (spec.picture or file.scene.picture) == shot.picture:
            return file.problem(("shots", index), message)
    return file.problem(("picture",), message)


def _chosen(order: Order, shot: int | None, force: bool, caption_track: bool) -> Order:
    """The order with the options of the command; InputError for a shot that is not there."""
    from dataclasses import replace

    if shot is not None:
        count = len(order.plan.shots)
        if not 1 <= shot <= count:
            raise InputError(Problem(f"there is no shot {shot}", hint=f"the film has shots 1 to {count}"))
        order = replace(order, output=order.output.with_name(f"{order.output.stem}-shot-{shot}{order.output.suffix}"))
    return replace(order, force=force, caption_track=caption_track)


@contextmanager
def _progress() -> Iterator[Tell]:
    """On a terminal a bar with the time left; elsewhere a line whenever another thing is begun."""
    if not err.is_terminal:
        said: list[str] = []

        def say(step: Step) -> None:
            doing = step.doing if step.left is None else step.doing.split(": ")[0]
            if said[-1:] != [doing]:
                said.append(doing)
                left = f", {step.share:.0%} done, about {_duration(step.left)} left" if step.left is not None else ""
                err.print(f"{doing}{left}", soft_wrap=True, markup=False)

        yield say
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[left]}  {task.description}"))
    with Progress(*columns, console=err, transient=True) as bar:
        film = bar.add_task("looking at what there is", total=1.0, left="")

        def show(step: Step) -> None:
            left = f"{_duration(step.left)} left" if step.left is not None else ""
            bar.update(film, completed=step.share, description=step.doing, left=left)

        yield show


def _duration(seconds: float) -> str:
    from dialogue.ground.amounts import duration_text

    return duration_text(seconds)


def _record(task: Task) -> dict[str, Any]:
    return {"shot": task.number, "picture": task.shot.picture, "frames": task.shot.frames, "because": task.reason}


def _fate(task: Task, when: str = "") -> str:
    from dialogue.rendering.cache import NEW

    if task.reason is None:
        return "in the cache"
    return f"{when}rendered: {NEW}" if task.reason == NEW else f"{when}re-rendered because {task.reason}"


def _print_tasks(tasks: list[Task], plan: Plan, format: Format) -> None:
    if format is Format.json:
        print_json({"shots": [_record(task) for task in tasks]})
        return
    for task in tasks:
        out.print(f"{task} {_fate(task, 'to be ')}", soft_wrap=True, markup=False)
    due = [task for task in tasks if task.reason]
    frames = sum(task.shot.frames for task in due)
    out.print(f"{len(due)} of {len(tasks)} shots to be rendered, {float(frames / plan.fps):.1f} s of film")


def _print_film(film: Film, plan: Plan, format: Format) -> None:
    if format is Format.json:
        shots = [_record(task) for task in film.tasks]
        print_json({"film": str(film.file), "captions": [str(path) for path in film.captions], "shots": shots})
        return
    for task in film.rendered:
        out.print(f"{task} {_fate(task)}", soft_wrap=True, markup=False)
    reused = len(film.tasks) - len(film.rendered)
    seconds = float(sum(task.shot.frames for task in film.tasks) / plan.fps)
    out.print(f"shots: {len(film.rendered)} rendered, {reused} reused")
    also = "".join(f", {path.name}" for path in film.captions)
    look = f"{plan.width}x{plan.height}, {float(plan.fps):g} fps, {seconds:.1f} s"
    out.print(f"{film.file}{also}: {look}", soft_wrap=True, markup=False)
