"""The draft engines, best first, and which of them speaks a language here."""

from __future__ import annotations

import importlib
from typing import cast

from dialogue.drafts.engine import Engine

# Adding one means one new module that satisfies `Engine`, and one entry here.
ENGINES = {
    "command": "dialogue.drafts.command",
    "hibari": "dialogue.drafts.hibari",
    "espeak": "dialogue.drafts.espeak",
}


def engine(name: str) -> Engine:
    """The engine of that name; what it needs is imported when it speaks."""
    if name not in ENGINES:
        raise KeyError(f"no draft engine {name!r}; there are {', '.join(ENGINES)}")
    return cast(Engine, importlib.import_module(ENGINES[name]))


def engine_for(language: str) -> Engine | None:
    """The best that speaks the language here; None where none does, and lines are silent."""
    for name in ENGINES:
        found = engine(name)
        if found.missing() is None and found.voices(language):
            return found
    return None
