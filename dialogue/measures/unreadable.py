"""Pictures and recordings that cannot be read, of a scene that cannot be read either: all is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.kinds import NamedMedia


def unreadable(media: Sequence[NamedMedia], folder: Path, file: str) -> list[Problem]:
    """An error for each file that cannot be read, at the place in `file` that names it first."""
    found: list[Problem] = []
    for one in {(one.path, one.kind, one.stream): one for one in reversed(media)}.values():
        try:
            _look(one, folder)
        except SceneError as error:
            for problem in error.problems:
                message = f"{one.path} {problem.message}"
                found.append(Problem(message, file, one.place.line, one.place.column, problem.hint))
    return found


def _look(media: NamedMedia, folder: Path) -> None:
    from dialogue.media.pictures import measure_picture
    from dialogue.media.recordings import check_beginning

    if media.kind == "picture":
        measure_picture(folder / media.path, media.path)
    else:
        check_beginning(folder / media.path, media.stream)
