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
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path
from dialogue.scene.kinds import did_you_mean

# Programs that play a sound file, with what makes them silent and end at its end.
_PLAYERS = (("pw-play",), ("paplay",), ("aplay", "-q"), ("afplay",), ("play", "-q"), ("ffplay", "-nodisp", "-autoexit"))


@dataclass(frozen=True)
class Listed:
    """A draft voice of a language, and the licence of what speaks it."""

    voice: EngineVoice
    licence: str


def draft_voices(language: str, named: str | None = None) -> list[Listed]:
    """Those that can speak here, in the order in which they are given out; or the one of a name, else SceneError."""
    known = [(*voice.partition(":")[::2], licence) for voice, licence in known_voices(language).items()]
    found = [Listed(EngineVoice(of, name, language), licence) for of, name, licence in known]
    if named is None:
        return found
    chosen = [listed for listed in found if named in (str(listed.voice), listed.voice.name)]
    if not chosen:
        hint = did_you_mean(named, [str(listed.voice) for listed in found])
        raise SceneError(Problem(f"there is no draft voice {named!r}", hint=hint))
    return chosen


def engines_missing() -> dict[str, str]:
    """The engines that cannot speak here, and what mends that."""
    lacking = {name: engine(name).missing() for name in ENGINES}
    return {name: mend for name, mend in lacking.items() if mend is not None}


def sample(voice: EngineVoice, words: str, folder: str | Path) -> Path:
    """A sound file in which the voice says the words. DraftError when it cannot."""
    folder = as_path(folder, "the folder")
    path = folder / f"{voice.engine}_{voice.name}.wav".replace("/", "_")
    folder.mkdir(parents=True, exist_ok=True)
    speak_to(path, words, voice)
    return path


def play(path: str | Path) -> bool:
    """Plays a sound file to its end; False where this machine has no player that is known here."""
    path = as_path(path, "a sound file")
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
