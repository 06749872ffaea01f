"""Where the weights of hunyuan-avatar are and how it runs: what belongs to the machine and not to a scene.

`DIALOGUE_WEIGHTS`: the folder of weights. `DIALOGUE_MEMORY`: low, balanced or high, and the card's size where it is
another than this machine's (`24GB`). `DIALOGUE_GPUS`: 2, or 2,ulysses. `DIALOGUE_FAST`: names of docs/fast.md.
`DIALOGUE_HUNYUAN_AVATAR`: a list with commas of `steps=50`, `window=33` and `offset=5` (latents), `attention=NAME` (the
kernel, of model/attention_names), `compile` (the blocks, once for a run), `calibrate` (run every step whole, measuring
for --fast mag-cache), `fp8` (the 8-bit file), `large-tiles` (of the VAE: twice as fast as the released tiles, with 10
GB more on the GPU) and `processors` (without a GPU, `--gpus` shares a shot among processes on the processor: to try it
out).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from dialogue.generators.fast import fast_asked_for
from dialogue.generators.gpus import Gpus, gpus_asked_for
from dialogue.generators.memory import card_asked_for, memory_asked_for
from dialogue.ground.places import data_folder
from model.attention_names import BACKENDS, NATIVE
from model.fast_names import ALONE
from model.grid import WINDOW_LATENTS

WEIGHTS = "DIALOGUE_WEIGHTS"
OPTIONS = "DIALOGUE_HUNYUAN_AVATAR"
DISTILLED = "DIALOGUE_DISTILLED"
_TAKES = "steps=N, window=N, offset=N, attention=NAME, compile, calibrate, fp8, large-tiles and processors"


@dataclass(frozen=True)
class Settings:
    """How the generator runs here. `memory` None: each shot and the card decide; `card`: its bytes, where named."""

    weights: Path
    memory: str | None = None
    steps: int = 50
    window: int = WINDOW_LATENTS
    offset: int = 5
    fp8: bool = False
    large_tiles: bool = False
    card: float | None = None
    fast: tuple[str, ...] = ()
    attention: str = NATIVE
    compiled: bool = False
    distilled: Path | None = None  # the LoRA of --fast distilled
    gpus: Gpus = Gpus()
    processors: bool = False
    mag_ratios: tuple[float, ...] | None = None  # of --fast mag-cache; (): they are to be measured


def _distilled(fast: tuple[str, ...]) -> Path | None:
    """Where the LoRA is; ValueError where it is asked for and not there."""
    if "distilled" not in fast:
        return None
    written = os.environ.get(DISTILLED, "").strip()
    path = Path(written).expanduser() if written else weights_folder() / "distilled.safetensors"
    if not path.is_file():
        raise ValueError(f"--fast distilled needs a LoRA, and there is no {path}; {DISTILLED} names another place")
    return path


def mag_ratios_file() -> Path:
    """Where `calibrate` writes what --fast mag-cache needs."""
    return weights_folder() / "mag_ratios.json"


def _mag_ratios(fast: tuple[str, ...]) -> tuple[float, ...] | None:
    """As they were measured; ValueError where they are asked for and not there."""
    if "mag-cache" not in fast:
        return None
    path = mag_ratios_file()
    if not path.is_file():
        raise ValueError(
            f"--fast mag-cache needs what a film with these weights measures, and there is no {path}; "
            f"`{OPTIONS}=calibrate dialogue render SCENE` writes it"
        )
    try:
        known = [float(ratio) for ratio in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError):
        known = []
    if not known or not all(0 < ratio < float("inf") for ratio in known):
        raise ValueError(f"{path}: no list of ratios; `{OPTIONS}=calibrate dialogue render SCENE` writes it anew")
    return tuple(known)


def weights_folder() -> Path:
    """The folder of weights, asked for or usual; it need not be there."""
    written = os.environ.get(WEIGHTS, "").strip()
    return Path(written).expanduser() if written else data_folder() / "hunyuan-avatar"


def settings() -> Settings:
    """As the environment has them; ValueError says which of them is wrong and what it takes."""
    memory = memory_asked_for()
    counts = {"steps": Settings.steps, "window": Settings.window, "offset": Settings.offset}
    switches = {"fp8": False, "large-tiles": False, "compile": False, "processors": False, "calibrate": False}
    attention = NATIVE
    for item in filter(None, (part.strip() for part in os.environ.get(OPTIONS, "").split(","))):
        name, _, value = item.partition("=")
        if name in switches and not value:
            switches[name] = True
        elif name in counts and value.isdecimal() and (int(value) > 0 or name == "offset"):
            counts[name] = int(value)
        elif name == "attention" and value in BACKENDS:
            attention = value
        elif name == "attention":
            raise ValueError(f"{OPTIONS} has {item!r}; attention is one of {', '.join(BACKENDS)}")
        else:
            raise ValueError(f"{OPTIONS} has {item!r}; it takes {_TAKES}")
    fast = ("mag-cache",) if switches["calibrate"] else fast_asked_for()
    ratios = () if switches["calibrate"] else _mag_ratios(fast)
    gpus = gpus_asked_for()
    lone = [name for name in fast if name in ALONE]
    if gpus.count > 1 and lone:
        raise ValueError(f"--fast {','.join(lone)} is of one GPU alone; leave it out, or --gpus")
    return Settings(
        weights_folder(), memory, counts["steps"], counts["window"], counts["offset"],
        fp8=switches["fp8"], large_tiles=switches["large-tiles"], card=card_asked_for(), fast=fast,
        attention=attention, compiled=switches["compile"], distilled=_distilled(fast), gpus=gpus,
        processors=switches["processors"], mag_ratios=ratios,
    )  # fmt: skip
