"""The one grid: conversions between seconds, frames, latent frames, audio samples and latent cells.

A causal video VAE with temporal stride 4 keeps the first frame alone: L latent frames decode to 4(L-1)+1 frames,
and n frames need ceil((n-1)/4)+1 latents. Latent 0 holds frame 0; latent k > 0 holds frames 4k-3 … 4k.
Rounding happens here and nowhere else: seconds go to the nearest frame, halves up, each from the film's start,
so that no error accumulates however long the film is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

LATENT_STRIDE = 4
CELL = 8  # pixels per latent cell, each way
SAMPLE_RATE = 16_000  # Hz, of the audio that conditions a generator
WINDOW_LATENTS = 33  # latent frames denoised together by the released model


def latents_for(frames: int, stride: int = LATENT_STRIDE) -> int:
    """Latent frames that hold `frames` video frames: ceil((n-1)/stride)+1, and 0 for 0."""
    if frames < 0:
        raise ValueError(f"frames is {frames}; a shot has 0 frames or more")
    return 0 if frames == 0 else -(-(frames - 1) // stride) + 1


def frames_for(latents: int, stride: int = LATENT_STRIDE) -> int:
    """Video frames that `latents` latent frames decode to: stride*(L-1)+1, and 0 for 0."""
    if latents < 0:
        raise ValueError(f"latents is {latents}; a shot has 0 latent frames or more")
    return 0 if latents == 0 else stride * (latents - 1) + 1


def latent_of(frame: int, stride: int = LATENT_STRIDE) -> int:
    """The latent frame that holds video frame `frame` (0-based)."""
    return latents_for(frame + 1, stride) - 1


def frames_of(latent: int, stride: int = LATENT_STRIDE) -> range:
    """The video frames that latent frame `latent` (0-based) holds."""
    return range(1) if latent == 0 else range(stride * (latent - 1) + 1, stride * latent + 1)


def windows_for(frames: int, window: int = WINDOW_LATENTS, stride: int = LATENT_STRIDE) -> int:
    """Windows of `window` latents that hold `frames` frames; ceil((n+3)/132) for the released sizes.

    W windows hold window*W latents, that is 4*window*W - 3 frames (129, 261, 393, …).
    """
    return -(-latents_for(frames, stride) // window)


@dataclass(frozen=True)
class FrameClock:
    """Seconds to whole frames and back, exactly, at a rational frame rate."""

    fps: Fraction

    def __post_init__(self) -> None:
        if self.fps <= 0:
            raise ValueError(f"fps is {self.fps}; it must be above 0")

    def frame_at(self, seconds: float | Fraction) -> int:
        """The frame boundary nearest to `seconds`, halves up."""
        return math.floor(Fraction(seconds) * self.fps + Fraction(1, 2))

    def frames_covering(self, seconds: float | Fraction) -> int:
        """The fewest whole frames that last at least `seconds` (a microsecond over a boundary is forgiven)."""
        return math.ceil(Fraction(seconds) * self.fps - self.fps / 1_000_000)

    def seconds_at(self, frame: int) -> float:
        """When frame `frame` begins."""
        return float(frame / self.fps)

    def sample_at(self, frame: int, rate: int = SAMPLE_RATE) -> int:
        """The audio sample at which frame `frame` begins, halves up."""
        return math.floor(Fraction(frame) * rate / self.fps + Fraction(1, 2))
