"""The names of shortcuts (see docs/fast.md): in denoising, and in how the transformer is loaded. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

HOOKED = ("first-block", "mag-cache")  # caches of diffusers' own, by its hooks
STEPS = ("taylor", "easy-cache", *HOOKED)  # each decides which steps run; one of them at a time
ALONE = (*HOOKED, "sparse")  # which one process does without others
SAMPLED = ("cfg-cache", *STEPS, "sparse")
LOADED = ("distilled", "8-bit")
NAMES = (*SAMPLED, *LOADED)


def checked(names: Iterable[str], among: Sequence[str] = NAMES) -> tuple[str, ...]:
    """The names in their usual order. ValueError for one that is none, and for two that exclude each other."""
    given = list(names)
    strange = [name for name in given if name not in among]
    if strange:
        raise ValueError(f"fast has {', '.join(map(repr, strange))}; it takes {', '.join(among)}")
    both = [name for name in STEPS if name in given]
    if len(both) > 1:
        raise ValueError(f"fast has {' and '.join(both)}, which both leave out whole steps; give one of them")
    few = [name for name in ("cfg-cache", *STEPS) if name in given and "distilled" in given]
    if few:
        raise ValueError(f"fast has distilled, whose few steps without guidance leave nothing for {' and '.join(few)}")
    return tuple(name for name in among if name in given)


def hooked_name(names: Iterable[str]) -> str | None:
    """The one among the names that is a cache of diffusers' own."""
    return next((name for name in names if name in HOOKED), None)
