"""espeak-ng: a hundred languages by rule. The program where it is installed, else the library of `espeakng-loader`.

Both are GPL-3 and stand apart: the program is run, the library is an extra that is installed by choice.
"""

from __future__ import annotations

import ctypes
import io
import shutil
import subprocess
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dialogue.drafts.engine import DraftError

if TYPE_CHECKING:
    from dialogue.drafts.engine import Sound

NAME = "espeak"
LICENCE = "GPL-3.0-or-later, not part of this package"
_WORDS_A_MINUTE = 165
# Variants, told apart at once: they alternate between higher and lower voices.
_VARIANTS = ("f3", "m3", "f2", "m7", "f4", "m1", "f5", "m5", "f1", "m2", "m4", "m6")
_SECONDS = 60  # no line takes longer to be spoken
_SYNCHRONOUS, _UTF8, _RATE = 2, 1, 1


def missing() -> str | None:
    if _program() or find_spec("espeakng_loader") is not None:
        return None
    return "it is not installed: apt install espeak-ng, or pip install 'dialogue-avatar[drafts]'"


def languages() -> tuple[str, ...]:
    return ()


def voices(language: str) -> tuple[str, ...]:
    return tuple(f"{language}+{variant}" for variant in _VARIANTS)


def speak(text: str, voice: str, language: str, rate: float) -> tuple[Sound, int]:
    speed = max(80, min(450, round(_WORDS_A_MINUTE * rate)))
    return _by_program(text, voice, speed) if _program() else _by_library(text, voice, speed)


def _program() -> str | None:
    return shutil.which("espeak-ng")


def _by_program(text: str, voice: str, speed: int) -> tuple[Sound, int]:
    import soundfile

    program = _program()
    assert program
    told = [program, "-v", voice, "-s", str(speed), "--stdout", "--stdin"]
    try:
        run = subprocess.run(told, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False)
        samples, sample_rate = soundfile.read(io.BytesIO(run.stdout), dtype="float32")
    except (OSError, subprocess.TimeoutExpired, RuntimeError) as error:
        raise DraftError(f"espeak-ng could not say it as {voice}: {error}") from error
    if run.returncode != 0:
        raise DraftError(f"espeak-ng could not say it as {voice}: {run.stderr.decode(errors='replace').strip()}")
    return samples, int(sample_rate)


@lru_cache(maxsize=1)
def _library() -> tuple[Any, int]:
    """The library, ready, and its samples per second."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise DraftError("the library of espeakng-loader does not start")
    return library, int(rate)


def _by_library(text: str, voice: str, speed: int) -> tuple[Sound, int]:
    import numpy as np

    library, sample_rate = _library()
    heard: list[bytes] = []
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    @kind  # type: ignore[untyped-decorator, unused-ignore]
    def take(wave: Any, count: int, _events: Any) -> int:
        if wave and count > 0:
            heard.append(ctypes.string_at(wave, 2 * count))
        return 0

    library.espeak_SetSynthCallback(take)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise DraftError(f"espeak-ng has no voice {voice!r}")
    library.espeak_SetParameter(_RATE, speed, 0)
    said = text.encode() + b"\0"
    library.espeak_Synth(said, len(said), 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    samples = np.frombuffer(b"".join(heard), dtype="<i2") / 32768
    return np.asarray(samples, dtype=np.float32), sample_rate
