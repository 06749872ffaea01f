"""Which generator makes the film: the one the scene names, else the best that can run here; and why."""

from __future__ import annotations

from dialogue.generators.generator import Generator
from dialogue.ground.errors import DialogueError, SceneError
from dialogue.measures.measures import Measures
from dialogue.measures.scene_media import shown
from dialogue.planning.choice import Choice
from dialogue.scene.reader import SceneFile


def _described(name: str, generator: Generator, reason: str, warning: str | None = None) -> Choice:
    room = getattr(generator, "room", lambda: None)()
    return Choice(name, reason, generator.CANVAS, generator.WINDOW_LATENTS, warning, room)


def choose_generator(named: str | None, drawn: bool = False) -> Choice:
    """The generator to plan for. One that the scene names is kept, with a warning when it cannot run here.

    `drawn`: every picture of the scene is of the drawn world that the small model knows.
    """
    from dialogue.generators import GENERATORS, generator

    if named is not None and named not in GENERATORS:
        raise DialogueError(
            f"the generator {named!r} is not part of this version of dialogue; there are {', '.join(GENERATORS)}"
        )
    if named is not None:
        missing = generator(named).missing()
        warning = f"{named} cannot run here: {missing}" if missing else None
        return _described(named, generator(named), "named by the scene", warning)
    unready: list[str] = []
    for name, entry in GENERATORS.items():
        if entry.drawn and not drawn:
            continue
        missing = generator(name).missing()
        if missing is None:
            lacking = f"; {' and '.join(unready)} cannot yet, `dialogue doctor` says why" if unready else ""
            known = ", and every picture is of its drawn world" if entry.drawn else ""
            reason = f"the best that can run on this machine{known}{lacking}"
            return _described(name, generator(name), reason)
        unready.append(name)
    raise DialogueError("no generator can run here; `dialogue doctor` says what each of them misses")


def generator_for(file: SceneFile, measures: Measures) -> Choice:
    """The generator of a scene; SceneError at the place that names one that is not there."""
    drawn = all(measures.drawn.get(picture, False) for picture in shown(file.scene))
    try:
        return choose_generator(file.scene.generator, drawn)
    except DialogueError as error:
        raise SceneError([file.problem(("generator",), p.message, p.hint) for p in error.problems]) from None
