"""The seven emotions as drawn: each is a vector of facial movements, scaled by intensity, added on the neutral face."""

from __future__ import annotations

import torch
from torch import Tensor

EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")
MOVES = (
    "raise",  # both brows up, in brow heights
    "inner",  # inner ends of the brows up (+) or down (-)
    "uneven",  # one brow up, the other down
    "eye",  # eyes wider (+) or narrower (-)
    "squint",  # lower lids up
    "corner",  # mouth corners up (+) or down (-)
    "stretch",  # mouth wider (+) or narrower (-)
    "lip",  # upper lip pulled up, nose wrinkled
    "blush",
    "flush",
    "pallor",
    "sickly",  # colours of the skin
    "tear",
    "sweat",
    "frown",  # marks
    "pupil",  # pupils wider (+) or smaller (-)
    "gaze",  # eyes down (+) or up (-)
)
_TABLE: dict[str, dict[str, float]] = {
    "neutral": {},
    "joy": {"raise": 0.45, "inner": 0.1, "squint": 0.75, "corner": 1.0, "stretch": 0.22, "blush": 1.0, "pupil": 0.2},
    "sadness": {
        "raise": 0.15,
        "inner": 1.15,
        "eye": -0.30,
        "corner": -0.95,
        "stretch": -0.10,
        "tear": 1.0,
        "gaze": 0.7,
    },
    "anger": {
        "raise": -0.75,
        "inner": -1.3,
        "eye": -0.15,
        "squint": 0.35,
        "corner": -0.55,
        "stretch": -0.05,
        "flush": 1.0,
        "frown": 1.0,
        "pupil": -0.1,
    },
    "fear": {
        "raise": 0.8,
        "inner": 0.9,
        "eye": 0.38,
        "corner": -0.5,
        "stretch": 0.25,
        "pallor": 1.0,
        "sweat": 1.0,
        "pupil": -0.45,
    },
    "surprise": {
        "raise": 1.5,
        "inner": 0.1,
        "eye": 0.5,
        "corner": 0.1,
        "stretch": -0.36,
        "pupil": -0.25,
        "gaze": -0.15,
    },
    "disgust": {
        "raise": -0.35,
        "inner": -0.35,
        "uneven": 0.75,
        "eye": -0.35,
        "squint": 0.55,
        "corner": -0.6,
        "lip": 1.0,
        "sickly": 1.0,
        "frown": 0.4,
        "gaze": 0.25,
    },
}


def moves(weights: Tensor) -> dict[str, Tensor]:
    """Facial movements (F,) for emotion weights (F, 7): weight 1 is the whole expression, 0 none of it."""
    table = torch.tensor([[_TABLE[e].get(m, 0.0) for m in MOVES] for e in EMOTIONS], device=weights.device)
    values = weights @ table
    return {move: values[:, i] for i, move in enumerate(MOVES)}


def weights_of(emotion: str, intensity: float, frames: int) -> Tensor:
    """(F, 7) weights of one emotion held at one intensity."""
    weights = torch.zeros(frames, len(EMOTIONS))
    weights[:, EMOTIONS.index(emotion)] = intensity
    return weights
