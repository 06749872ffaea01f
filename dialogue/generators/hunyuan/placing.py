"""Where the weights and the cache of hunyuan-avatar are while a shot is made: chosen by the shot and the card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dialogue.generators.hardware import card_bytes
from dialogue.generators.hunyuan import costs
from dialogue.ground.amounts import memory_text
from dialogue.ground.errors import DialogueError
from dialogue.planning.choice import Room
from model.fast_names import hooked_name

if TYPE_CHECKING:
    from dialogue.generators.generator import ShotJob
    from dialogue.generators.hunyuan.settings import Settings
    from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
    from model.memory import MemoryPlan

_SMALLER = ((704, 704), (512, 512), (448, 256), (256, 256))  # frames that are offered where larger ones do not fit


@dataclass(frozen=True)
class Way:
    """How the model is kept for a shot: high, balanced or low; and whether its cache waits in main memory."""

    mode: str
    cache_on_host: bool


def card_of(chosen: Settings) -> float | None:
    """Bytes of the card: as named, else as the driver tells; None where there is none."""
    return card_bytes() if chosen.card is None else chosen.card


def room_on(card: float | None, chosen: Settings) -> Room | None:
    """How long a shot may be on a card of that size; None where none is known."""
    if card is None:
        return None
    eight, mode, window = chosen.fp8, chosen.memory, chosen.window
    name = f"a card of {memory_text(round(card))}" + (f" with {mode} memory" if mode else "")

    def longest(width: int, height: int, people: int) -> int:
        return costs.longest(width, height, window, card, eight, mode, people)

    def needed(width: int, height: int, frames: int, people: int) -> int:
        return costs.least_bytes(costs.sizes(width, height, frames, window, people), eight, mode)

    return Room(name, longest, needed, lambda width, height, people: _mends(width, height, people, card, chosen))


def _mends(width: int, height: int, people: int, card: float, chosen: Settings) -> str:
    """What would make the shortest shot fit, the least change first."""
    eight, mode, window = chosen.fp8, chosen.memory, chosen.window
    if mode is not None:
        shot = costs.sizes(width, height, 1, window, people)
        way = costs.fitting(shot, card, eight)
        if way is not None:
            return f"with --memory {way[0]}, or without it, it fits"
    for wide, high in _SMALLER:
        wide, high = (wide, high) if width >= height else (high, wide)
        smaller = wide * high < width * height
        if smaller and costs.longest(wide, high, window, card, eight, None, people):
            return f"frames of {wide}x{high} fit: output: {{size: {wide}x{high}}}"
    return f"the least it takes is {memory_text(costs.least_bytes(costs.sizes(256, 256, 1, window, people), eight))}"


def way_of(job: ShotJob, chosen: Settings, card: float | None) -> Way:
    """The fastest way in which a shot fits into `card` bytes (None: all that is needed is there).

    DialogueError where it does not, with how long one may be.
    """
    if card is None:
        mode = chosen.memory or "high"
        return Way(mode, mode == "low")
    width, height, frames, people = job.width, job.height, job.frames, max(1, len(job.lanes))
    caches = costs.HOOK_CACHES.get(hooked_name(chosen.fast) or "", 1)
    shot = replace(costs.sizes(width, height, frames, chosen.window, people), caches=caches)
    found = costs.fitting(shot, card, chosen.fp8, chosen.memory)
    if found is not None:
        return Way(*found)
    most = costs.longest(width, height, chosen.window, card, chosen.fp8, None, people)
    other = "with another --memory " if chosen.memory else ""
    hint = f"shots of up to {most} frames fit {other}".rstrip() if most else "take a smaller size or window"
    kept = f" with {chosen.memory} memory" if chosen.memory else ""
    least = memory_text(costs.least_bytes(shot, chosen.fp8, chosen.memory))
    raise DialogueError(
        f"{frames} frames of {width}x{height} need {least}{kept}, and this card has {memory_text(round(card))}: {hint}"
    )


class Held:
    """The pipeline as the last shot needed it. What `low` rounded is read again for a shot that does not need it."""

    def __init__(self, load: Callable[[MemoryPlan], HunyuanVideoAvatarPipeline]) -> None:
        self._load = load
        self._mode: str | None = None
        self._pipeline: HunyuanVideoAvatarPipeline | None = None

    def at(self, mode: str) -> HunyuanVideoAvatarPipeline:
        """The pipeline in that mode. What is balanced stays so for shots that could be high: the numbers are alike."""
        from model.memory import memory_plan

        if self._pipeline is not None and (self._mode == mode or (self._mode, mode) == ("balanced", "high")):
            return self._pipeline
        self._pipeline = None  # the old weights are gone before the new come
        self._pipeline, self._mode = self._load(memory_plan(mode)), mode
        return self._pipeline
