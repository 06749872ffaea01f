"""One batch of windows through the transformer: what each row hears, shows and feels, cut from the shot.

Shapes: B rows of the batch, C latent channels, R latents of the ring, T latents of a window, S speakers, h/w latent
cells, L text tokens, D/P text widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from model.avatar.audio_adapter import AudioContext
from model.avatar.conditions import Conditions, TextStates
from model.avatar.emotion import EmotionContext
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Sampling
from model.avatar.token_cache import RowTokens, TokenCache, rows_of
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.memory import execution_device


@dataclass(frozen=True, eq=False)
class ShotContext:
    """A shot's conditions with all that is the same in every step already computed, on the ring of its schedule."""

    conditions: Conditions
    fusion: FusionSchedule
    face_mask: Tensor  # (1, S, 1 or R, h, w)
    audio: AudioContext | None  # of the frames of the ring
    silence: AudioContext | None  # of one frame
    emotion: EmotionContext | None  # of the latents of the ring


@dataclass(frozen=True)
class Row:
    """One row of a forward: a window in one branch. `start` is not yet wrapped onto the ring."""

    window: int
    start: int
    latents: tuple[int, ...]
    conditional: bool


@dataclass(frozen=True, eq=False)
class StepContext:
    """What all rows of one denoising step share."""

    latents: Tensor  # (1, C, R, h, w)
    timestep: Tensor  # ()
    mask_factor: float
    unconditional_text: TextStates
    reuse: TokenCache | None  # run the last block on these
    keep: bool  # return the tokens before the last block


@dataclass(frozen=True, eq=False)
class RowOutput:
    """A row's velocity (1, C, T, h, w), float32, and its tokens when they are kept."""

    velocity: Tensor
    tokens: RowTokens | None


def prepare(
    transformer: HunyuanVideoAvatarTransformer3DModel, conditions: Conditions, fusion: FusionSchedule
) -> ShotContext:
    """Audio and emotions as keys and values. Past the shot's end the ring is silent, masks and emotions are held."""
    room = transformer.config.frames_per_latent * fusion.ring
    short = room - conditions.audio.shape[2]
    if short < 0:
        raise ValueError(
            f"the audio has {conditions.audio.shape[2]} frames; a ring of {fusion.ring} latents hears {room} at most"
        )
    audio = silence = emotion = None
    device = execution_device(transformer)
    if transformer.audio_proj is not None:
        prompts = conditions.audio.to(device)
        audio = transformer.encode_audio(pad(prompts, (0, 0) * 3 + (0, short)))
        silence = transformer.encode_audio(torch.zeros_like(prompts[:, :, :1]))
    if conditions.emotion is not None:
        weights = held(conditions.emotion.weights, fusion.ring).to(device)
        emotion = transformer.encode_emotion(conditions.emotion.tokens.to(device), weights)
    return ShotContext(conditions, fusion, held(conditions.face_mask, fusion.ring), audio, silence, emotion)


def held(tensor: Tensor, latents: int) -> Tensor:
    """(B, S, 1 or T, …) with T extended to `latents` by its last element; of length 1 it stays, to be broadcast."""
    size = tensor.shape[2]
    if size == 1:
        return tensor
    if size > latents:
        raise ValueError(f"conditions of {size} latents on a ring of {latents}: a ring holds the whole shot")
    return torch.cat([tensor, *[tensor[:, :, -1:]] * (latents - size)], dim=2)


def run_rows(
    transformer: HunyuanVideoAvatarTransformer3DModel,
    shot: ShotContext,
    sampling: Sampling,
    step: StepContext,
    rows: Sequence[Row],
) -> list[RowOutput]:
    """One forward; its outputs row by row, where the latents are."""
    device, dtype = execution_device(transformer), transformer.dtype
    given = shot.conditions
    text = _joined_text([given.text if row.conditional else step.unconditional_text for row in rows])

    def repeated(*values: float) -> Tensor:
        return torch.tensor(values, device=device).expand(len(rows), -1)

    inputs: dict[str, Any] = {
        "hidden_states": torch.cat([step.latents[:, :, list(row.latents)] for row in rows]).to(device, dtype),
        "timestep": step.timestep.to(device).expand(len(rows)),
        "encoder_hidden_states": text.states.to(device, dtype),
        "encoder_attention_mask": text.mask.to(device),
        "pooled_projections": text.pooled.to(device, dtype),
        "ref_latents": given.reference.to(device, dtype).expand(len(rows), -1, -1, -1, -1),
        "audio": _joined_audio([audio_of(shot, row) for row in rows], device),
        "face_mask": (masks_of(shot, rows) * step.mask_factor).to(device, dtype),
        "emotion": _joined_emotion(shot.emotion, rows, device),
        "motion_exp": repeated(*sampling.expression),
        "motion_pose": repeated(*sampling.pose),
        "fps": repeated(given.fps)[:, 0],
    }
    if transformer.config.guidance_embeds:
        inputs["guidance"] = repeated(1000 * sampling.embedded_guidance)[:, 0]
    if step.reuse is not None:
        inputs["block_cache"] = step.reuse.read([(row.conditional, row.latents) for row in rows], device)
    output = transformer(**inputs, return_block_cache=step.keep)
    tokens = [None] * len(rows) if output.block_cache is None else rows_of(output.block_cache)
    velocities = output.sample.float().to(step.latents.device).split(1)
    return [RowOutput(velocity, kept) for velocity, kept in zip(velocities, tokens, strict=True)]


def masks_of(shot: ShotContext, rows: Sequence[Row]) -> Tensor:
    """The face masks of each row's window: (B, S, 1 or T, h, w)."""
    if shot.face_mask.shape[2] == 1:
        return shot.face_mask.expand(len(rows), -1, -1, -1, -1)
    return torch.cat([shot.face_mask[:, :, list(row.latents)] for row in rows])


def audio_of(shot: ShotContext, row: Row) -> AudioContext | None:
    """What a row hears: the frames of its window, or in the unconditional branch zeros for as many."""
    if shot.audio is None or shot.silence is None:
        return None
    heard = shot.fusion.audio_frames if shot.audio.pad else shot.fusion.own_audio_frames
    frames = heard(row.start, shot.audio.frames_per_latent)
    return shot.audio.frames(frames) if row.conditional else shot.silence.frames([0] * len(frames))


def _joined_audio(contexts: Sequence[AudioContext | None], device: torch.device) -> AudioContext | None:
    present = [context.to(device) for context in contexts if context is not None]
    if not present:
        return None
    keys = torch.cat([context.keys for context in present], dim=1)
    return replace(present[0], keys=keys, values=torch.cat([context.values for context in present], dim=1))


def _joined_emotion(emotion: EmotionContext | None, rows: Sequence[Row], device: torch.device) -> EmotionContext | None:
    """The same pictures in every row, weighted as at the latents of its window."""
    if emotion is None:
        return None
    weights = emotion.weights.expand(len(rows), -1, -1, -1)
    if weights.shape[2] > 1:
        weights = torch.cat([emotion.weights[:, :, list(row.latents)] for row in rows])
    return replace(emotion.rows([0] * len(rows)), weights=weights).to(device)


def _joined_text(texts: Sequence[TextStates]) -> TextStates:
    """One batch of prompts, the shorter ones padded with states that the mask leaves out."""
    length = max(text.states.shape[1] for text in texts)
    return TextStates(
        torch.cat([pad(text.states, (0, 0, 0, length - text.states.shape[1])) for text in texts]),
        torch.cat([pad(text.mask, (0, length - text.mask.shape[1])) for text in texts]),
        torch.cat([text.pooled for text in texts]),
    )
