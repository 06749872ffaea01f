"""One clip as the denoiser takes it: each pass of guidance a row, with or without text, audio and picture.

Shapes: P passes, T latent frames, C latent channels, h x w latent size, L text tokens, K tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from model.hallo3.guidance import Branch


@dataclass(frozen=True, eq=False)
class ClipConditions:
    """What a clip is made of. `silence`: the audio tokens of windows of zeros. `text` of none is zeros.

    condition (1, T, C, h, w); text (1, L, W); audio and silence (1, T, K, C) or (1, S, T, K, C) with `audio_mask`;
    face (1, K, C) or None; bank one (1, R, D) per block, or None.
    """

    condition: Tensor
    text: Tensor
    audio: Tensor
    silence: Tensor
    face: Tensor | None
    bank: tuple[Tensor, ...] | None
    audio_mask: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Rows:
    """The inputs of one forward, all with P rows (`bank`: one row where all are alike)."""

    latents: Tensor
    text: Tensor
    audio: Tensor
    face: Tensor | None
    bank: tuple[Tensor, ...] | None
    audio_mask: Tensor | None


def chosen(flags: Sequence[bool], on: Tensor, off: Tensor) -> Tensor:
    """A row of `on` where the flag is set, else of `off`: (1, …) twice to (P, …)."""
    return torch.cat([on if flag else off for flag in flags])


def rows(branches: Sequence[Branch], noisy: Tensor, given: ClipConditions) -> Rows:
    """The passes `branches` of noisy latents (1, T, C, h, w). Without picture the reference and the condition are zero;
    the face's embedding stays in every pass, as released."""
    pictured = [branch.picture for branch in branches]
    condition = chosen(pictured, given.condition, torch.zeros_like(given.condition))
    noisy = noisy.expand(len(branches), *noisy.shape[1:])
    bank = given.bank
    if bank is not None and not all(pictured):
        bank = tuple(chosen(pictured, tokens, torch.zeros_like(tokens)) for tokens in bank)
    return Rows(
        torch.cat([noisy, condition.to(noisy)], dim=2),
        chosen([branch.text for branch in branches], given.text, torch.zeros_like(given.text)),
        chosen([branch.audio for branch in branches], given.audio, given.silence),
        None if given.face is None else given.face.expand(len(branches), -1, -1),
        bank,
        None if given.audio_mask is None else given.audio_mask.expand(len(branches), -1, -1, -1),
    )
