"""The draft voices there are, and each of them saying something, to choose by ear."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dialogue.drafts.casting import EngineVoice, known_voices
from dialogue.drafts.drafts import speak_to
from dialogue.drafts.engines import ENGINES, engine

# Programs that play a sound file, with what makes them silent and end at its end.
_PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("play", "-q"), ("ffplay", "-nodisp", "-autoexit"))


@dataclass(frozen=True)
class Listed:
    """A draft voice of a language, and the licence of what speaks it."""

    voice: EngineVoice
    licence: str


def draft_voices(language: str) -> list[Listed]:
    """Those that can speak here, in the order in which they are given out."""
    known = [(*named.partition(":")[::2], licence) for named, licence in known_voices(language).items()]
    return [Listed(EngineVoice(of, name, language), licence) for of, name, licence in known]


def engines_missing() -> dict[str, str]:
    """The engines that cannot speak here, and what mends that."""
    lacking = {name: engine(name).missing() for name in ENGINES}
    return {name: mend for name, mend in lacking.items() if mend is not None}


def sample(voice: EngineVoice, words: str, folder: Path) -> Path:
    """A sound file in which the voice says the words. DraftError when it cannot."""
    path = folder / f"{voice.engine}_{voice.name}.wav".replace("/", "_")
    folder.mkdir(parents=True, exist_ok=True)
    speak_to(path, words, voice)
    return path


def play(path: Path) -> bool:
    """Plays a sound file to its end; False where this machine has no player that is known here."""
    if sys.platform == "win32":
        import winsound

        winsound.PlaySound(str(path), winsound.SND_FILENAME)  # type: ignore[attr-defined, unused-ignore]
        return True
    for player, *options in _PLAYERS:
        if (program := shutil.which(player)) is not None:
            run = subprocess.run([program, *options, str(path)], capture_output=True, check=False)
            if run.returncode == 0:
                return True
    return False
