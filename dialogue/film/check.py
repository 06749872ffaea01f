"""Every problem of a scene, as data, without a look inside the media that takes time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.film.scene_file import scene_file
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path

_NEW_FACES = 2  # pictures in which faces are looked for though they never were: a second or two, once


def check(scene: str | Path, *, variables: Mapping[str, Any] | None = None) -> tuple[Problem, ...]:
    """Errors and warnings of a scene as it is written and of its media by their headers, in the order of the file.

    `variables` fill a scene that is a template. Nothing is raised for what is wrong with the scene: that is what is
    returned; `problem.severity` tells errors from warnings.
    """
    try:
        file = scene_file(as_path(scene, "a scene"), variables)
    except SceneError as error:
        return error.problems
    from dialogue.measures.checks import check_media
    from dialogue.measures.look import probe
    from dialogue.planning.known_times import time_problems
    from dialogue.planning.planner import face_problems, framing_warnings

    problems = list(file.warnings)
    measures = probe(file, problems, new_faces=_NEW_FACES)
    problems += check_media(file, measures)
    asked = [member for member in file.scene.cast.values() if member.draft is not None and member.draft.voice]
    if asked or file.scene.language is not None:
        from dialogue.drafts.drafts import draft_problems  # not before it is asked for: a check is instant

        problems += draft_problems(file)
    told = {(problem.line, problem.column) for problem in problems if problem.severity == "error"}
    planned = [*face_problems(file, measures), *time_problems(file, measures)]
    problems += [one for one in planned if (one.line, one.column) not in told]
    problems += framing_warnings(file, measures) if not told else []
    return tuple(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
