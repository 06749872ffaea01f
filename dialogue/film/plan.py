"""From a scene to its plan: read, measured, a generator chosen, planned. Or a plan that was written, read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.drafts.drafts import with_drafts
from dialogue.film.scene_file import scene_file
from dialogue.generators.gpus import gpus_parts
from dialogue.generators.memory import memory_given, memory_parts
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path, check_heard
from dialogue.ground.progress import OnProgress, untold
from dialogue.planning.plan import Plan, Shot
from dialogue.planning.plan_json import read_plan
from dialogue.scene.reader import SceneFile
from dialogue.screenplay.importing import is_script, scene_of_script

if TYPE_CHECKING:
    from dialogue.measures.measures import Measures
    from dialogue.planning.choice import Costs


@dataclass(frozen=True)
class PlannedFilm:
    """A plan with what it came from.

    `media`: the folder that the plan's paths are relative to. `source`: the scene or plan.json that was read.
    `warnings`: of the scene and its media, at their places. `scene` and `measures` are None for a plan that was read.
    `files`: what was written of it. `memory`: the card's memory that it was planned for, as `plan` was told.
    """

    plan: Plan
    media: Path
    source: Path
    warnings: tuple[Problem, ...] = ()
    scene: SceneFile | None = None
    measures: Measures | None = None
    files: tuple[Path, ...] = ()
    memory: str | None = None

    @cached_property
    def costs(self) -> Costs:
        """What the film will cost on this machine: windows, seconds and memory, in all and for every shot."""
        from dialogue.generators.costs import costs_of

        with memory_given(self.memory):
            return costs_of(self.plan)

    def write(self, folder: str | Path, *, force: bool = False) -> tuple[Path, ...]:
        """Write plan.json, its pictures, the chart, turns.rttm and captions into the folder; their paths.

        Each file is whole or not at all. SceneError where the folder cannot be written to, or holds files that no
        earlier run wrote (`force` replaces them).
        """
        from dialogue.show.plan_folder import check_plan_folder, write_plan_folder

        place = as_path(folder, "the folder")
        check_plan_folder(place, self.read, force, self.plan)
        return write_plan_folder(self.plan, self.media, self.measures.faces if self.measures else {}, place)

    def place(self, shot: Shot, message: str) -> Problem:
        """A message about a shot, at the line of the scene that describes it."""
        if self.scene is None:
            return Problem(message)
        scene = self.scene.scene
        for index, spec in enumerate(scene.shots):
            if (spec.picture or scene.picture) == shot.picture:
                return self.scene.problem(("shots", index), message)
        return self.scene.problem(("picture",), message)

    @property
    def read(self) -> tuple[Path, ...]:
        """The files that were read, whoever names them: none of them may be written over."""
        if self.scene is not None:
            return self.scene.reads
        return (self.source, *(self.media / name for name in (*self.plan.media, *self.plan.reads)))


Source = str | Path | SceneFile | PlannedFilm


def read(source: Source, variables: Mapping[str, Any] | None = None) -> SceneFile | PlannedFilm:
    """The scene, or the plan that was written, at a path; of a script, the scene that plays it.

    SceneError with every mistake in it.
    """
    if isinstance(source, (SceneFile, PlannedFilm)):
        return source
    path = as_path(source, "a scene or plan")
    if is_script(path):
        return _scene_of(path)
    if path.suffix != ".json":
        return scene_file(path, variables)
    if variables:
        raise SceneError(Problem("--set fills a template, and a plan is none", file=str(path)))
    written = read_plan(path)
    return PlannedFilm(written.plan, written.media, path)


def check_asked(
    speakers: int | None = None, hop: float | None = None, memory: str | None = None, gpus: int | str | None = None
) -> None:
    """SceneError for an option that means nothing, also where nothing of the film would heed it."""
    check_heard(speakers, hop)
    try:
        memory_parts(memory or "")
    except (ValueError, AttributeError) as error:
        told = str(error) if isinstance(error, ValueError) else f"is {memory!r}; it is a text, as '24GB'"
        raise SceneError(Problem(f"memory {told}")) from None
    try:
        gpus_parts("" if gpus is None else str(gpus))
    except ValueError as error:
        raise SceneError(Problem(f"gpus {error}")) from None


def _scene_of(script: Path) -> SceneFile:
    """The scene of a script, in NAME.scene beside it; what the import has to say of it are warnings."""
    scene, imported = scene_of_script(script)
    told = [] if imported is None else imported.written.notes
    notes = [Problem(note.message, str(script), note.line, severity="warning") for note in told]
    file = scene_file(scene)
    return replace(file, warnings=(*file.warnings, *notes))


def plan(
    source: Source,
    *,
    variables: Mapping[str, Any] | None = None,
    speakers: int | None = None,
    hop: float | None = None,
    memory: str | None = None,
    output: str | Path | None = None,
    force: bool = False,
    progress: OnProgress = untold,
) -> PlannedFilm:
    """Who speaks when, with which mouth, in which shot, and at what cost. No pixel is made.

    Args:
        source: a scene, a template of one, a plan.json, or what one of them was read into.
        variables: what fills a template.
        speakers: how many are heard in a mixed recording, when not as many as the cast has for it.
        hop: seconds between the windows of a pyannote pipeline, when not its own.
        memory: what the shots must fit: a card's size ("24GB"), how a model is kept on it ("low", "balanced", "high"),
            or both ("balanced,24GB"); None: as the environment says, else this machine's card.
        output: a folder to write the plan's files into; see `PlannedFilm.write`. When there is no plan because faces
            are unclear, it gets pictures of the faces that were found.
        force: write over files in `output` that no earlier run wrote.
        progress: told while the media are looked at.

    Raises:
        SceneError: with every problem that the scene or its media have, each at its place.
    """
    check_asked(speakers, hop, memory)
    place = as_path(output, "the output") if output is not None else None
    given = read(source, variables)
    if place is not None:
        from dialogue.show.plan_folder import check_plan_folder

        check_plan_folder(place, given.read if isinstance(given, PlannedFilm) else given.reads, force)
    if isinstance(given, SceneFile):
        with memory_given(memory):
            given = _planned(given, speakers, hop, place, progress)
    if memory is not None:
        given = replace(given, memory=memory)
    return given if place is None else replace(given, files=given.write(place, force=force))


def _planned(
    written: SceneFile, speakers: int | None, hop: float | None, output: Path | None, progress: OnProgress
) -> PlannedFilm:
    """Speak its drafts, measure, choose, plan."""
    from dialogue.generators.choice import generator_for
    from dialogue.measures.checks import media_warnings, recording_problems
    from dialogue.measures.look import measure
    from dialogue.planning.planner import make_plan
    from dialogue.planning.room import room_warnings

    file = with_drafts(written, progress)
    measures = measure(file, progress, speakers, hop)
    unheard = [problem for problem in recording_problems(file, measures) if problem.severity == "error"]
    if unheard:
        raise SceneError(unheard)
    try:
        choice = generator_for(file, measures)
        made = make_plan(file, measures, choice)
    except SceneError as error:
        raise SceneError([*error.problems, *_faces_shown(file, measures, output)]) from None
    warnings = (*file.warnings, *media_warnings(file, measures), *room_warnings(file, made, choice))
    return PlannedFilm(made, file.folder, file.path, warnings, file, measures)


def _faces_shown(file: SceneFile, measures: Measures, output: Path | None) -> list[Problem]:
    """Where there is no plan: at least the faces that `detect` chooses from, numbered; and where they are shown."""
    if output is None or not measures.faces:
        return []
    from dialogue.show.plan_folder import write_faces

    shown = write_faces(measures.faces, file.folder, output, file.reads)
    names = ", ".join(str(path) for path in shown)
    return [Problem(f"the faces found are shown in {names}", severity="note")] if shown else []
