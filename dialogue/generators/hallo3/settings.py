"""Where the weights of hallo3 are and how it runs: what belongs to the machine and not to a scene.

`DIALOGUE_HALLO3_WEIGHTS`: the folder of weights. `DIALOGUE_MEMORY`: low, balanced or high. `DIALOGUE_HALLO3`: a
comma-separated list of `steps=50`, `text=3.5`, `audio=3.5` and `picture=1` (guidance), `diffusers` (its solver instead
of the release's), `released-clips` (as many as the release makes), `vocals` (what is not voice is taken out of
recordings first, by audio_separator/*.onnx in the weights) and `masked-audio` (experimental: everybody in one picture,
each voice on its own face).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dialogue.generators.memory import memory_asked_for
from dialogue.ground.places import data_folder

WEIGHTS = "DIALOGUE_HALLO3_WEIGHTS"
OPTIONS = "DIALOGUE_HALLO3"
_SCALES = ("text", "audio", "picture")
_SWITCHES = ("diffusers", "released-clips", "masked-audio", "vocals")


@dataclass(frozen=True)
class Settings:
    """How the generator runs here. `memory` is None where the machine's own memory decides."""

    weights: Path
    memory: str | None = None
    steps: int = 50
    text: float = 3.5
    audio: float = 3.5
    picture: float = 1.0
    diffusers: bool = False
    released_clips: bool = False
    masked_audio: bool = False
    vocals: bool = False

    @property
    def passes(self) -> int:
        """Passes of the denoiser in a step; see model/hallo3/guidance."""
        return len(_branches(self.text, self.audio, self.picture))

    def spoken(self) -> str:
        """What of it changes frames, in one line."""
        scales = f"guidance {self.text:g} {self.audio:g} {self.picture:g}"
        also = {
            "diffusers": self.diffusers,
            "released clips": self.released_clips,
            "masked audio": self.masked_audio,
            "vocals": self.vocals,
        }
        named = [name for name, is_so in {**also, "low memory": self.memory == "low"}.items() if is_so]
        return ", ".join([f"{self.steps} steps", scales, *named])


def _branches(text: float, audio: float, picture: float) -> range:
    alike = text == audio
    count = (1 if text == 1 else 2) if alike else 3
    return range(count + (0 if picture == 1 else 1 if alike else 2))


def weights_folder() -> Path:
    """The folder of weights, asked for or usual; it need not be there."""
    written = os.environ.get(WEIGHTS, "").strip()
    return Path(written).expanduser() if written else data_folder() / "hallo3"


def _scale(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number <= 100 else None


def settings() -> Settings:
    """As the environment has them; ValueError says which of them is wrong and what it takes."""
    memory = memory_asked_for()
    steps, scales, switches = Settings.steps, dict.fromkeys(_SCALES, 3.5) | {"picture": 1.0}, set()
    for item in filter(None, (part.strip() for part in os.environ.get(OPTIONS, "").split(","))):
        name, _, value = item.partition("=")
        scale = _scale(value)
        if name in _SWITCHES and not value:
            switches.add(name)
        elif name == "steps" and value.isdecimal() and 0 < int(value) <= 1000:
            steps = int(value)
        elif name in _SCALES and scale is not None:
            scales[name] = scale
        else:
            takes = f"steps=N (to 1000), {', '.join(f'{s}=N' for s in _SCALES)}, {', '.join(_SWITCHES)}"
            raise ValueError(f"{OPTIONS} has {item!r}; it takes {takes}")
    return Settings(
        weights_folder(), memory, steps, scales["text"], scales["audio"], scales["picture"],
        *(name in switches for name in _SWITCHES),
    )  # fmt: skip
