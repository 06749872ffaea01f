"""From a script's file to a folder with a scene that plays it: read, staged, written whole."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.ground.given import as_names, as_path
from dialogue.scene.reader import MOST_LINES, MOST_PEOPLE, read_scene
from dialogue.scene.source import too_much
from dialogue.screenplay.beats import is_mulmo, is_transcript
from dialogue.screenplay.jobs import is_job
from dialogue.screenplay.reading import read_screenplay
from dialogue.screenplay.screenplay import Screenplay
from dialogue.screenplay.writing import SCHEMA, Written, mark_of, written


@dataclass(frozen=True)
class Imported:
    """The scene file that was written, what it was written from, and what the summary says."""

    scene: Path
    script: Screenplay
    written: Written


def import_script(
    source: str | Path, scene: str | Path, picture: str | Path | None = None, cast: str | Sequence[str] = (),
    force: bool = False,
) -> Imported:  # fmt: skip
    """Write `scene`, and beside it the pictures it needs, from the script in `source`.

    SceneError for a script that cannot be read, a picture that is not there, and files that stand in the way.
    """
    from dialogue.ground.outputs import check_outputs, put_bytes, whole_folder

    source, scene = as_path(source, "a script"), as_path(scene, "the scene")
    picture = as_path(picture, "a picture") if picture is not None else None
    names = [name.lower() for name in as_names(cast)]
    script = read_screenplay(source)
    folder = scene.parent
    if picture is not None and not picture.is_file():
        raise SceneError(Problem(f"there is no picture {str(picture)!r}", hint="--picture names a file that is there"))
    shown = None if picture is None else Path(os.path.relpath(picture, folder)).as_posix()
    made = written(script, source, folder, scene.name, shown, names)
    large = too_much(made.files[scene.name].decode())
    for count, most, what in ((len(script.items), MOST_LINES, "lines"), (len(script.people), MOST_PEOPLE, "people")):
        large = f"{count} {what}, and a scene has {most} at most" if count > most and large is None else large
    if large is not None:
        hint = "make two files of the script, and of its recording"
        raise SceneError(Problem(f"its scene would have {large}", str(source), hint=hint))
    _check_readable(made.files[scene.name], source, folder)
    kept = [name for name in made.files if (folder / name).exists() and name != SCHEMA]
    standing = [name for name in kept if not _same(folder / name, made.files[name])]
    if standing and not force:
        there = ", ".join(standing[:4]) + (f" and {len(standing) - 4} more" if len(standing) > 4 else "")
        hint = "name another file with -o, or replace them with --force"
        raise SceneError(Problem(f"{quoted(folder)} already holds {there}", hint=hint))
    check_outputs([folder / name for name in made.files], [source], force=True, made=True)
    with whole_folder(folder):
        for name in sorted(made.files, key=lambda name: name == scene.name):  # the scene last: what it names is there
            put_bytes(folder / name, made.files[name])
    return Imported(scene, script, made)


def _check_readable(text: bytes, source: Path, folder: Path) -> None:
    """Nothing is written that the reader of scenes refuses. SceneError then, with what it says, of the script.

    Files that are not there are no matter here: most are written with the scene, and of the others a note tells.
    """
    with tempfile.TemporaryDirectory() as place:
        draft = Path(place) / "scene.yaml"
        draft.write_bytes(text)
        try:
            read_scene(draft, folder=folder)
        except SceneError as error:
            rows = text.decode().splitlines()
            problems = [one for one in error.problems if one.severity == "error" and "no file" not in one.message]
            told = [
                Problem(f"its scene would be wrong at `{rows[(one.line or 1) - 1].strip()[:80]}`: {one.message}",
                        str(source), hint=one.hint)
                for one in problems
            ]  # fmt: skip
            if told:
                raise SceneError(told) from None


def scene_of_script(source: Path, force: bool = False) -> tuple[Path, Imported | None]:
    """The scene that plays the script in `source`, in NAME.scene beside it; written now where it is not there yet.

    A scene that is there is used as it stands, with all that was changed in it. SceneError where the script has changed
    since: then it is the writer's to say which of the two counts.
    """
    scene = source.with_name(f"{source.stem}.scene") / "scene.yaml"
    if scene.is_file() and not force:
        if mark_of(source) in scene.read_text(encoding="utf-8").partition("\n")[0]:
            return scene, None
        message = f"{source.name} has changed since {scene} was written from it"
        anew = f"dialogue import {source} -o {scene} --force"
        hint = f"render {scene} to keep what was changed there, or begin anew with `{anew}`"
        raise SceneError(Problem(message, hint=hint))
    return scene, import_script(source, scene, force=force)


def is_script(source: Path) -> bool:
    """Whether `source` is a script to be imported, and neither a scene nor a plan."""
    if source.suffix.lower() in (".fountain", ".spmd", ".txt", ".md"):
        return True
    if source.suffix.lower() != ".json":
        return False
    try:
        record = json.loads(source.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(record, dict) and (is_mulmo(record) or is_transcript(record) or is_job(record))


def _same(path: Path, data: bytes) -> bool:
    try:
        return path.read_bytes() == data
    except OSError:
        return False
