"""A scene is read; where that fails, what is wrong with its media is told with what is wrong with itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.ground.errors import SceneError
from dialogue.ground.reading import as_read, folder_of
from dialogue.scene.kinds import NamedMedia
from dialogue.scene.reader import SceneFile, read_scene


def scene_file(
    path: Path,
    variables: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    reach: Sequence[Path] | None = None,
) -> SceneFile:
    """The scene at a path, as `read_scene` takes it.

    SceneError with every mistake in it, and with every file it names that cannot be read.
    """
    path, media = as_read(path), list[NamedMedia]()
    try:
        return read_scene(path, variables, folder, reach, media=media)
    except SceneError as error:
        if not media:
            raise
        from dialogue.measures.unreadable import unreadable

        problems = [*error.problems, *unreadable(media, folder or folder_of(path), str(path))]
        raise SceneError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))) from None
