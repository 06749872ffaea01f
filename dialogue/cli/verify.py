"""`dialogue verify`: who moved their mouth when, against the plan."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.check import Format
from dialogue.cli.console import out, print_json


def command(
    film: Annotated[Path, typer.Argument(metavar="FILM", help="A film, by `dialogue render` or any other program.")],
    plan: Annotated[Path, typer.Option("--plan", metavar="PLAN", help="The plan.json it was made from.")],
    form: Annotated[Format, typer.Option("--format", help="For people or for programs.")] = Format.text,
) -> None:
    """Compare who moved their mouth in a film with the plan. Exit 1 when a mouth does what it should not."""
    from dialogue.film.plan import plan as read_plan
    from dialogue.film.verify import verify

    read = read_plan(plan)
    verdicts = verify(film, read)
    if form is Format.json:
        print_json([dataclasses.asdict(verdict) for verdict in verdicts])
    else:
        from rich.table import Table

        table = Table("speaker", "speaks", "moves speaking", "moves listening", "lag", "", box=None)
        for v in verdicts:
            moves = ("–" if value is None else f"{value:.2f}" for value in (v.speaking, v.listening))
            lag = "–" if v.lag is None else f"{v.lag:+d} frames"
            said = "; ".join(v.faults) or "as planned"
            table.add_row(read.plan.speaker(v.speaker).name, f"{v.seconds:.1f} s", *moves, lag, said)
        out.print(table)
    if any(verdict.faults for verdict in verdicts):
        raise typer.Exit(1)
