"""One shot as tensors: everything the transformer is conditioned on, for any number of speakers.

Shapes: B batch (1: one shot), S speakers, T latent frames of the film, F video frames of the film, L text tokens,
D/P text widths, W feature rows of a frame, V feature layers, E their channels, C latent channels, h/w latent cells,
Q pictures of a speaker, K tokens of a picture, X channels of a token.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


def valid_lengths(mask: Tensor) -> tuple[int, ...]:
    """How many text tokens count in each row of a mask (B, L); waits for the mask's device."""
    lengths = tuple(int(count) for count in mask.sum(dim=1).tolist())
    if min(lengths) < 1:
        raise ValueError(f"encoder_attention_mask has {lengths} ones per row; every row needs at least one")
    return lengths


@dataclass(frozen=True, eq=False)
class TextStates:
    """A prompt as the transformer reads it. `mask`: 1 where a token counts, with the release's placing of the ones."""

    states: Tensor  # (B, L, D)
    mask: Tensor  # (B, L)
    pooled: Tensor  # (B, P)

    def to(self, device: torch.device) -> TextStates:
        """The same on another device."""
        return TextStates(self.states.to(device), self.mask.to(device), self.pooled.to(device))


@dataclass(frozen=True, eq=False)
class Emotions:
    """Pictures of each speaker's emotions, and how much of each holds at each latent frame, strength included."""

    tokens: Tensor  # (B, S, Q, K, X)
    weights: Tensor  # (B, S, 1 or T, Q)

    def __post_init__(self) -> None:
        if self.tokens.ndim != 5 or self.weights.ndim != 4 or self.tokens.shape[1:3] != self.weights.shape[1::2]:
            raise ValueError(
                f"emotion tokens {tuple(self.tokens.shape)} and weights {tuple(self.weights.shape)}; they need "
                "(batch, speakers, pictures, tokens, channels) and (batch, speakers, 1 or latents, pictures)"
            )


@dataclass(frozen=True, eq=False)
class Conditions:
    """One shot of `audio.shape[2]` video frames. Speakers are in the same order everywhere.

    `audio` is per video frame (latent k > 0 hears frames 4k-3 … 4k); zeros are silence. `reference` is the picture at
    every latent of a window, or once. `negative` is the prompt of the unconditional branch; None: `text` there too.
    """

    text: TextStates
    reference: Tensor  # (B, C, 1 or window, h, w)
    audio: Tensor  # (B, S, F, W, V, E)
    face_mask: Tensor  # (B, S, 1 or T, h, w), 0 … 1
    negative: TextStates | None = None
    emotion: Emotions | None = None
    fps: float = 25.0
    picture: Tensor | None = None  # (B, 3, H, W), -1 … 1: the reference's pixels, for decoders that look at them

    def __post_init__(self) -> None:
        audio, mask, reference = self.audio, self.face_mask, self.reference
        if audio.ndim != 6 or mask.ndim != 5 or reference.ndim != 5:
            raise ValueError(
                f"audio {tuple(audio.shape)}, face_mask {tuple(mask.shape)}, reference {tuple(reference.shape)}: they "
                "have 6, 5 and 5 axes (see Conditions)"
            )
        if audio.shape[:2] != mask.shape[:2] or audio.shape[0] != 1:
            raise ValueError(
                f"audio of {audio.shape[1]} speakers in a batch of {audio.shape[0]}, masks of {mask.shape[1]} in "
                f"{mask.shape[0]}: one shot, and one mask per voice"
            )
        if mask.shape[-2:] != reference.shape[-2:]:
            raise ValueError(
                f"face_mask is {tuple(mask.shape[-2:])} cells, the reference {tuple(reference.shape[-2:])}: both "
                "are on the latent grid"
            )
        if self.emotion is not None and self.emotion.weights.shape[1] != audio.shape[1]:
            raise ValueError(
                f"emotions of {self.emotion.weights.shape[1]} speakers, audio of {audio.shape[1]}: "
                "they are the same people"
            )

    @property
    def frames(self) -> int:
        """F, the video frames of the shot."""
        return self.audio.shape[2]

    @property
    def speakers(self) -> int:
        """S, the speakers in the picture."""
        return self.audio.shape[1]
