"""From a scene or a plan to the film, or to some of its shots; and what of it would be made."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from dialogue.film.plan import Source, check_asked, plan, read
from dialogue.generators.fast import fast_given
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path, is_number
from dialogue.ground.progress import OnProgress, untold
from dialogue.ground.reading import as_read, is_piped
from dialogue.rendering.cache import FOLDER, Cache
from dialogue.rendering.film_order import Order, check_places
from dialogue.rendering.render import Film, prepared
from dialogue.rendering.render import render as render_order
from dialogue.rendering.shot_tasks import Task
from dialogue.scene.reader import SceneFile
from dialogue.screenplay.importing import is_script
from dialogue.show.lettering import lettering_warnings

if TYPE_CHECKING:
    from typing_extensions import Unpack

Shots = int | tuple[int, int]


def order(
    source: Source,
    output: str | Path | None = None,
    *,
    shots: Shots | None = None,
    force: bool = False,
    overwrite: bool = False,
    caption_track: bool = False,
    cache: str | Path | None = None,
    variables: Mapping[str, Any] | None = None,
    speakers: int | None = None,
    hop: float | None = None,
    memory: str | None = None,
    gpus: int | str | None = None,
    progress: OnProgress = untold,
) -> Order:
    """All that is needed to make a film, planned: its `plan`, its `warnings`, its place. Nothing is made.

    Args:
        source: a scene, a template of one, a plan.json, or what `plan` gave.
        output: the film, an .mp4 file; None: beside the source, by its name.
        shots: one shot, or the first and last of a range, counted from 1: they alone are made, and joined beside the
            film, as film-shot-2.mp4 or film-shots-2-4.mp4.
        force: make every shot again, whatever the cache has, and write over files that no earlier run wrote.
        overwrite: write over files that no earlier run wrote.
        caption_track: put the captions into the film as a track that players can show.
        cache: where finished shots are kept; None: `.dialogue` beside the scene.
        variables, speakers, hop, memory, progress: see `plan`; gpus: see `render`.

    Raises:
        SceneError: for a mistake in what was given, with every problem at its place.
    """
    check_asked(speakers, hop, memory, gpus)
    asked_for = _asked_span(shots)
    kept = as_path(cache, "the cache") if cache is not None else None
    given = read(source, variables)
    written = given.path if isinstance(given, SceneFile) else given.source
    if isinstance(source, (str, os.PathLike)) and is_script(Path(source)):
        written = Path(source)  # the film of a script lies beside it, not among the files of its scene
    film = as_path(output, "the film") if output is not None else film_beside(written)
    if isinstance(given, SceneFile):  # a plan is checked whole by whoever makes the film
        _check_beside(given, film, shots is None, force or overwrite)
    planned = plan(given, speakers=speakers, hop=hop, memory=memory, progress=progress)
    span = _span(asked_for, len(planned.plan.shots))
    return Order(
        planned.plan,
        planned.media,
        film if span is None else film_of_shots(film, span),
        Cache(kept if kept is not None else planned.media / FOLDER),
        film.stem,
        planned.read,
        force=force,
        overwrite=overwrite,
        caption_track=caption_track,
        shots=span,
        place=planned.place,
        warnings=(*planned.warnings, *lettering_warnings(planned.plan, planned.media)),
        memory=planned.memory,
        gpus=None if gpus is None else str(gpus),
    )


def render(
    source: Source | Order,
    output: str | Path | None = None,
    *,
    memory: str | None = None,
    fast: Sequence[str] | None = None,
    gpus: int | str | None = None,
    progress: OnProgress = untold,
    **how: Unpack[How],
) -> Film:
    """Make the film. Run again after a change, only the shots it touches are made again; after a stop, it goes on.

    Args:
        source: what `order` gave; or what it takes, with its options: `shots`, `force`, `caption_track` and others.
        output: the film, an .mp4 file; None: beside the source, by its name.
        memory: how much of a large model is kept on the GPU (low, balanced or high), and the card's size where it is
            another than this machine's; None: as it was planned for, else as each shot fits.
        fast: shortcuts of docs/fast.md; None: as the environment says.
        gpus: how many GPUs of this machine share each shot; "2,ulysses" or "2,ring": the tokens of a window, else the
            windows in each branch of guidance. None: as the environment says, else one.
        progress: told how far it is. What it raises, `Cancelled` for one, stops the work and is passed on.

    Raises:
        SceneError: for a mistake in what was given, before any work, with every problem at its place.
        DialogueError: for a run that failed, naming the shot.
        Whatever is raised, finished shots are kept and the film's place is as it was.
    """
    order = _ordered(source, output, memory, gpus, progress, how)
    with fast_given(fast):
        return render_order(order, progress)


def pending(
    source: Source | Order,
    output: str | Path | None = None,
    *,
    memory: str | None = None,
    fast: Sequence[str] | None = None,
    gpus: int | str | None = None,
    progress: OnProgress = untold,
    **how: Unpack[How],
) -> tuple[Task, ...]:
    """What `render` would do with the same: every shot, why it is to be made (None: the cache has it), at what cost."""
    order = _ordered(source, output, memory, gpus, progress, how)
    with fast_given(fast):
        return tuple(prepared(order))


class How(TypedDict, total=False):
    """The options of `order`."""

    shots: Shots | None
    force: bool
    overwrite: bool
    caption_track: bool
    cache: str | Path | None
    variables: Mapping[str, Any] | None
    speakers: int | None
    hop: float | None


def _ordered(
    source: Source | Order, output: str | Path | None, memory: str | None, gpus: int | str | None,
    progress: OnProgress, how: How,
) -> Order:  # fmt: skip
    if not isinstance(source, Order):
        return order(source, output, memory=memory, gpus=gpus, progress=progress, **how)
    if output is not None or how:
        raise TypeError("an order has its output and options already")
    check_asked(memory=memory, gpus=gpus)
    return replace(source, memory=memory or source.memory, gpus=source.gpus if gpus is None else str(gpus))


def film_beside(source: str | Path) -> Path:
    """The place of a film when none is named: beside its scene or plan, by its name; of a pipe, here."""
    place = as_path(source, "a scene or plan")
    if is_piped(as_read(place)):
        return Path("scene.mp4")
    return place.with_name(f"{place.name.removesuffix('.j2').rsplit('.', 1)[0]}.mp4")


def film_of_shots(film: Path, shots: tuple[int, int]) -> Path:
    """The place of some shots of a film: beside it."""
    first, last = shots
    numbers = f"shot-{first}" if first == last else f"shots-{first}-{last}"
    return film.with_name(f"{film.stem}-{numbers}{film.suffix}")


def _check_beside(scene: SceneFile, film: Path, whole: bool, force: bool) -> None:
    asked = scene.scene.output
    beside = (*asked.captions, *(f"transcript.{kind}" for kind in asked.transcript))
    check_places(film, beside if whole else (), scene.reads, force or not whole)


def _asked_span(shots: Shots | None) -> tuple[int, int] | None:
    """The first and last shot in what was asked for, before it is known how many there are."""
    if shots is None:
        return None
    span = (shots, shots) if isinstance(shots, int) else tuple(shots) if isinstance(shots, (tuple, list)) else ()
    if len(span) != 2 or not all(is_number(number) for number in span):
        hint = "shots=2, or the first and last of a range: shots=(2, 4)"
        raise SceneError(Problem(f"shots is {shots!r}, and takes numbers of shots", hint=hint))
    first, last = span
    if last < first:
        raise SceneError(Problem(f"shots {first} to {last} are none", hint="the first comes first"))
    return first, last


def _span(span: tuple[int, int] | None, count: int) -> tuple[int, int] | None:
    wrong = next((number for number in span or () if not 1 <= number <= count), None)
    if wrong is not None:
        raise SceneError(Problem(f"there is no shot {wrong}", hint=f"the film has shots 1 to {count}"))
    return span
