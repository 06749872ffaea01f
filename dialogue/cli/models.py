"""`dialogue models`: which models are here, fetch one after showing its licence, convert a checkpoint."""

from __future__ import annotations

import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import err, out, print_json
from dialogue.ground.errors import Problem, SceneError

if TYPE_CHECKING:
    from dialogue import Terms


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
    from dialogue import models

    found = models()
    if format is Format.json:
        print_json([{**vars(model), "folder": model.folder and str(model.folder)} for model in found])
        return
    for model in found:
        out.print(f"{model.name}: {'ready' if model.ready else model.missing}", soft_wrap=True, markup=False)
        if model.folder:
            out.print(f"  weights: {model.folder}", soft_wrap=True, markup=False)


def _agree(terms: Terms, accept: bool) -> bool:
    """Show what one agrees to, and ask. Nothing is fetched without agreement."""
    err.print(terms.licence, soft_wrap=True, markup=False)
    err.print(f"\n{terms.what}", soft_wrap=True, markup=False)
    if not accept and not sys.stdin.isatty():
        raise SceneError(Problem("the licence was not agreed to", hint="nobody can be asked here: --accept-licence"))
    return accept or typer.confirm(f"{terms.agreement}. Fetch?", default=False, err=True)


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
    from dialogue import pull

    fetched = pull(name, to, agree=lambda terms: _agree(terms, accept), fp8=fp8)
    told = "all weights are in" if fetched.here else "ready in"
    out.print(f"{fetched.name}: {told} {fetched.folder}", soft_wrap=True, markup=False)
    if to is not None:
        out.print(f"set {fetched.variable}={to.expanduser()}", soft_wrap=True, markup=False)
    if fetched.runs is not None:
        out.print(fetched.runs, soft_wrap=True, markup=False)


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
    from dialogue import convert

    places = convert(source, output, fp8=fp8, half=precision is Precision.bf16)
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
