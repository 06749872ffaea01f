"""What a caller in Python gave, looked at before any work: paths, names, numbers. Whatever is wrong is one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dialogue.ground.errors import Problem, SceneError

SPEAKERS = (1, 20)  # people in a recording, as the command line takes them
HOP = (0.1, 10.0)  # seconds


def as_path(given: Any, what: str) -> Path:
    """The path in `given`. TypeError, in a sentence with `what` it is, for what is no path."""
    if isinstance(given, (str, os.PathLike)) and isinstance(os.fspath(given), str):
        return Path(given)
    raise wrong_kind(given, what, "a path")


def wrong_kind(given: Any, what: str, right: str) -> TypeError:
    """The one sentence about an argument of another kind than it has to be."""
    told = repr(given) if given is None or isinstance(given, (bool, int, float, str, bytes)) else type(given).__name__
    return TypeError(f"{what} is {right}, not {told}")


def as_names(given: str | Iterable[str]) -> list[str]:
    """Names in a list, or in one text with commas as on the command line."""
    if isinstance(given, str):
        return [name.strip() for name in given.split(",") if name.strip()]
    if not isinstance(given, Iterable):
        raise wrong_kind(given, "names", "a list of texts, or a text with commas")
    names = list(given)
    for name in names:
        if not isinstance(name, str):
            raise wrong_kind(name, "a name", "a text")
    return names


def is_number(given: object) -> bool:
    """Whether it counts something: an int, and no truth value."""
    return isinstance(given, int) and not isinstance(given, bool)


def check_heard(speakers: int | None, hop: float | None) -> None:
    """SceneError for numbers that no recording could be heard with, also where there is none to hear."""
    problems = []
    if speakers is not None and not (is_number(speakers) and SPEAKERS[0] <= speakers <= SPEAKERS[1]):
        hint = f"a whole number from {SPEAKERS[0]} to {SPEAKERS[1]}"
        problems.append(Problem(f"speakers is {speakers!r}, and that many cannot be told apart", hint=hint))
    right = isinstance(hop, (int, float)) and not isinstance(hop, bool)
    if hop is not None and not (right and HOP[0] <= hop <= HOP[1]):
        problems.append(Problem(f"hop is {hop!r}", hint=f"seconds between windows, from {HOP[0]:g} to {HOP[1]:g}"))
    if problems:
        raise SceneError(problems)
