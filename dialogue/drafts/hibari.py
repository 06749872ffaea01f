"""hibari: a small natural English voice whose weights come in its wheel (Apache-2.0), made many by shifting it.

The wheel carries one voice, `heart`; its others would be fetched when first asked for, so they are never asked for.
A shift of the whole spectrum by some semitones, with the pace kept, makes another person of it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dialogue.drafts.engine import DraftError

if TYPE_CHECKING:
    from dialogue.drafts.engine import Sound

NAME = "hibari"
LICENCE = "Apache-2.0"
_BUNDLED = "heart"
# Semitones. Apart by two or more, so that two people are told apart; beyond these it sounds like a toy.
_SHIFTS = {"heart": 0.0, "tom": -5.0, "jean": 2.5, "otto": -7.0, "lina": 4.0, "hugo": -3.5, "iris": -1.8, "pia": 1.2}


def missing() -> str | None:
    return None if find_spec("hibari") is not None else "it is not installed: pip install 'hibari-tts==0.2.1'"


def languages() -> tuple[str, ...]:
    return ("en",)


def voices(language: str) -> tuple[str, ...]:
    return tuple(_SHIFTS) if language == "en" else ()


def speak(text: str, voice: str, language: str, rate: float) -> tuple[Sound, int]:
    from dialogue.drafts.shift import shifted

    factor = 2 ** (_SHIFTS[voice] / 12)
    try:
        sound = _model()(text, speed=min(2.0, max(0.5, rate / factor)), seed=0)
    except Exception as error:
        raise DraftError(f"hibari could not say it: {error}") from error
    return shifted(sound, factor), _rate()


def _rate() -> int:
    import hibari

    return int(hibari.SAMPLE_RATE)


@lru_cache(maxsize=1)
def _model() -> Any:
    import hibari

    return hibari.Hibari(_BUNDLED)
