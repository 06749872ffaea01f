"""`dialogue export`: a plan as an edit list, who-spoke-when or captions."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out
from dialogue.cli.variables import FORCE_HELP
from dialogue.ground.errors import InputError, Problem


class To(str, Enum):
    """What to turn the plan into."""

    otio = "otio"
    edl = "edl"
    rttm = "rttm"
    srt = "srt"
    vtt = "vtt"


def command(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.json, as `dialogue plan -o DIR` writes it.")],
    to: Annotated[To, typer.Option("--to", help="OpenTimelineIO, CMX 3600, RTTM, SubRip or WebVTT.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write; absent: to the terminal.")
    ] = None,
    film: Annotated[
        str, typer.Option("--film", metavar="FILE", help="The finished film, as an edit list should name it.")
    ] = "film.mp4",
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
) -> None:
    """Turn a plan into an edit list, who-spoke-when or captions."""
    from dialogue.ground.outputs import check_outputs, put_text
    from dialogue.planning.plan_json import read_plan
    from dialogue.show.hand_over import handed_over

    read = read_plan(plan)
    if output is not None:
        check_outputs([output], [plan, *(read.media / name for name in (*read.plan.media, *read.plan.reads))], force)
    if to in (To.srt, To.vtt) and not any(turn.text for turn in read.plan.turns):
        raise InputError(Problem("the plan has no words to caption", str(plan), hint="write lines in the scene"))
    folder = output.parent if output is not None else Path()
    text = handed_over(read.plan, to.value, film, read.media, folder)
    if output is None:
        out.print(text, end="", soft_wrap=True, markup=False, highlight=False, emoji=False)
        return
    put_text(output, text)
    err.print(f"written: {output}", soft_wrap=True, markup=False)
