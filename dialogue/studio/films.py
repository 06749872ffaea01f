"""What the page was opened on: one scene, one plan, a folder with scenes, or the episodes of a batch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dialogue.ground.errors import Problem, SceneError, quoted

Kind = Literal["scene", "template", "plan", "new"]
_DEEPEST = 3  # folders below the one that was named
_MOST = 2000  # films in a list
_PASSED = {".dialogue", ".git", "node_modules", "__pycache__", ".venv"}


@dataclass(frozen=True)
class Film:
    """One film that the page can open. `name` is what the list calls it; `folder` what its paths are relative to;
    `movie` and `clips` are where an episode of a batch has them."""

    path: Path
    name: str
    kind: Kind
    movie: Path | None = None  # None: beside the scene, by its name
    clips: Path | None = None  # the cache of its clips; None: beside the scene

    @property
    def id(self) -> str:
        """A name for addresses, the same in every run."""
        return hashlib.sha256(str(self.path.absolute()).encode()).hexdigest()[:12]

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def how(self) -> dict[str, Any]:
        """What `dialogue.order` is told of its places."""
        return {"output": self.movie, "cache": self.clips}


def find_films(path: Path) -> tuple[Film, ...]:
    """The films at a path, by name. A folder without any, or a scene.yaml that is not there yet, is a film to begin."""
    if path.is_dir():
        found = [_film(scene, path) for scene in _scenes(path)][:_MOST]
        return tuple(sorted(found, key=lambda film: film.name)) or (Film(path / "scene.yaml", path.name, "new"),)
    if path.is_file():
        return (_film(path, path.parent),)
    if path.suffix in (".yaml", ".yml") and path.parent.is_dir():
        return (Film(path, path.parent.resolve().name, "new"),)
    hint = "name a scene.yaml, a plan.json, or a folder"
    raise SceneError(Problem(f"there is no {quoted(path)}", hint=hint))


def _scenes(folder: Path, depth: int = 0) -> list[Path]:
    """Scenes first, then plans of folders that have no scene."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    named = [file for file in files if file.name == "scene.yaml" or file.name.endswith(".scene.yaml")]
    others = [file for file in files if file.suffix in (".yaml", ".yml") and file not in named and _is_scene(file)]
    found = [*named, *others] or [file for file in files if file.name == "plan.json"]
    if depth < _DEEPEST:
        for inner in sorted(place for place in folder.iterdir() if place.is_dir()):
            if inner.name not in _PASSED and not inner.name.startswith("."):
                found += _scenes(inner, depth + 1)
    return found


def _is_scene(file: Path) -> bool:
    """Whether its first line that says something says `scene:`."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            said = (line for line in lines if line.strip() and not line.lstrip().startswith(("#", "---")))
            return next(said, "").startswith("scene:")
    except (OSError, UnicodeDecodeError):
        return False


def _film(path: Path, top: Path) -> Film:
    kind: Kind = "plan" if path.suffix == ".json" else "template" if path.suffix == ".j2" else "scene"
    folder = path.parent.resolve()
    near = folder.relative_to(top.resolve()).as_posix() if folder.is_relative_to(top.resolve()) else folder.name
    name = folder.name if near == "." else near
    usual = path.name in ("scene.yaml", "plan.json")
    return Film(path, name if usual else f"{name}/{path.name}", kind)
