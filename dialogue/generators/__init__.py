"""What makes pixels. Adding a generator means one new module that satisfies `Generator`, and one entry here."""

from __future__ import annotations

import importlib
from typing import cast

from dialogue.generators.generator import Generator

# Best first: a scene that names no generator gets the first one that can run here and knows its pictures.
GENERATORS = {
    "hunyuan-avatar": "dialogue.generators.hunyuan.avatar",
    "hallo3": "dialogue.generators.hallo3.hallo3",
    "tiny": "dialogue.generators.tiny.tiny",
    "animatic": "dialogue.generators.animatic.animatic",
}
# Knows drawn characters of one world alone: unasked, it gets the scenes all of whose pictures are of that world.
DRAWN_WORLD = "tiny"


def generator(name: str) -> Generator:
    """The generator of that name; its heavy imports happen in its `load`, not here."""
    if name not in GENERATORS:
        raise KeyError(f"no generator {name!r}; there are {', '.join(GENERATORS)}")
    return cast(Generator, importlib.import_module(GENERATORS[name]))
