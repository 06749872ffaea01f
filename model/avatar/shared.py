"""What several forwards have in common, made by the first that needs it: once per shot, or once per step."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from model.avatar.face_conditions import FaceConditions

T = TypeVar("T")


class Once:
    """Values by name, each made at its first use. For one thread."""

    def __init__(self) -> None:
        self._made: dict[Hashable, object] = {}

    def __call__(self, name: Hashable, make: Callable[[], T]) -> T:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Shared:
    """What a forward need not work out for itself.

    `rows` says which prompts the rows of the batch have: forwards of a step with the same `rows` have the same text and
    conditioning vector. `text_lengths`: valid text tokens of each row, known without asking the device.
    """

    rows: Hashable = None
    text_lengths: tuple[int, ...] | None = None
    faces: FaceConditions | None = None
    shot: Once = field(default_factory=Once)
    step: Once = field(default_factory=Once)
