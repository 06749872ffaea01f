"""A plan in the form of other programs: an edit list, who-spoke-when, captions."""

from __future__ import annotations

from pathlib import Path

from dialogue.film.plan import PlannedFilm, Source, plan
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path
from dialogue.show.hand_over import Target
from dialogue.show.peer_jobs import PEERS


def export(
    source: Source,
    to: Target,
    *,
    output: str | Path | None = None,
    film: str = "film.mp4",
    force: bool = False,
) -> str:
    """The plan as OpenTimelineIO (`otio`), CMX 3600 (`edl`), RTTM, SubRip (`srt`) or WebVTT (`vtt`): its text.

    Or what is said as karaoke (`ass`), as a transcript (`txt`, `json`), as WebVTT with a time for every word (`words`).

    Args:
        source: a scene, a plan.json, or what `plan` gave.
        output: a file to write it to, too.
        film: the finished film, as an edit list should name it.
        force: write over a file that no earlier run wrote.

    Raises:
        SceneError: for captions of a film without words, and a file that cannot be written.
    """
    from dialogue.ground.outputs import check_outputs, put_text
    from dialogue.show.hand_over import TARGETS, handed_over

    if to not in TARGETS:
        raise SceneError(Problem(f"there is no form {to!r}", hint=f"one of {', '.join(TARGETS)}"))
    place = as_path(output, "the output") if output is not None else None
    planned = plan(source)
    if to in PEERS:
        return _export_jobs(planned, to, place, force)
    if place is not None:
        check_outputs([place], planned.read, force)
    if to not in ("otio", "edl", "rttm") and not any(turn.text for turn in planned.plan.turns):
        hint = "write lines in the scene"
        raise SceneError(Problem("the plan has no words to caption", str(planned.source), hint=hint))
    text = handed_over(planned.plan, to, film, planned.media, place.parent if place is not None else Path())
    if place is not None:
        put_text(place, text)
    return text


def _export_jobs(planned: PlannedFilm, to: str, folder: Path | None, force: bool) -> str:
    """The jobs of every shot, in a folder; a line for each file."""
    from dialogue.ground.outputs import check_outputs, folder_for, replacing
    from dialogue.show.peer_jobs import peer_jobs

    if folder is None:
        raise SceneError(Problem(f"{to} takes sound files beside its jobs", hint="name a folder with -o"))
    files = peer_jobs(planned.plan, planned.media, to, folder)
    check_outputs([folder / name for name in files], planned.read, force, made=True)
    folder_for(folder)
    for name, data in files.items():
        with replacing(folder / name) as draft:
            draft.write_bytes(data)
    return "".join(f"{folder / name}\n" for name in files)
