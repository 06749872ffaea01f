"""A report of a film in one file, to send to somebody."""

from __future__ import annotations

from pathlib import Path

from dialogue.film.plan import Source, plan
from dialogue.film.render import film_beside
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.given import as_path


def report(
    source: Source,
    output: str | Path | None = None,
    *,
    film: str | Path | None = None,
    force: bool = False,
) -> Path:
    """Write one HTML file: lanes, pictures with boxes, words, costs, what was verified, and the film; its path.

    Args:
        source: a scene, a plan.json, or what `plan` gave.
        output: the file; None: beside the source, by its name.
        film: the finished film; None: the one beside the source, where there is one.
        force: write over a file that no earlier run wrote.

    Raises:
        SceneError: for a source or a film that cannot be read, and a file that cannot be written.
    """
    from dialogue.film.takes import faults_of
    from dialogue.ground.outputs import check_outputs, put_text
    from dialogue.show.report import report_text

    planned = plan(source)
    beside = film_beside(planned.source)
    made = as_path(film, "a film") if film is not None else beside if beside.is_file() else None
    if made is not None and not made.is_file():
        raise SceneError(Problem("no such film", str(made)))
    place = as_path(output, "the output") if output is not None else beside.with_name(f"{beside.stem}-report.html")
    check_outputs([place], [*planned.read, *([made] if made is not None else [])], force)
    try:
        verified = faults_of(made, planned.plan) if made is not None else None
    except DialogueError:
        if film is not None:
            raise
        made, verified = None, None  # the film beside it is of another plan by now
    put_text(place, report_text(planned.plan, planned.media, planned.costs, made, verified))
    return place
