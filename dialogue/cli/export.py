"""`dialogue export`: a plan as an edit list, who-spoke-when or captions."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out
from dialogue.cli.variables import FORCE_HELP


class To(str, Enum):
    """What to turn the plan into."""

    otio = "otio"
    edl = "edl"
    rttm = "rttm"
    srt = "srt"
    vtt = "vtt"
    ass = "ass"
    txt = "txt"
    json = "json"
    words = "words"
    multitalk = "multitalk"
    longcat = "longcat"
    wan2gp = "wan2gp"


def command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.json, as `dialogue plan -o DIR` writes it.")],
    to: Annotated[To, typer.Option("--to", help="Edit list, turns, captions, transcript, or other programs' jobs.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write; absent: to the terminal.")
    ] = None,
    film: Annotated[
        str, typer.Option("--film", metavar="FILE", help="The finished film, as an edit list should name it.")
    ] = "film.mp4",
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
) -> None:
    """Turn a plan into an edit list, who-spoke-when or captions."""
    from dialogue import export

    text = export(plan, to.value, output=output, film=film, force=force)
    if output is None:
        out.print(text, end="", soft_wrap=True, markup=False, highlight=False, emoji=False)
    else:
        err.print(f"written: {output}", soft_wrap=True, markup=False)
