"""The marks of a finished film: how it says that it was made, and what was changed since."""

from __future__ import annotations

from pathlib import Path

from dialogue.ground.given import as_path
from dialogue.rendering.render import Film
from dialogue.verification.marks import Marks
from dialogue.verification.marks import inspect as marks


def inspect(film: str | Path | Film) -> Marks:
    """What the marks say: by whom and of what the film was made, who signed it, and what was changed since.

    Args:
        film: a file, by this program or any other; or what `render` gave.

    Raises:
        SceneError: for what cannot be read as a film.
    """
    return marks(film.file if isinstance(film, Film) else as_path(film, "a film"))
