"""`dialogue verify`: who moved their mouth when, against the plan."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.check import Format
from dialogue.cli.console import out, print_json

if TYPE_CHECKING:
    from dialogue import Verdict


def _of_sound(verdicts: Sequence[Verdict]) -> str:
    """What was found of the film's sound, in a line."""
    delay = verdicts[0].delay if verdicts else None
    if delay is None:
        return "sound: whether it is late could not be told; it does not resemble what the plan has"
    return f"sound: {delay * 1000:+.0f} ms from the picture"


def command(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film, by `dialogue render` or any other program.")],
    plan: Annotated[Path, typer.Option("--plan", metavar="PLAN", help="The plan.json it was made from.")],
    form: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.text,
) -> None:
    """Compare who moved their mouth in a film with the plan. Exit 1 when a mouth does what it should not."""
    from dialogue import plan as read_plan
    from dialogue import verify

    read = read_plan(plan)
    verdicts = verify(film, read)
    if form is Format.json:
        print_json([dataclasses.asdict(verdict) for verdict in verdicts])
    else:
        _print(verdicts, {speaker.id: speaker.name for speaker in read.plan.speakers})
        out.print(_of_sound(verdicts), markup=False, highlight=False, soft_wrap=True)
    if any(verdict.faults for verdict in verdicts):
        raise typer.Exit(1)


def _print(verdicts: Sequence[Verdict], names: Mapping[str, str]) -> None:
    """A row of figures for everybody, and below the table a line for everything that is not as planned."""
    from rich.table import Table
    from rich.text import Text

    from dialogue.ground.amounts import counted

    title = "How much each mouth moves, in grey levels a frame"
    table = Table(
        box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim", title=title, title_justify="left",
        title_style="bold",
    )  # fmt: skip
    table.add_column("speaker", max_width=24, overflow="fold")
    for column in ("speaks", "speaking", "listening", "lag"):
        table.add_column(column, justify="right")
    table.add_column("", no_wrap=True)
    for v in verdicts:
        moves = ("–" if value is None else f"{value:.2f}" for value in (v.speaking, v.listening))
        lag = "–" if v.lag is None else f"{'-' if v.lag < 0 else ''}{counted(abs(v.lag), 'frame')}"
        said = "not as planned" if v.faults else "as planned"
        table.add_row(Text(names[v.speaker]), f"{v.seconds:.1f} s", *moves, lag, said)
    out.print(table)
    everybody = set.intersection(*(set(v.faults) for v in verdicts)) if len(verdicts) > 1 else set[str]()
    own = [f"{names[v.speaker]}: {fault}" for v in verdicts for fault in v.faults if fault not in everybody]
    shared = [f"everybody: {fault}" for v in verdicts[:1] for fault in v.faults if fault in everybody]
    for line in [*own, *shared]:
        out.print(line, soft_wrap=True, markup=False, highlight=False)
