"""One portrait's film, clip after clip, kept on disk as it goes: what was stopped goes on at the same clip and step.

A finished clip is kept as its latents, from which the same frames are decoded again; a clip at work as its state and
the state of its random numbers. Memory does not grow with the film.

Shapes: F frames of a clip, H x W pixels.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.hallo3.clips import ClipSchedule
from model.hallo3.pipeline import Hallo3Pipeline, Portrait, Sampling
from model.hallo3.scheduler import ClipState

Progress = Callable[[int, int], None]  # clip and step that were just finished


def write(tensors: dict[str, Tensor], file: Path, about: dict[str, object]) -> None:
    """Tensors in a file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(handle)
    try:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, draft, {"about": json.dumps(about)})
        os.replace(draft, file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def read(file: Path, key: str) -> tuple[dict[str, Tensor], dict[str, object]] | None:
    """What `write` wrote under the same key; None when it is damaged or of other work."""
    try:
        with safe_open(file, "pt") as content:
            about: dict[str, object] = json.loads((content.metadata() or {})["about"])
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, KeyError, ValueError):
        return None
    return (tensors, about) if about.get("key") == key else None


@dataclass(frozen=True)
class Shelf:
    """Where a film's clips are kept: a folder, and a key that names the work. `seconds` between two saved steps."""

    folder: Path
    key: str
    seconds: float = 20.0

    def clip(self, number: int) -> Path:
        return self.folder / f"clip-{number:05d}.safetensors"

    @property
    def step(self) -> Path:
        return self.folder / "step.safetensors"

    def keep_clip(self, number: int, latents: Tensor, generator: torch.Generator) -> None:
        write({"latents": latents, "rng": generator.get_state()}, self.clip(number), {"key": self.key})

    def keep_step(self, number: int, state: ClipState, generator: torch.Generator) -> None:
        tensors = {"latents": state.latents, "rng": generator.get_state()}
        if state.original is not None:
            tensors["original"] = state.original.clone()
        write(tensors, self.step, {"key": self.key, "clip": number, "step": state.step})

    def finished(self, number: int, generator: torch.Generator) -> Tensor | None:
        """A clip's latents, and the random numbers after it; None when it is not there."""
        found = read(self.clip(number), self.key)
        if found is None:
            return None
        generator.set_state(found[0]["rng"])
        return found[0]["latents"]

    def begun(self, number: int, generator: torch.Generator) -> ClipState | None:
        """The state a clip was left in, and the random numbers then."""
        found = read(self.step, self.key)
        if found is None or found[1]["clip"] != number:
            return None
        tensors, about = found
        generator.set_state(tensors["rng"])
        return ClipState(int(str(about["step"])), tensors["latents"], tensors.get("original"))


def clips_of(
    pipeline: Hallo3Pipeline,
    portrait: Portrait,
    schedule: ClipSchedule,
    sampling: Sampling,
    generator: torch.Generator,
    first: Tensor,
    shelf: Shelf | None = None,
    progress: Progress | None = None,
) -> Iterator[Tensor]:
    """The frames of each clip that are shown, (F, 3, H, W) in 0 … 1.

    Args:
        generator: after it drew for `first` and the portrait's bank.
        first: condition latents of the first clip.
        shelf: where clips are kept and resumed from; None: nowhere.
    """
    motion: Tensor | None = None
    for clip in range(schedule.clips):
        latents = None if shelf is None else shelf.finished(clip, generator)
        if latents is None:
            condition = first if clip == 0 else pipeline.condition(portrait.pixels, motion, generator)
            latents = _made(pipeline, portrait, schedule, sampling, generator, clip, condition, shelf, progress)
        frames = pipeline.decode(latents)
        motion = frames[:, :, -schedule.motion :] * 2 - 1
        kept = schedule.kept(clip)
        yield frames[0, :, kept.start : kept.stop].transpose(0, 1)


def _made(
    pipeline: Hallo3Pipeline,
    portrait: Portrait,
    schedule: ClipSchedule,
    sampling: Sampling,
    generator: torch.Generator,
    clip: int,
    condition: Tensor,
    shelf: Shelf | None,
    progress: Progress | None,
) -> Tensor:
    """A clip's latents, from noise or from where it was left."""
    given = pipeline.conditions(portrait, schedule, clip, condition)
    noise = pipeline.noise(generator)
    state = (None if shelf is None else shelf.begun(clip, generator)) or ClipState(0, noise)
    saved = time.monotonic()
    for state in pipeline.denoise(given, sampling, state, generator):  # noqa: B020 - the next step starts from it
        if progress is not None:
            progress(clip, state.step)
        if shelf is not None and state.step < sampling.steps and time.monotonic() - saved >= shelf.seconds:
            shelf.keep_step(clip, state, generator)
            saved = time.monotonic()
    if shelf is not None:
        shelf.keep_clip(clip, state.latents, generator)
        shelf.step.unlink(missing_ok=True)
    return state.latents
