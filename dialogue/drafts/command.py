"""A draft engine of the user's own: any program that writes a sound file, named by an environment variable.

    DIALOGUE_DRAFT_COMMAND='piper --model {voice} --output_file {output}'

The words go to its standard input, or where `{text}` stands; `{voice}`, `{language}` and `{rate}` are filled in too. A
scene cannot name a program: scenes come from other people.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.drafts.engine import DraftError

if TYPE_CHECKING:
    from dialogue.drafts.engine import Sound

NAME = "command"
LICENCE = "the program's own"
CHOICE, VOICES = "DIALOGUE_DRAFT_COMMAND", "DIALOGUE_DRAFT_VOICES"
_SECONDS = 300


def missing() -> str | None:
    return None if os.environ.get(CHOICE) else f"set {CHOICE} to a command with {{output}} in it"


def languages() -> tuple[str, ...]:
    return ()


def voices(language: str) -> tuple[str, ...]:
    """As DIALOGUE_DRAFT_VOICES names them, parted by commas; one, `default`, without."""
    return tuple(name.strip() for name in os.environ.get(VOICES, "default").split(",") if name.strip())


def speak(text: str, voice: str, language: str, rate: float) -> tuple[Sound, int]:
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "line.wav"
        filled = {"text": text, "voice": voice, "language": language, "rate": f"{rate:g}", "output": str(output)}
        told = os.environ[CHOICE]
        words = [_fill(word, filled) for word in shlex.split(told)]
        try:
            run = subprocess.run(words, input=text.encode(), capture_output=True, timeout=_SECONDS, check=False)
            if run.returncode != 0:
                last = (run.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
                raise DraftError(f"{words[0]} ended with {run.returncode}: {last}")
            samples, sample_rate = soundfile.read(output, dtype="float32", always_2d=True)
        except (OSError, subprocess.TimeoutExpired, RuntimeError) as error:
            raise DraftError(f"{words[0]} made no sound file: {error}") from error
    return samples.mean(axis=1), int(sample_rate)


def _fill(word: str, filled: dict[str, str]) -> str:
    for name, value in filled.items():
        word = word.replace(f"{{{name}}}", value)
    return word
