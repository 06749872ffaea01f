"""`dialogue report`: a film in one HTML file, to send to somebody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import out
from dialogue.ground.errors import Problem, SceneError


def command(
    source: Annotated[
        Path, typer.Argument(metavar="SCENE|PLAN|FILM", help="scene.yaml, plan.json, or a film beside one of them.")
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="The report, an .html file; else beside it.")
    ] = None,
    film: Annotated[
        Path | None, typer.Option(metavar="FILM", help="The film, when not the one beside the scene or plan.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that no earlier run wrote.")] = False,
) -> None:
    """Write one HTML file with all about a film: who speaks when, pictures with boxes, words, costs, what was verified,
    and the film itself. It needs no network and no program: send it to whoever is to see it.
    """
    from dialogue import report

    if source.suffix.lower() == ".mp4":
        film, source = source, _made_from(source)
    out.print(str(report(source, output, film=film, force=force)), soft_wrap=True, markup=False)


def _made_from(film: Path) -> Path:
    """The scene or plan beside a film."""
    for name in (f"{film.stem}.yaml", f"{film.stem}.json", "scene.yaml", "plan.json"):
        if (film.parent / name).is_file():
            return film.parent / name
    raise SceneError(Problem("there is no scene and no plan beside this film", str(film), hint="name its plan.json"))
