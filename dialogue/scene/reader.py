"""Reading a scene file: every problem at once, each at its line and column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.ground.reading import bytes_of, folder_of
from dialogue.scene.consistency import Draft, contradictions
from dialogue.scene.files import missing_hint
from dialogue.scene.kinds import Kind, NamedMedia, Reading, mismatch, read_field
from dialogue.scene.language import SCENE_KEYS, SHOT, VERSION
from dialogue.scene.line import LINE
from dialogue.scene.named_files import files_named
from dialogue.scene.other_files import other_file
from dialogue.scene.scene import Scene
from dialogue.scene.source import Items, Keys, Node, Text, compose, decode, place_of

Keypath = tuple[str | int, ...]
MOST_PEOPLE, MOST_LINES = 1_000, 20_000
_ONE_BY_ONE: Mapping[str, Kind[Any]] = {"lines": LINE, "shots": SHOT}


@dataclass(frozen=True)
class SceneFile:
    """A scene that could be read, and where in the file everything stands.

    `folder` is what the scene's paths are relative to. `warnings` are what a writer should know and may leave.
    """

    scene: Scene
    path: Path
    folder: Path
    root: Node
    warnings: tuple[Problem, ...] = ()

    @property
    def reads(self) -> tuple[Path, ...]:
        """The scene itself and every file it names, whether anything is made of it or not."""
        return (self.path, *(self.folder / name for name in files_named(self.root, self.folder)))

    def problem(
        self, keys: Keypath, message: str, hint: str | None = None, severity: Literal["error", "warning"] = "error"
    ) -> Problem:
        """A problem at the value under these keys and indices from 0, or at its nearest parent that was written."""
        place = place_of(self.root, keys)
        return Problem(message, str(self.path), place.line, place.column, hint, severity)


def read_scene(
    path: str | Path,
    variables: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    reach: Sequence[str | Path] | None = None,
    media: list[NamedMedia] | None = None,
) -> SceneFile:
    """Read `scene.yaml`, or fill and read `scene.yaml.j2`.

    `variables` fill a template. `folder`: what its paths are relative to, when not the file's own folder. `reach`:
    the only folders its paths may lead to, links followed; None for a scene a person wrote, which may lead anywhere.
    `media` is given every picture and recording that was met, also where the scene cannot be read.
    Raises SceneError with every problem found.
    """
    path = Path(path)
    data = _bytes(path)
    other = other_file(path, data)
    if other is not None:
        raise SceneError(Problem(f"this is {other[0]}, not a scene", str(path), 1, 1, hint=other[1]))
    text = decode(data, str(path))
    lines: Sequence[int] | None = None
    if path.suffix == ".j2":
        from dialogue.scene.template import fill

        filled = fill(text, str(path), variables or {})
        text, lines = filled.text, filled.lines
    elif variables:
        hint = "variables fill a template, whose name ends in .yaml.j2"
        raise SceneError(Problem(f"{path.name} is no template", str(path), hint=hint))
    root, problems = compose(text, str(path), lines)
    base = Path(folder) if folder is not None else folder_of(path)
    allowed = None if reach is None else tuple(Path(place) for place in reach)
    reading = Reading(str(path), base, allowed, problems=problems, media=[] if media is None else media)
    scene = _read(root, reading)
    problems = sorted(dict.fromkeys(reading.problems), key=lambda problem: (problem.line or 0, problem.column or 0))
    if scene is None or any(problem.severity == "error" for problem in problems):
        raise SceneError(problems)
    return SceneFile(scene, path, base, root, tuple(problems))


def _bytes(path: Path) -> bytes:
    try:
        return bytes_of(path)
    except FileNotFoundError:
        hint = missing_hint(Path(), str(path))
        raise SceneError(Problem(f"no scene file {quoted(path)}", hint=hint)) from None
    except IsADirectoryError:
        inside = path / "scene.yaml"
        hint = f"did you mean {str(inside)!r}?" if inside.is_file() else "name the scene file in it"
        raise SceneError(Problem(f"{quoted(path)} is a folder", hint=hint)) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SceneError(Problem(f"cannot read the scene file {quoted(path)}: {reason.lower()}")) from None


def _read(root: Node, reading: Reading) -> Scene | None:
    """The scene, or None after what is wrong has been reported."""
    if isinstance(root, Text) and root.empty:
        reading.report(root, "the file is empty", f"begin it with `scene: {VERSION}`; `dialogue init` writes one")
        return None
    if not isinstance(root, Keys):
        mismatch("the keys of a scene", root, reading, f"begin the file with `scene: {VERSION}`")
        return None
    if not _right_version(root, reading):
        return None
    cast = root.get("cast")
    if not _few(cast, "cast", MOST_PEOPLE, reading) or not _few(root.get("lines"), "lines", MOST_LINES, reading):
        return None
    reading.cast = tuple(name.value for name, _ in cast.entries) if isinstance(cast, Keys) else ()
    draft = _draft(root, reading)
    for finding in contradictions(draft):
        reading.report(place_of(root, finding.keys), finding.message, finding.hint, finding.severity)
    if any(problem.severity == "error" for problem in reading.problems):
        return None
    return Scene.model_validate({**draft.fields, "lines": tuple(draft.lines), "shots": tuple(draft.shots)})


def _few(node: Node | None, what: str, most: int, reading: Reading) -> bool:
    """Whether there are no more of them than anything later can be quick with."""
    count = len(node.entries) if isinstance(node, Keys) else len(node.items) if isinstance(node, Items) else 0
    if node is not None and count > most:
        reading.report(node, f"{what}: holds {count}; {most} are the most", "make two films of it")
    return count <= most


def _right_version(root: Keys, reading: Reading) -> bool:
    """Another version is another language: nothing else in the file can be judged then."""
    version = root.get("scene")
    if version is None:
        reading.report(root, "the version of the scene language is missing", f"begin the file with `scene: {VERSION}`")
        return True
    if root.entries[0][0].value != "scene":
        reading.report(version, "scene: comes first", f"begin the file with `scene: {VERSION}`")
    return not isinstance(version, Text) or SCENE_KEYS["scene"].kind.read(version, reading) is not None


def _draft(root: Keys, reading: Reading) -> Draft:
    """Read key by key, so that one wrong value hides no other's problem."""
    fields: dict[str, Any] = {}
    unread: set[str] = set()
    lists: dict[str, list[Any]] = {name: [] for name in _ONE_BY_ONE}
    for name, node in root.entries:
        kind = _ONE_BY_ONE.get(name.value)
        if kind is not None and isinstance(node, Items) and node.items:
            lists[name.value] = [kind.read(item, reading) for item in node.items]
            continue
        one = read_field(name, node, SCENE_KEYS, reading)
        if one is None:
            unread.add(name.value)
        elif kind is None:
            fields.update(one)
    if root.get("cast") is None:
        reading.report(
            root, "the scene has no cast", "write cast: and who speaks, as in `cast: {ana: {track: ana.wav}}`"
        )
    return Draft(fields.get("cast"), lists["lines"], lists["shots"], fields, frozenset(unread))
