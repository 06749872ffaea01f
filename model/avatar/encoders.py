"""What the pipeline asks of the parts around the transformer. Any object with these names will do.

Shapes: N samples, F video frames, T latent frames, W feature rows per frame, V feature layers, E their channels,
L text tokens, D/P text widths, K emotion tokens, X their channels, C latent channels, H/W pixels, h/w latent cells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from torch import Generator, Tensor

from model.avatar.conditions import TextStates

if TYPE_CHECKING:
    from PIL.Image import Image


@runtime_checkable
class AudioEncoder(Protocol):
    """Speech to per-frame audio prompts."""

    sample_rate: int  # Hz of the waveforms it takes

    def __call__(self, waveform: Tensor, frames: int, fps: float) -> Tensor:
        """Waveform (N,), mono, -1 … 1, to (F, W, V, E) for exactly `frames` frames; silence past the end."""
        ...


@runtime_checkable
class TextEncoder(Protocol):
    """A prompt, and the picture it speaks of, to states for the transformer."""

    negative_prompt: str  # of the unconditional branch

    def __call__(self, prompt: str, image: Image) -> TextStates:
        """States (1, L, D), mask (1, L), pooled (1, P)."""
        ...


@runtime_checkable
class EmotionEncoder(Protocol):
    """A picture of a face in an emotion to tokens for the emotion modules."""

    def __call__(self, picture: Image) -> Tensor:
        """(K, X), K the same for every picture."""
        ...


@runtime_checkable
class VideoAutoencoder(Protocol):
    """Pixels to scaled latents, and back as a stream."""

    latent_channels: int
    spatial_stride: int  # pixels per latent cell, each way
    temporal_stride: int  # frames per latent after the first

    def encode_reference(self, pixels: Tensor, latents: int, generator: Generator | None) -> Tensor:
        """A still picture (1, 3, H, W) in -1 … 1, held for `latents` latents: (1, C, latents, h, w), scaled."""
        ...

    def decode(self, latents: Tensor, picture: Tensor | None = None) -> Iterator[Tensor]:
        """Scaled latents (1, C, T, h, w) to frames (H, W, 3), uint8 RGB, one after the other.

        `picture`: the reference's pixels (1, 3, H, W) in -1 … 1, for decoders that look at them.
        """
        ...
