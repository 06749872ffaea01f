"""An order for a film, and everything that can be known to stop it before any work is done."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.errors import DialogueError, InputError, Problem
from dialogue.planning.plan import Plan, Shot
from dialogue.planning.plan_check import flaws_of
from dialogue.rendering.cache import Cache
from dialogue.rendering.encode import check_size, timescale

_LEAST_BITS_PER_PIXEL = 0.02  # a still picture at crf 18; a disk with less room than this cannot hold the film


def _plain(shot: Shot, message: str) -> Problem:
    return Problem(message)


@dataclass(frozen=True)
class Order:
    """A film to make.

    `media` is what the plan's paths are relative to, `name` the name the cache remembers the film's shots by.
    `sources` are files that must not be written over besides the media: the scene, the plan, captions read. `place`
    gives a failed shot's message its place in the scene.
    """

    plan: Plan
    media: Path
    output: Path
    cache: Cache
    name: str
    sources: tuple[Path, ...] = ()
    force: bool = False
    caption_track: bool = False
    place: Callable[[Shot, str], Problem] = _plain

    @property
    def caption_files(self) -> dict[str, Path]:
        """By format: beside the film, under its name."""
        return {kind: self.output.with_suffix(f".{kind}") for kind in self.plan.captions}


def media_of(plan: Plan) -> tuple[str, ...]:
    """Every file the plan names, once."""
    named = [shot.picture for shot in plan.shots]
    named += [reference.image for speaker in plan.speakers for reference in speaker.emotions]
    named += [turn.audio.source for turn in plan.turns]
    named += [part.audio.source for part in plan.mix.parts]
    named += [plan.mix.source] if plan.mix.source is not None else []
    return tuple(dict.fromkeys(named))


def check(order: Order) -> None:
    """Raise InputError (exit 2) for what is wrong with the order, DialogueError (exit 1) for what this machine lacks.

    All problems of the order come at once.
    """
    plan = order.plan
    check_size(plan.width, plan.height)
    timescale(plan.fps)
    problems = [Problem(flaw.message, hint=flaw.hint) for flaw in flaws_of(plan)]
    problems += [*_media_problems(order), *_output_problems(order)]
    if problems:
        raise InputError(problems)
    for folder in (order.output.parent, _nearest(order.cache.folder)):
        _check_writable(folder, order.cache.folder)


def check_room(order: Order, frames: int) -> None:
    """Raise DialogueError when the disks have no room for the film, or its cache for `frames` new frames of clips."""
    plan = order.plan
    for folder, count in ((order.cache.folder, frames), (order.output.parent, plan.frames)):
        least = count * plan.width * plan.height * _LEAST_BITS_PER_PIXEL / 8
        free = shutil.disk_usage(_nearest(folder)).free
        if free < least:
            message = f"{free / 1e6:.0f} MB are free in {folder}; {count} frames need {least / 1e6:.0f} MB at the least"
            raise DialogueError(Problem(message, hint="free some room, or choose another place"))


def _media_problems(order: Order) -> list[Problem]:
    missing = [name for name in media_of(order.plan) if not (order.media / name).is_file()]
    return [Problem("no such file", file=str(order.media / name)) for name in missing]


def _output_problems(order: Order) -> list[Problem]:
    output, folder = order.output, order.output.parent
    place = str(output)
    if output.suffix.lower() != ".mp4":
        return [Problem("films are written as mp4", file=place, hint=f"name it {output.with_suffix('.mp4').name}")]
    if output.is_dir():
        return [Problem("the film's place is taken by a folder", file=place)]
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        return [Problem(f"the folder {folder} {what}", file=place, hint=f"mkdir -p '{folder}', or another place")]
    found = []
    inputs = [*order.sources, *(order.media / name for name in media_of(order.plan))]
    for written in (output, *order.caption_files.values()):
        if any(_same(written, read) for read in inputs):
            message = "would be written over, and the film is made from it"
            found.append(Problem(message, file=str(written), hint="give the film another name with -o"))
    return found


def _same(written: Path, read: Path) -> bool:
    try:
        return written.samefile(read)
    except OSError:
        return False  # one of them does not exist


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest of its parents that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())


def _check_writable(folder: Path, cache: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        hint = "--cache DIR puts the cache elsewhere" if cache.is_relative_to(folder) else "choose another with -o"
        raise InputError(Problem(f"cannot write there: {error.strerror}", file=str(folder), hint=hint)) from error
