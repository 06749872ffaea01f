"""A finished film against its plan."""

from __future__ import annotations

from pathlib import Path

from dialogue.film.plan import Source, plan
from dialogue.rendering.render import Film
from dialogue.verification.verdict import Verdict
from dialogue.verification.verdict import verify as verdicts


def verify(film: str | Path | Film, source: Source | None = None) -> tuple[Verdict, ...]:
    """Who moved their mouth when, against the plan: a verdict on every speaker who is seen, without faults when well.

    Args:
        film: a file, by this program or any other; or what `render` gave.
        source: the plan.json or scene it was made from, or what `plan` gave; None: what `render` was given.

    Raises:
        SceneError: for a film or plan that cannot be read, or that do not belong together.
    """
    if source is None:
        if not isinstance(film, Film):
            raise TypeError("verify needs the plan of a film that is a file")
        made_from = film.plan
    else:
        made_from = plan(source).plan
    return verdicts(film.file if isinstance(film, Film) else Path(film), made_from)
