"""From the phones of a line to shapes of the mouth: lips that close on m, touch the teeth on f and round on o.

Phones are ARPABET, as the words of a plan hold them. Each is a shape while it lasts; shapes go over into each other as
quickly as lips do. How far vowels open the mouth, the voice's loudness still says.

Shapes: `f` frames of the shot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float32]

SHAPE_OF: dict[str, dict[str, float]] = {
    **dict.fromkeys(("M", "B", "P"), {"closed": 1.0}),
    **dict.fromkeys(("F", "V"), {"teeth on lip": 1.0}),
    **dict.fromkeys(("AA", "AY", "AW"), {"open": 1.0}),
    "AE": {"open": 0.7, "wide": 0.3}, "AH": {"open": 0.55}, "EH": {"open": 0.4, "wide": 0.45},
    "EY": {"wide": 0.75, "open": 0.2}, "IY": {"wide": 0.95}, "IH": {"wide": 0.7},
    "AO": {"round": 0.7, "open": 0.3}, "OW": {"round": 0.95}, "OY": {"round": 0.8}, "UW": {"round": 0.7},
    "UH": {"round": 0.6}, "ER": {"round": 0.5}, "W": {"round": 0.6}, "R": {"round": 0.35},
    **dict.fromkeys(("S", "Z"), {"wide": 0.4}), **dict.fromkeys(("SH", "ZH", "CH", "JH"), {"round": 0.4}),
    **dict.fromkeys(("TH", "DH", "L"), {"open": 0.25}), **dict.fromkeys(("T", "D", "N", "Y"), {"wide": 0.3}),
    **dict.fromkeys(("K", "G", "NG", "HH"), {"open": 0.3}),
}  # fmt: skip
LIPS_MEET = ("closed", "teeth on lip")  # whatever the loudness
SECONDS = 0.028  # standard deviation of how shapes go over into each other
QUIET = 0.45  # of a vowel's shape that is left where the voice is faint
LEAST = 0.5  # of the loudest vowels' opening from which a vowel has its whole shape


@dataclass(frozen=True)
class Spoken:
    """A phone, or silence (""), from `start` to `end` in seconds of the film."""

    phone: str
    start: float
    end: float


def spoken(words: Iterable[tuple[str | None, float]]) -> list[Spoken]:
    """The phones of words, in order: each word's `sounds` ("M:1.20 AE:1.26 …") and its end."""
    found = []
    for sounds, end in words:
        marks = [(name, float(at)) for name, _, at in (item.partition(":") for item in (sounds or "").split()) if at]
        ends = [*(at for _, at in marks[1:]), end][: len(marks)]
        found += [Spoken(name.rstrip("012"), at, max(at, to)) for (name, at), to in zip(marks, ends, strict=True)]
    return found


def shapes_of(phones: Iterable[Spoken], first: int, frames: int, fps: float, opening: Curve) -> dict[str, Curve]:
    """Weights of shapes in every frame from `first` on, and under "" how far the phones say them at all, each (f,)."""
    edges = (first + np.arange(frames + 1)) / fps
    curves = {name: np.zeros(frames, np.float32) for name in ("", "open", "wide", "round", *LIPS_MEET)}
    for one in phones:
        if one.end <= edges[0] or one.start >= edges[-1]:
            continue
        held = np.clip((np.minimum(edges[1:], one.end) - np.maximum(edges[:-1], one.start)) * fps, 0, 1)
        curves[""] += held.astype(np.float32)
        for name, weight in SHAPE_OF.get(one.phone, {}).items():
            curves[name] += (weight * held).astype(np.float32)
    if not curves[""].any():
        return {}
    loud = QUIET + (1 - QUIET) * np.clip(opening / LEAST, 0, 1)
    for name, curve in curves.items():
        smooth = _blurred(curve, SECONDS * fps)
        curves[name] = np.clip(smooth if name in ("", *LIPS_MEET) else smooth * loud, 0, 1).astype(np.float32)
    for name in LIPS_MEET:  # a frame is longer than some closures: what is left of one shows as a whole
        curves[name] = np.asarray(np.clip(1.6 * curves[name], 0, 1), np.float32)
    free = np.clip(1 - curves["closed"] - curves["teeth on lip"], 0, 1)
    for name in ("open", "wide", "round"):
        curves[name] = np.asarray(curves[name] * free, np.float32)
    return curves


def _blurred(curve: Curve, frames: float) -> Curve:
    reach = max(1, round(3 * frames))
    kernel = np.exp(-((np.arange(-reach, reach + 1) / max(frames, 1e-3)) ** 2) / 2)
    return np.asarray(np.convolve(np.pad(curve, reach), kernel / kernel.sum(), "valid"), np.float32)
