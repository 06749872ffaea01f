"""An order for a film, and everything that can be known to stop it before any work is done."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from dialogue.generators.gpus import gpus_given
from dialogue.generators.memory import memory_given
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.outputs import refusals
from dialogue.planning.plan import Plan, Shot
from dialogue.planning.plan_check import flaws_of
from dialogue.rendering.cache import Cache
from dialogue.rendering.encode import check_size, timescale

P = ParamSpec("P")
T = TypeVar("T")
_LEAST_BITS_PER_PIXEL = 0.02  # a still picture at crf 18; a disk with less room than this cannot hold the film


def _plain(shot: Shot, message: str) -> Problem:
    return Problem(message)


@dataclass(frozen=True)
class Order:
    """A film to make.

    `media` is what the plan's paths are relative to, `name` the name the cache remembers the film's shots by.
    `sources` are what else it is made of: the scene, the plan, captions read. `place` gives a failed shot's message
    its place in the scene. `force`: every shot again; with it, or `overwrite`, also over what no earlier run wrote.
    `shots`: the first and last to make, from 1; None: all. `warnings`: of the scene and its media. `memory`: what it
    was planned for. `gpus`: how many share a shot, and how.
    """

    plan: Plan
    media: Path
    output: Path
    cache: Cache
    name: str
    sources: tuple[Path, ...] = ()
    force: bool = False
    overwrite: bool = False
    caption_track: bool = False
    shots: tuple[int, int] | None = None
    place: Callable[[Shot, str], Problem] = _plain
    warnings: tuple[Problem, ...] = ()
    memory: str | None = None
    gpus: str | None = None

    @property
    def reads(self) -> tuple[Path, ...]:
        """Whatever the plan and its scene name: never to be written over."""
        return (*self.sources, *(self.media / name for name in (*self.plan.media, *self.plan.reads)))

    @property
    def caption_files(self) -> dict[str, Path]:
        """By format: beside the film, under its name."""
        return {kind: self.output.with_suffix(f".{kind}") for kind in self.plan.captions}

    @property
    def transcript_files(self) -> dict[str, Path]:
        """By format: beside the film, under its name and `.transcript`."""
        return {kind: self.output.with_suffix(f".transcript.{kind}") for kind in self.plan.transcript}


def as_ordered(do: Callable[Concatenate[Order, P], T]) -> Callable[Concatenate[Order, P], T]:
    """While it is done, generators are told of memory and GPUs what the order says of them."""

    @wraps(do)
    def within(order: Order, /, *args: P.args, **kwargs: P.kwargs) -> T:
        with memory_given(order.memory), gpus_given(order.gpus):
            return do(order, *args, **kwargs)

    return within


def check(order: Order) -> None:
    """Raise SceneError (exit 2) for what is wrong with the order, DialogueError (exit 1) for what this machine lacks.

    All problems of the order come at once.
    """
    plan = order.plan
    check_size(plan.width, plan.height)
    timescale(plan.fps)
    problems = [Problem(flaw.message, hint=flaw.hint) for flaw in flaws_of(plan)]
    problems += _media_problems(order)
    beside = (*plan.captions, *(f"transcript.{kind}" for kind in plan.transcript))
    problems += place_problems(order.output, beside, order.reads, order.force or order.overwrite)
    if problems:
        raise SceneError(problems)
    for folder in (order.output.parent, _nearest(order.cache.folder)):
        _check_writable(folder, order.cache.folder, order.output)


def check_room(order: Order, frames: int) -> None:
    """Raise DialogueError when the disks have no room for the film, or its cache for `frames` new frames of clips."""
    plan = order.plan
    for folder, count in ((order.cache.folder, frames), (order.output.parent, plan.frames)):
        least = count * plan.width * plan.height * _LEAST_BITS_PER_PIXEL / 8
        free = shutil.disk_usage(_nearest(folder)).free
        if free < least:
            message = f"{_megabytes(free)} are free in {folder}; {count} frames need {_megabytes(least)} at the least"
            raise DialogueError(Problem(message, hint="free some room, or choose another place"))


def _megabytes(size: float) -> str:
    """With as many decimals as it takes for what is small not to be told as nothing."""
    number = size / 1e6
    if number >= 10 or not number:
        return f"{number:.0f} MB"
    return f"{number:.1f} MB" if number >= 0.1 else f"{number:.1g} MB"


def _media_problems(order: Order) -> list[Problem]:
    missing = [name for name in order.plan.media if not (order.media / name).is_file()]
    return [Problem("no such file", file=str(order.media / name)) for name in missing]


def check_places(output: Path, captions: Iterable[str], read: Iterable[Path], force: bool) -> None:
    """SceneError where a film and its captions cannot be written, known before anything is measured."""
    problems = place_problems(output, captions, read, force)
    if problems:
        raise SceneError(problems)


def place_problems(output: Path, captions: Iterable[str], read: Iterable[Path], force: bool) -> list[Problem]:
    """As `check_places`, as a list."""
    folder, place = output.parent, str(output)
    if not output.name or output.name == "..":
        return [Problem("is a folder, and a film is a file", file=place, hint="name the film in it: -o film.mp4")]
    if output.suffix.lower() != ".mp4":
        return [Problem("films are written as mp4", file=place, hint=f"name it {output.stem}.mp4")]
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        hint = f"mkdir -p {shlex.quote(str(folder))}, or another place"
        return [Problem(f"the folder {folder} {what}", file=place, hint=hint)]
    return refusals([output, *(output.with_suffix(f".{kind}") for kind in captions)], read, force)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest of its parents that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())


def _check_writable(folder: Path, cache: Path, film: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        both = cache.is_relative_to(folder) and film.parent == folder
        within = "--cache DIR puts the cache elsewhere" if cache.is_relative_to(folder) else "choose another with -o"
        hint = "-o FILM puts the film elsewhere, and --cache DIR its cache" if both else within
        raise SceneError(Problem(f"cannot write there: {error.strerror}", file=str(folder), hint=hint)) from error
