"""The names of what calls the transformer less (see model/avatar/fast and hook_cache). Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable

HOOKED = ("first-block",)  # caches of diffusers' own, by its hooks
STEPS = ("taylor", "easy-cache", *HOOKED)  # each decides which steps run; one of them at a time
ALONE = (*HOOKED, "sparse")  # which one process does without others
NAMES = ("cfg-cache", *STEPS, "sparse")


def checked(names: Iterable[str]) -> tuple[str, ...]:
    """The names in their usual order. ValueError for one that is none, and for two that exclude each other."""
    given = list(names)
    strange = [name for name in given if name not in NAMES]
    if strange:
        raise ValueError(f"fast has {', '.join(map(repr, strange))}; it takes {', '.join(NAMES)}")
    both = [name for name in STEPS if name in given]
    if len(both) > 1:
        raise ValueError(f"fast has {' and '.join(both)}, which both leave out whole steps; give one of them")
    return tuple(name for name in NAMES if name in given)


def hooked_name(names: Iterable[str]) -> str | None:
    """The one among the names that is a cache of diffusers' own."""
    return next((name for name in names if name in HOOKED), None)
