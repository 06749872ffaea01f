"""`dialogue check`: every problem of a scene at once, without a look inside the media that takes time."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out, print_json, print_problems, problem_record
from dialogue.cli.variables import SET_HELP, variables_of


def advise() -> None:
    """The one command that makes faces be found better, where it has not been given."""
    from dialogue import faces_advice

    advice = faces_advice()
    if advice is not None:
        err.print(f"note: {advice}", soft_wrap=True, markup=False, highlight=False)


class Format(str, Enum):
    """How to print."""

    text = "text"
    json = "json"


def command(
    scenes: Annotated[list[Path], typer.Argument(metavar="SCENE…", help="scene.yaml, or a template scene.yaml.j2.")],
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
    format: Annotated[Format, typer.Option("--format", help="text for people, json for programs.")] = Format.text,
) -> None:
    """Find every mistake in a scene at once: file, line and column of each. Exit code 2 when there is an error."""
    from dialogue import check

    variables = variables_of(setting or [])
    failed = False
    records = []
    for path in scenes:
        problems = check(path, variables=variables)
        wrong = any(problem.severity == "error" for problem in problems)
        failed = failed or wrong
        if format is Format.json:
            records += [problem_record(problem) for problem in problems]
            continue
        print_problems(problems)
        if not wrong:
            count = len(problems)
            noted = f", {count} warning{'s' * (count > 1)}" if count else ""
            out.print(f"{path}: no errors{noted}", soft_wrap=True, markup=False)
    if format is Format.text and not failed:
        advise()
    if format is Format.json:
        print_json(records)
    if failed:
        raise typer.Exit(2)
