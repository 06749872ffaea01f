"""What is drawn on a film's pictures in letters, and which of it no font of this machine has."""

from __future__ import annotations

from pathlib import Path

from dialogue.ground.errors import Problem
from dialogue.media.fonts import missing_letters
from dialogue.planning.plan import Plan


def lettering_warnings(plan: Plan, media: Path, with_words: bool = False) -> list[Problem]:
    """For the names in the picture, and for the words where they are burnt in, or drawn in a chart (`with_words`)."""
    names = [name for who in plan.speakers for name in (who.name, *(each.name for each in who.emotions))]
    words = [turn.text or "" for turn in plan.turns] if plan.burn_in or with_words else []
    own = media / plan.font if plan.font is not None else None
    return [problem for _, problem in missing_letters([*names, *words], own)]
