"""A batch as it stands in its output: its episodes, whether it is at work, what it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.ground.errors import DialogueError
from dialogue.podcast import going_on
from dialogue.podcast.manifest import NAME, Entry
from dialogue.rendering.cache import FOLDER

if TYPE_CHECKING:
    from dialogue.cast.cast import CastFile


@dataclass(frozen=True)
class BatchFolder:
    """The output of `dialogue batch`, read anew at every question: whoever is at work there may have changed it."""

    output: Path

    @staticmethod
    def named_by(path: Path) -> BatchFolder:
        """The folder itself, or that of a manifest."""
        return BatchFolder(path.parent if path.name == NAME else path)

    def __bool__(self) -> bool:
        """Whether a batch has written there."""
        return self.output.is_dir() and self.manifest.is_file() and bool(self.entries())

    @property
    def manifest(self) -> Path:
        return self.output / NAME

    @property
    def cache(self) -> Path:
        """Where its shots are kept."""
        return self.output / FOLDER

    def entries(self) -> Mapping[str, Entry]:
        """What became of every episode so far, by its name."""
        return going_on.entries(self.output)

    def busy(self) -> bool:
        """Whether a batch is at work there, whoever has started it."""
        return going_on.at_work(self.output)

    def asked(self) -> Mapping[str, Any]:
        """What the last run was asked for: `episodes`, `cast` and its options. SceneError where that was not kept."""
        return going_on.kept(self.output)

    def recording(self, name: str) -> Path:
        """The recording of an episode. KeyError where there is no such episode."""
        from dialogue.podcast.episodes import find_episodes

        places = [Path(place) for place in self.asked()["episodes"]]
        return {episode.name: episode.path for episode in find_episodes(places)}[name]

    def cast_file(self) -> Path | None:
        """The cast it was asked for with; None where that was not kept."""
        try:
            return Path(self.asked()["cast"])
        except DialogueError:
            return None

    def cast(self) -> CastFile | None:
        """The same, read; None where it cannot be."""
        from dialogue.cast.cast import read_cast

        place = self.cast_file()
        try:
            return read_cast(place) if place is not None else None
        except DialogueError:
            return None
