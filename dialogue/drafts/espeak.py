"""espeak-ng: a hundred languages by rule. The program where it is installed, else the library of `espeakng-loader`.

Both are GPL-3 and stand apart: the program is run, the library is an extra that is installed by choice.
"""

from __future__ import annotations

import ctypes
import io
import re
import shutil
import subprocess
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.drafts.engine import DraftError

if TYPE_CHECKING:
    from dialogue.drafts.engine import Sound

NAME = "espeak"
LICENCE = "GPL-3.0-or-later, not part of this package"
_WORDS_A_MINUTE = 165
# Variants, told apart at once: they alternate between higher and lower voices.
_VARIANTS = ("f3", "m3", "f2", "m7", "f4", "m1", "f5", "m5", "f1", "m2", "m4", "m6")
_ALSO = {"zh": "cmn", "no": "nb", "iw": "he", "in": "id"}  # other names of languages, by those that it knows
_SECONDS = 60  # no line takes longer to be spoken
_SYNCHRONOUS, _UTF8, _RATE = 2, 1, 1


def missing() -> str | None:
    if _program() or find_spec("espeakng_loader") is not None:
        return None
    return "it is not installed: apt install espeak-ng, or pip install 'dialogue-avatar[drafts]'"


@lru_cache(maxsize=1)
def languages() -> tuple[str, ...]:
    """Those that are installed, which differ from one version to the next, and the usual other names of some."""
    program = _program()
    if program:
        listed = subprocess.run([program, "--voices"], capture_output=True, timeout=_SECONDS, check=False)
        found = {
            row.split()[1].lower() for row in listed.stdout.decode(errors="replace").splitlines()[1:] if row.strip()
        }
    else:
        import espeakng_loader

        found = languages_in(Path(str(espeakng_loader.get_data_path())))
    plain = {language.partition("-")[0] for language in found}  # `en-gb` speaks `en` too
    return tuple(sorted(found | plain | {other for other, own in _ALSO.items() if own in found}))


def languages_in(data: Path) -> set[str]:
    """The languages that a folder of espeak-ng's data holds: each voice of it names its own."""
    voices = [
        path.read_text(encoding="utf-8", errors="replace") for path in (data / "lang").rglob("*") if path.is_file()
    ]
    return {match[1].lower() for voice in voices for match in re.finditer(r"(?m)^language\s+(\S+)", voice)}


def voices(language: str) -> tuple[str, ...]:
    """None of a language that it does not speak; a region that it has no voice of is spoken by the language's own."""
    known = languages()
    name = next((name for name in (language.lower(), language.lower().partition("-")[0]) if name in known), None)
    return () if name is None else tuple(f"{_ALSO.get(name, name)}+{variant}" for variant in _VARIANTS)


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
        if run.returncode != 0:  # it is silent then, and says why
            reason = run.stderr.decode(errors="replace").strip()
            raise DraftError(f"espeak-ng could not say it as {voice}: {reason}")
        samples, sample_rate = soundfile.read(io.BytesIO(run.stdout), dtype="float32")
    except (OSError, subprocess.TimeoutExpired, RuntimeError) as error:
        raise DraftError(f"espeak-ng could not say it as {voice}: {error}") from error
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
