"""One person in the picture, for a whole shot: where their face is, what they say, what they feel.

Shapes: N samples, T latent frames, h/w latent cells, Q emotion pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class SpeakerTrack:
    """One person in the picture, for a whole shot.

    `mask`: where their face is, (1 or T, h, w) in 0 … 1. `waveform` (N,) at the audio encoder's rate, from the shot's
    start; None: they listen. `emotions`: pictures, and `emotion_weights` (1 or T, Q) how much of each holds when,
    strength included.
    """

    mask: Tensor
    waveform: Tensor | None = None
    emotions: tuple[Image, ...] = ()
    emotion_weights: Tensor | None = None
