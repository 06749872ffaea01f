"""What a draft engine is: a module with these names. Speaking is quick, offline, and the same for the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Sound = NDArray[np.float32]  # (samples,), -1 … 1


class Engine(Protocol):
    """Satisfied by a module."""

    NAME: str
    LICENCE: str

    def missing(self) -> str | None:
        """None when it can speak here; else what is missing and the command that mends it."""

    def languages(self) -> tuple[str, ...]:
        """The languages it speaks, as two letters; empty: any."""

    def voices(self, language: str) -> tuple[str, ...]:
        """Names of its voices of a language, in the order in which they are given out; none where it speaks it not."""

    def speak(self, text: str, voice: str, language: str, rate: float) -> tuple[Sound, int]:
        """The words, and samples per second. `rate` 1 is the voice's own. DraftError when it fails."""


class DraftError(Exception):
    """An engine could not speak these words; the message says why."""
