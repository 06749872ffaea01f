"""What is kept to be used again is trusted by its content: a digest is kept with it and checked on every use.

A file has its digest beside it, in the form that `sha256sum -c` reads; a value has it in its own file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dialogue.ground.atomic import write_text
from dialogue.ground.digests import file_digest, text_digest

SUFFIX = ".sha256"


def seal_of(place: Path) -> Path:
    """Where the digest of the file at `place` is kept."""
    return place.with_name(place.name + SUFFIX)


def seal(draft: Path, place: Path) -> None:
    """Keep the digest of `draft`, which is about to be moved to `place`."""
    write_text(seal_of(place), f"{file_digest(draft)}  {place.name}\n")


def is_sealed(place: Path) -> bool:
    """Whether the file is there, and is the one that was sealed under this name."""
    try:
        digest, _, name = seal_of(place).read_text(encoding="utf-8").strip().partition("  ")
        return name == place.name and digest == file_digest(place)
    except (OSError, ValueError):
        return False


def remove(place: Path) -> None:
    """Take a file and its digest away."""
    place.unlink(missing_ok=True)
    seal_of(place).unlink(missing_ok=True)


def value_text(value: Any) -> str:
    """A JSON value with its digest, as text."""
    text = json.dumps(value, ensure_ascii=False)
    return f'{{"sha256": "{text_digest(text)}",\n"value": {text}}}\n'


def value_of(text: str) -> Any:
    """The value in a text of `value_text`; ValueError where it is another."""
    try:
        found = json.loads(text)
        value, digest = found["value"], found["sha256"]
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError("no value that was kept") from error
    if digest != text_digest(json.dumps(value, ensure_ascii=False)):
        raise ValueError("the value is not the one that was kept")
    return value
