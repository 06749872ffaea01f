"""Which double blocks have an audio adapter or an emotion module."""

from __future__ import annotations


def layer_list(name: str, layers: tuple[int, ...] | None, count: int, default: range) -> list[int]:
    chosen = list(default) if layers is None else list(layers)
    if chosen != sorted(set(chosen)) or any(not 0 <= layer < count for layer in chosen):
        raise ValueError(f"{name} is {chosen}; it needs rising numbers of double blocks, 0 to {count - 1}")
    return chosen


def modules_at(layers: int, audio_at: list[int], emotion_at: list[int]) -> list[tuple[int | None, int | None]]:
    """Which of all adapters and of all emotion modules each double block has.

    Not in the blocks: the code compiled for one of them then does for all.
    """
    numbers = [{layer: number for number, layer in enumerate(at)} for at in (audio_at, emotion_at)]
    return [(numbers[0].get(layer), numbers[1].get(layer)) for layer in range(layers)]
