"""`dialogue inspect`: what the marks of a film say of how it was made, and what was changed since."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.check import Format
from dialogue.cli.console import out, print_json

if TYPE_CHECKING:
    from dialogue import Marks

# IPTC's words for kinds of source (https://cv.iptc.org/newscodes/digitalsourcetype/), in words of a sentence.
_KINDS = {
    "composite": "composed of several sources, which may be synthetic themselves",
    "compositeSynthetic": "composed of several sources, some of them synthetic",
    "compositeWithTrainedAlgorithmicMedia": "given media changed by a trained model",
    "trainedAlgorithmicMedia": "made by a trained model",
    "algorithmicMedia": "made by a program",
    "digitalCapture": "captured from life",
    "digitalCreation": "made by people with a program",
}


def command(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film, by `dialogue render` or any other program.")],
    form: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
) -> None:
    """Say what a film's marks tell of how it was made, and what was changed since. Exit 1 when they do not hold."""
    from dialogue import inspect

    marks = inspect(film)
    if as_json or form is Format.json:
        print_json(dataclasses.asdict(marks))
    else:
        for line in _told(marks):  # a stranger's file may hold anything, also what moves a terminal's cursor
            plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)
            out.print(plain, soft_wrap=True, markup=False)
    if marks.state != "unchanged":
        raise typer.Exit(1)


def _told(marks: Marks) -> Iterator[str]:
    yield f"{marks.file}: {'; '.join(marks.changes) or 'signed, and unchanged since'}"
    for kind in marks.source_types:
        yield f"  kind of source: {kind}: {_KINDS[kind]}" if kind in _KINDS else f"  kind of source: {kind}"
    if marks.made_by:
        yield f"  made by: {marks.made_by}"
    if marks.film is not None:
        made = ", ".join(map(str, marks.film.get("weights", [])))
        yield f"  generator: {marks.film.get('generator')} ({made}), seed {marks.film.get('seed')}"
        if marks.film.get("draft_voices"):
            yield f"  draft voices: {', '.join(map(str, marks.film['draft_voices']))}"
    for source in marks.ingredients:
        digest = f"sha256 {source.digest}" if source.digest else source.form
        yield f"  made of: {source.name}, {digest}"
    if marks.signature is not None:
        stamp = f", at {marks.signature.at}" if marks.signature.at else ", without a time stamp"
        known = f"{marks.signature.known} certificate" if marks.signature.known != "unknown" else "nobody known here"
        yield f"  signed by: {marks.signature.by or marks.signature.issuer} ({known}){stamp}"
    if marks.comment:
        yield f"  comment: {marks.comment}"
