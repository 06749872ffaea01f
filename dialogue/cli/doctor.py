"""`dialogue doctor`: what this machine has, and what is missing, with the command or place that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import out, print_json

if TYPE_CHECKING:
    from rich.table import Table

    from dialogue import Finding


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


def _table(found: Sequence[Finding]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for overflow in ("ignore", "ignore", "fold"):
        table.add_column(overflow=overflow)  # type: ignore[arg-type]
    marks = {True: Text("✓", "green"), False: Text("✗", "bold red"), None: Text("·", "dim")}
    for finding in found:
        told = Text(finding.value)
        if finding.hint is not None:
            told.append(f"\n{finding.hint}", "dim")
        table.add_row(marks[finding.good], Text(finding.name), told)
    return table


def command(
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Say what this machine has, and what is missing. Exit code 1 when something that every film needs is missing."""
    from dialogue import doctor

    found = list(doctor())
    if format is Format.json:
        print_json([asdict(finding) for finding in found])
    else:
        out.print(_table(found))
    if any(finding.good is False for finding in found):
        raise typer.Exit(1)
