"""What is known of a film: its problems, its plan, what rendering will cost, why each shot has to be made.

All of it is what `import dialogue` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import dialogue
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.progress import OnProgress
from dialogue.scene.source import Items, Keys, Node, Text, compose, decode, place_of
from dialogue.studio.films import Film


@dataclass(frozen=True)
class Look:
    """A film as far as it is known. Each part is None until it has been looked at, or where it cannot be."""

    problems: tuple[Problem, ...] = ()
    root: Node | None = None
    planned: dialogue.PlannedFilm | None = None
    media: Path = field(default_factory=Path)
    tasks: tuple[dialogue.Task, ...] | None = None
    takes: tuple[tuple[dialogue.Take, ...], ...] = ()
    voices: tuple[dialogue.OpenVoice, ...] = ()
    stands: bool = False  # whether the film that lies there is of this plan
    revision: str | None = None  # of the file that was looked at

    @property
    def plan(self) -> dialogue.Plan | None:
        return self.planned.plan if self.planned is not None else None

    @property
    def wrong(self) -> bool:
        return any(problem.severity == "error" for problem in self.problems)


def first_look(path: Path) -> Look:
    """The problems of a scene as it is written, and of its media by their headers. Takes moments."""
    return Look(_sorted(dialogue.check(path)), _root(path), media=path.parent)


def whole_look(first: Look, film: Film, progress: OnProgress) -> Look:
    """The plan too, its costs, and what of it is already made. Reads the media where nobody has before."""
    path = film.path
    try:
        planned = dialogue.plan(path, progress=progress)
    except SceneError as error:
        return replace(first, problems=_joined(first, error.problems), voices=_voices(path))
    warned = [_placed(first.root, path, warning) for warning in planned.plan.warnings]
    problems = _joined(first, [*planned.warnings, *warned])
    voices = dialogue.voices(path) if planned.scene is not None and planned.scene.scene.audio is not None else ()
    return _weighed(replace(first, problems=problems, planned=planned, media=planned.media, voices=voices), film)


def plan_look(film: Film) -> Look:
    """The same of a plan.json, which is played and rendered as it is written."""
    path = film.path
    try:
        planned = dialogue.plan(path)
    except SceneError as error:
        return Look(tuple(error.problems), media=path.parent)
    warned = tuple(Problem(warning, str(path), severity="warning") for warning in planned.plan.warnings)
    return _weighed(Look(warned, None, planned, planned.media), film)


def film_place(film: Film) -> Path:
    """Where the film of a scene or plan is written: beside it by its name, but for an episode of a batch."""
    return film.movie or dialogue.film_beside(film.path)


def _weighed(look: Look, film: Film) -> Look:
    """What is to be made; what keeps a film from being made here is one more problem."""
    assert look.planned is not None
    try:
        order = dialogue.order(look.planned, overwrite=True, **film.how)
        tasks = dialogue.pending(order)
        last = order.cache.last(order.name)
        stands = all(task.reason is None and last.get(task.number) == dict(task.inputs) for task in tasks)
        return replace(look, tasks=tasks, takes=dialogue.takes(order, tasks), stands=stands)
    except DialogueError as error:
        return replace(look, problems=_joined(look, error.problems))
    except OSError as error:
        problem = Problem(f"the cache cannot be used: {(error.strerror or str(error)).lower()}")
        return replace(look, problems=_joined(look, [problem]))


def _voices(path: Path) -> tuple[dialogue.OpenVoice, ...]:
    """Whose voices are open where there is no plan: it may be that nobody has said who is who."""
    try:
        return dialogue.voices(path)
    except DialogueError:
        return ()


def _joined(look: Look, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once: what the first look has said the second says again."""
    found = list(look.problems)
    for problem in problems:
        if not any(problem.message.startswith(other.message) for other in found):
            found.append(problem)
    return _sorted(found)


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.severity != "error", p.line or 10**9, p.column or 0)))


def _placed(root: Node | None, path: Path, warning: str) -> Problem:
    """A warning of the plan at the place in the scene that it speaks of, where it says so."""
    keys: tuple[str | int, ...] = ()
    cast = _under(root, "cast")
    if match := re.match(r"lines? (\d+)", warning):
        keys = ("lines", int(match[1]) - 1)
    elif match := re.search(r"\bshot (\d+)", warning):
        keys = ("shots", int(match[1]) - 1)
    elif (match := re.match(r"([\w.-]+): ", warning)) and isinstance(cast, Keys) and cast.get(match[1]) is not None:
        keys = ("cast", match[1])
    else:
        keys = _picture_keys(root, warning)
    place = place_of(root, keys) if root is not None else None
    line, column = (place.line, place.column) if place is not None else (None, None)
    return Problem(warning, str(path), line, column, severity="warning")


def _picture_keys(root: Node | None, warning: str) -> tuple[str | int, ...]:
    """Where the picture stands by whose name a warning begins."""
    shots = _under(root, "shots")
    for index, shot in enumerate(shots.items if isinstance(shots, Items) else ()):
        named = _under(shot, "picture")
        if isinstance(named, Text) and warning.startswith(f"{named.value}:"):
            return ("shots", index, "picture")
    common = _under(root, "picture")
    return ("picture",) if isinstance(common, Text) and warning.startswith(f"{common.value}:") else ()


def _under(node: Node | None, key: str) -> Node | None:
    return node.get(key) if isinstance(node, Keys) else None


def _root(path: Path) -> Node | None:
    try:
        return compose(decode(path.read_bytes(), str(path)), str(path))[0]
    except (SceneError, OSError):
        return None
