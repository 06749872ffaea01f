"""Which shortcuts generators of diffusion take: as the environment says, or as given for one call in this thread."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from dialogue.ground.errors import DialogueError

if TYPE_CHECKING:
    from dialogue.generators.generator import Generator

FAST = "DIALOGUE_FAST"
_fast: ContextVar[tuple[str, ...] | None] = ContextVar("fast", default=None)


def names_of(written: str) -> tuple[str, ...]:
    """A comma-separated list, as it is written for `--fast` and in the environment."""
    return tuple(filter(None, (name.strip() for name in written.split(","))))


def fast_parts(written: str) -> tuple[str, ...]:
    """The names of a comma-separated list, as `render(fast=…)` takes them. ValueError for what is none."""
    from model.fast_names import checked

    return checked(names_of(written))


@contextmanager
def fast_given(names: Sequence[str] | None) -> Iterator[None]:
    """While it lasts, these are the shortcuts; None: those of before, else what the environment says."""
    token = _fast.set(_fast.get() if names is None else names_of(names) if isinstance(names, str) else tuple(names))
    try:
        yield
    finally:
        _fast.reset(token)


def fast_asked_for() -> tuple[str, ...]:
    """The names, in their usual order. ValueError for a name that is none, or where two do not go together."""
    from model.fast_names import checked

    given = _fast.get()
    try:
        return checked(names_of(os.environ.get(FAST, "")) if given is None else given)
    except ValueError as error:
        raise ValueError(f"{FAST if given is None else '--fast'}: {error}") from None


def refuse_fast(generator: Generator) -> None:
    """DialogueError where a call asks for shortcuts its generator lacks; the environment asks only who has them."""
    given = _fast.get() or ()
    lacking = [name for name in given if name not in generator.FAST]
    if not lacking:
        return
    has = f"it takes {', '.join(generator.FAST)}" if generator.FAST else "it has none; leave --fast out"
    raise DialogueError(f"--fast {', '.join(lacking)}: the generator {generator.NAME!r} has no such shortcut, {has}")
