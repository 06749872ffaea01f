"""A finished film against its plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.film.plan import Source, plan
from dialogue.ground.given import as_path
from dialogue.planning.plan import Plan
from dialogue.rendering.render import Film
from dialogue.verification.verdict import Verdict
from dialogue.verification.verdict import verify as verdicts

if TYPE_CHECKING:
    from dialogue.verification.mouths import Mouth


def verify(film: str | Path | Film, source: Source | None = None) -> tuple[Verdict, ...]:
    """Who moved their mouth when, against the plan: a verdict on every speaker who is seen, without faults when well.

    Args:
        film: a file, by this program or any other; or what `render` gave.
        source: the plan.json or scene it was made from, or what `plan` gave; None: what `render` was given.

    Raises:
        SceneError: for a film or plan that cannot be read, or that do not belong together.
    """
    made_from, media = _made_with(film, source)
    return verdicts(film.file if isinstance(film, Film) else as_path(film, "a film"), made_from, media)


def _made_with(film: str | Path | Film, source: Source | None) -> tuple[Plan, Path | None]:
    """The plan, and the folder of its recordings where that is known."""
    if source is None:
        return _made_from(film, source), film.media if isinstance(film, Film) else None
    planned = plan(source)
    return planned.plan, planned.media


def mouths(film: str | Path | Film, source: Source | None = None) -> tuple[Mouth, ...]:
    """Every mouth of a film frame by frame, with the stretches in which it does what the plan does not say.

    Takes and raises what `verify` does.
    """
    from dialogue.verification.mouths import mouths as mouths_of

    return mouths_of(film.file if isinstance(film, Film) else as_path(film, "a film"), _made_from(film, source))


def _made_from(film: str | Path | Film, source: Source | None) -> Plan:
    if source is not None:
        return plan(source).plan
    if not isinstance(film, Film):
        as_path(film, "a film")
        raise TypeError("a film that is a file needs the plan it was made from")
    return film.plan
