"""What is known of a film: its problems, its plan, what rendering will cost, why each shot has to be made.

The one place from which the page's server asks the rest of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import DialogueError, InputError, Problem
from dialogue.ground.progress import OnProgress
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.source import Node, compose, decode

if TYPE_CHECKING:
    from dialogue.measures.measures import Measures
    from dialogue.planning.choice import Costs
    from dialogue.planning.plan import Plan
    from dialogue.rendering.film_order import Order
    from dialogue.rendering.shot_tasks import Task



@dataclass(frozen=True)
class Look:
    """A film as far as it is known. Each part is None until it has been looked at, or where it cannot be."""

    problems: tuple[Problem, ...] = ()
    root: Node | None = None
    measures: Measures | None = None
    plan: Plan | None = None
    media: Path = field(default_factory=Path)
    costs: Costs | None = None
    tasks: tuple[Task, ...] | None = None
    voices: tuple[Voice, ...] = ()
    revision: str | None = None  # of the file that was looked at


@dataclass(frozen=True)
class Voice:
    """A voice of the mix that is nobody's yet: how long it speaks, and its longest turns, to listen to."""

    label: str
    seconds: float
    turns: tuple[tuple[float, float], ...]


def first_look(path: Path) -> tuple[Look, SceneFile | None]:
    """The problems of a scene as it is written, and of its media by their headers. Takes moments."""
    from dialogue.measures.checks import check_media
    from dialogue.measures.look import probe

    root = _root(path)
    try:
        file = read_scene(path)
    except InputError as error:
        return Look(tuple(error.problems), root, media=path.parent), None
    problems = list(file.warnings)
    measures = probe(file, problems)
    problems += check_media(file, measures)
    found = Look(tuple(_sorted(problems)), root, measures, media=file.folder)
    return found, None if any(problem.severity == "error" for problem in problems) else file


def whole_look(first: Look, file: SceneFile, tell: OnProgress) -> Look:
    """The plan too, its costs, and what of it is already made. Reads the media where nobody has before."""
    from dialogue.drafts.drafts import with_drafts
    from dialogue.generators.choice import generator_for
    from dialogue.measures.look import measure
    from dialogue.planning.planner import make_plan

    try:
        file = with_drafts(file)
        measures = measure(file, tell)
    except DialogueError as error:
        return _with(first, error.problems)
    voices = _open_voices(file, measures)
    try:
        plan = make_plan(file, measures, generator_for(file, measures))
    except DialogueError as error:
        return Look(_joined(first, error.problems), first.root, measures, media=file.folder, voices=voices)
    warned = [_placed(file, warning) for warning in plan.warnings]
    look = Look(_joined(first, warned), first.root, measures, plan, file.folder, voices=voices)
    return _weighed(look, order_of(plan, file.folder, film_place(file.path)))


def plan_look(path: Path) -> Look:
    """The same of a plan.json, which is played and rendered as it is written."""
    from dialogue.planning.plan_json import read_plan

    try:
        read = read_plan(path)
    except InputError as error:
        return Look(tuple(error.problems), media=path.parent)
    warned = tuple(Problem(warning, str(path), severity="warning") for warning in read.plan.warnings)
    look = Look(warned, None, None, read.plan, read.media)
    return _weighed(look, order_of(read.plan, read.media, film_place(path)))


def film_place(source: Path) -> Path:
    """Where the film of a scene or plan is written: beside it, by its name."""
    return source.with_name(f"{source.name.removesuffix('.j2').rsplit('.', 1)[0]}.mp4")


def order_of(plan: Plan, media: Path, output: Path) -> Order:
    """The order for the whole film, as the command line makes it."""
    from dialogue.rendering.cache import FOLDER, Cache
    from dialogue.rendering.film_order import Order

    return Order(plan, media, output, Cache(media / FOLDER), output.stem)


def _weighed(look: Look, order: Order) -> Look:
    """Costs and what is to be made; a generator that cannot run here is one more problem."""
    from dataclasses import replace

    from dialogue.generators.costs import costs_of
    from dialogue.rendering.shot_tasks import generator_of, tasks_of

    try:
        look = replace(look, costs=costs_of(order.plan))
        order.cache.prepare()
        return replace(look, tasks=tuple(tasks_of(order, generator_of(order))))
    except DialogueError as error:
        return _with(look, error.problems)
    except OSError as error:
        return _with(look, (Problem(f"the cache cannot be used: {(error.strerror or str(error)).lower()}"),))


def _with(look: Look, problems: tuple[Problem, ...]) -> Look:
    from dataclasses import replace

    return replace(look, problems=_joined(look, problems))


def _joined(look: Look, problems: object) -> tuple[Problem, ...]:
    """Each once: what the first look has said the second says again."""
    assert isinstance(problems, list | tuple)
    said = {problem.message for problem in look.problems}
    fresh = [problem for problem in problems if not any(problem.message.startswith(message) for message in said)]
    return tuple(_sorted([*look.problems, *fresh]))


def _sorted(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda p: (p.severity != "error", p.line or 10**9, p.column or 0))


def _placed(file: SceneFile, warning: str) -> Problem:
    """A warning of the plan at the place in the scene that it speaks of, where it says so."""
    import re

    keys: tuple[str | int, ...] = ()
    if match := re.match(r"lines? (\d+)", warning):
        keys = ("lines", int(match[1]) - 1)
    elif match := re.search(r"\bshot (\d+)", warning):
        keys = ("shots", int(match[1]) - 1)
    elif (match := re.match(r"([\w.-]+): ", warning)) and match[1] in file.scene.cast:
        keys = ("cast", match[1])
    else:
        pictures = {shot.picture: ("shots", n, "picture") for n, shot in enumerate(file.scene.shots) if shot.picture}
        named = next((where for name, where in pictures.items() if warning.startswith(f"{name}:")), None)
        keys = named or (("picture",) if file.scene.picture and warning.startswith(f"{file.scene.picture}:") else ())
    return file.problem(keys, warning, severity="warning")


def _root(path: Path) -> Node | None:
    try:
        return compose(decode(path.read_bytes(), str(path)), str(path))[0]
    except (InputError, OSError):
        return None


def _open_voices(file: SceneFile, measures: Measures) -> tuple[Voice, ...]:
    """The voices of the mix that no member of the cast has, who speaks most first."""
    from dialogue.measures.scene_media import wanted_by
    from dialogue.planning.voices import cast_voices

    wanted = wanted_by(file.scene).mixed
    if file.scene.audio is None or not measures.diarization or not wanted:
        return ()
    casting = cast_voices(measures.diarization, file.scene.cast, wanted)
    found = []
    for stranger in casting.strangers:
        turns = sorted(
            ((part.start, part.end) for part in measures.diarization if part.label == stranger.label),
            key=lambda turn: turn[0] - turn[1],
        )
        found.append(Voice(stranger.label, stranger.seconds, tuple(turns[:5])))
    return tuple(sorted(found, key=lambda voice: -voice.seconds))
