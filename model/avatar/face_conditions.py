"""What the faces of one forward pass say and feel, and on which tokens.

Shapes: B batch, S speakers, T latent frames, h x w latent size, N image tokens (reference first), Q emotion pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from model.avatar.audio_adapter import AudioContext
from model.avatar.emotion import EmotionContext
from model.avatar.face_tokens import TokenRows, token_rows


@dataclass(frozen=True, eq=False)
class FaceConditions:
    """Contexts of all speakers and the token rows that ask them. The rows are the same for every block."""

    audio: AudioContext | None = None
    audio_rows: TokenRows | None = None
    emotion: EmotionContext | None = None
    emotion_rows: TokenRows | None = None

    def of_layer(self, audio: int | None, emotion: int | None) -> FaceConditions | None:
        """For the block with adapter `audio` and emotion module `emotion` of all of their kind; None: it has none."""
        heard = None if audio is None or self.audio is None else self.audio.layer(audio)
        felt = None if emotion is None or self.emotion is None else self.emotion.layer(emotion)
        if heard is None and felt is None:
            return None
        rows = self.audio_rows if heard is not None else None
        return FaceConditions(heard, rows, felt, self.emotion_rows if felt is not None else None)


def checked_mask(
    latents: Tensor, mask: Tensor | None, audio: AudioContext | None, emotion: EmotionContext | None
) -> Tensor:
    """The face mask (B, S, 1 or T, h, w) after all of a pass's shapes are found to agree; ValueError names the rule."""
    batch, _, frames, height, width = latents.shape
    contexts = {"audio": audio, "emotion": emotion}
    speakers = next(context.keys.shape[2] for context in contexts.values() if context is not None)
    if audio is not None and audio.latent_frames != frames:
        raise ValueError(
            f"the audio covers {audio.latent_frames} latent frames ({audio.keys.shape[3]} video frames); "
            f"the latents have {frames}"
        )
    if mask is None and speakers == 1:
        mask = latents.new_ones(batch, 1, 1, height, width)
    if mask is None:
        raise ValueError(f"face_mask is missing; {speakers} speakers need a mask each: (batch, speakers, 1 or T, h, w)")
    allowed = [(batch, speakers, count, height, width) for count in (1, frames)]
    if tuple(mask.shape) not in allowed:
        raise ValueError(f"face_mask has shape {tuple(mask.shape)}; it needs {allowed[0]} or {allowed[1]}")
    for name, context in contexts.items():
        if context is not None and tuple(context.keys.shape[1:3]) != (batch, speakers):
            raise ValueError(
                f"{name} is for {context.keys.shape[2]} speakers in a batch of {context.keys.shape[1]}; the masks and "
                f"latents are for {speakers} in a batch of {batch}"
            )
    if emotion is not None and emotion.weights.shape[2] not in (1, frames):
        raise ValueError(f"the emotion covers {emotion.weights.shape[2]} latent frames; the latents have {frames}")
    return mask


def face_conditions(
    weights: Tensor, times: Tensor, audio: AudioContext | None, emotion: EmotionContext | None, alpha: Tensor | float
) -> FaceConditions:
    """Rows of the tokens inside masks: weights (B, N, S), times (1, N), alpha a number or (B, S)."""
    rows = face_rows(weights, times, audio is not None, None if emotion is None else emotion.weights, alpha)
    return FaceConditions(audio, rows[0], emotion, rows[1])


def face_rows(
    weights: Tensor, times: Tensor, heard: bool, shown: Tensor | None, alpha: Tensor | float
) -> tuple[TokenRows | None, TokenRows | None]:
    """The rows for audio and for emotion; `shown`: the weights (B, S, 1 or T, Q) of emotion pictures.

    How many there are depends on the mask's values, for which a GPU has to be waited for: over a shot they are made on
    the host beforehand.
    """
    batch, token, speaker = weights.nonzero().unbind(1)
    weight, time = weights[batch, token, speaker], times[0, token]
    flat = batch * weights.shape[1] + token
    audio_rows = emotion_rows = None
    if heard:
        factor = torch.as_tensor(alpha, device=weight.device, dtype=weight.dtype)
        factor = factor.expand(weights.shape[0], weights.shape[2])[batch, speaker]
        audio_rows = token_rows(flat, weight * factor, torch.stack([batch, speaker, time], dim=1))
    if shown is not None:
        held = time.clamp(max=shown.shape[2] - 1)  # one frame of weights holds throughout
        share = shown[batch, speaker, held]
        row, picture = share.nonzero().unbind(1)
        where = torch.stack([batch[row], speaker[row], picture], dim=1)
        emotion_rows = token_rows(flat[row], weight[row] * share[row, picture], where)
    return audio_rows, emotion_rows
