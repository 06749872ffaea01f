"""What makes pixels. A generator is one module that satisfies `Generator`, and one entry in `scene/generators.py`."""

from __future__ import annotations

import importlib
from typing import cast

from dialogue.generators.generator import Generator
from dialogue.scene.generators import GENERATORS

__all__ = ["GENERATORS", "generator"]


def generator(name: str) -> Generator:
    """The generator of that name; its heavy imports happen in its `load`, not here."""
    if name not in GENERATORS:
        raise KeyError(f"no generator {name!r}; there are {', '.join(GENERATORS)}")
    return cast(Generator, importlib.import_module(GENERATORS[name].module))
