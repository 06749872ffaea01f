"""One batch of windows through the transformer: what each row hears, shows and feels, cut from the shot.

Shapes: B rows of the batch, C latent channels, R latents of the ring, T latents of a window, S speakers, h/w latent
cells, L text tokens, D/P text widths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from einops import rearrange
from torch import Tensor
from torch.nn.functional import pad

from model.avatar.audio_adapter import AudioContext
from model.avatar.conditions import Conditions, TextStates, valid_lengths
from model.avatar.emotion import EmotionContext
from model.avatar.face_conditions import FaceConditions, face_rows
from model.avatar.face_tokens import FaceTokenWeights, TokenRows
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Sampling
from model.avatar.hook_cache import HookStep
from model.avatar.shared import Once, Shared
from model.avatar.token_cache import CacheWriter, TokenCache, rows_of
from model.avatar.transformer import AvatarTransformerOutput, HunyuanVideoAvatarTransformer3DModel
from model.memory import execution_device


@dataclass(frozen=True, eq=False)
class ShotContext:
    """A shot's conditions where one transformer computes, with all that is the same in every step already there.

    `latent_index` and `frame_index` go around the ring twice, so that every window is a slice of them and no index has
    to be brought to the device. The masks, and the emotions' weights, are kept on the host too: which tokens lie inside
    is worked out there.
    """

    conditions: Conditions
    fusion: FusionSchedule
    face_mask: Tensor  # (1, S, 1 or R, h, w)
    audio: AudioContext | None  # of the frames of the ring
    silence: AudioContext | None  # of one frame
    emotion: EmotionContext | None  # of the latents of the ring
    latent_index: Tensor  # (2R,)
    frame_index: Tensor  # (2R, frames per latent)
    text_lengths: tuple[int, int]  # valid text tokens: of the negative prompt, of the prompt
    host_mask: Tensor  # (1, S, 1 or R, h, w)
    host_weights: Tensor | None  # (1, S, 1 or R, Q)
    once: Once = field(default_factory=Once)

    def to(self, transformer: HunyuanVideoAvatarTransformer3DModel) -> ShotContext:
        """The same for another transformer, on its device."""
        device = execution_device(transformer)
        return replace(
            self,
            conditions=_placed(self.conditions, device),
            face_mask=self.face_mask.to(device),
            audio=self.audio and self.audio.to(device),
            silence=self.silence and self.silence.to(device),
            emotion=self.emotion and self.emotion.to(device),
            latent_index=self.latent_index.to(device),
            frame_index=self.frame_index.to(device),
            once=Once(),
        )

    def latents_of(self, row: Row) -> Tensor:
        """The index (T,) of a row's latents on the ring."""
        start = row.start % self.fusion.ring
        return self.latent_index[start : start + self.fusion.window]

    def frames_of(self, row: Row) -> Tensor:
        """The index of the video frames whose audio a row hears: `fusion.audio_frames`, or `own_audio_frames`."""
        start = row.start % self.fusion.ring
        whole = self.frame_index[start : start + self.fusion.window]
        if self.audio is not None and self.audio.pad:
            return whole.flatten()[: whole.shape[1] * (self.fusion.window - 1) + 1]
        return whole.flatten()


@dataclass(frozen=True)
class Row:
    """One row of a forward: a window in one branch. `start` is not yet wrapped onto the ring."""

    window: int
    start: int
    latents: tuple[int, ...]
    conditional: bool


@dataclass(frozen=True, eq=False)
class StepContext:
    """What all rows of one denoising step share, where one transformer computes."""

    latents: Tensor  # (1, C, R, h, w)
    timestep: Tensor  # ()
    mask_factor: float
    negative_text: bool  # whether the unconditional branch has the negative prompt
    reuse: TokenCache | None  # run the last block on these
    keep: CacheWriter | None  # takes the tokens before the last block
    hooks: HookStep | None = None  # diffusers' step cache; then rows come one by one
    once: Once = field(default_factory=Once)

    def to(self, device: torch.device) -> StepContext:
        """The same for a transformer on that device."""
        return replace(self, latents=self.latents.to(device), timestep=self.timestep.to(device), once=Once())


def prepare(
    transformer: HunyuanVideoAvatarTransformer3DModel, conditions: Conditions, fusion: FusionSchedule
) -> ShotContext:
    """Audio and emotions as keys and values. Past the shot's end the ring is silent, masks and emotions are held."""
    stride = transformer.config.frames_per_latent
    room = stride * fusion.ring
    short = room - conditions.audio.shape[2]
    if short < 0:
        raise ValueError(
            f"the audio has {conditions.audio.shape[2]} frames; a ring of {fusion.ring} latents hears {room} at most"
        )
    audio = silence = emotion = weights = None
    device = execution_device(transformer)
    lengths = [valid_lengths(text.mask)[0] for text in (conditions.negative or conditions.text, conditions.text)]
    if transformer.audio_proj is not None:
        prompts = conditions.audio.to(device)
        audio = transformer.encode_audio(pad(prompts, (0, 0) * 3 + (0, short)))
        silence = transformer.encode_audio(torch.zeros_like(prompts[:, :, :1]))
    if conditions.emotion is not None:
        weights = held(conditions.emotion.weights, fusion.ring)
        emotion = transformer.encode_emotion(conditions.emotion.tokens.to(device), weights.to(device))
    mask = held(conditions.face_mask, fusion.ring)
    latents = torch.arange(2 * fusion.ring) % fusion.ring
    frames = rearrange(torch.arange(2 * room) % room, "(r f) -> r f", f=stride)
    if audio is not None and not audio.pad:  # every latent hears the frames it holds itself
        frames = (stride * (latents.unsqueeze(1) - 1) + 1 + torch.arange(stride)).clamp(min=0)
    host_weights = None if emotion is None or weights is None else weights.cpu()
    return ShotContext(
        _placed(conditions, device), fusion, mask.to(device), audio, silence, emotion, latents.to(device),
        frames.to(device), (lengths[0], lengths[1]), mask.cpu(), host_weights,
    )  # fmt: skip


def _placed(conditions: Conditions, device: torch.device) -> Conditions:
    """Texts and reference on a device; the audio, of which keys and values are made, stays where it is."""
    negative = conditions.negative
    return replace(
        conditions,
        text=conditions.text.to(device),
        negative=None if negative is None else negative.to(device),
        reference=conditions.reference.to(device),
    )


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
) -> Tensor:
    """The rows' velocities (B, C, T, h, w), float32, by one forward. The tokens are written where they are kept."""
    device, dtype, count = execution_device(transformer), transformer.dtype, len(rows)
    given = shot.conditions
    prompts = tuple(row.conditional or not step.negative_text for row in rows)
    text = shot.once(("text", prompts), lambda: _joined_text(given, prompts))
    reuse = None if step.reuse is None else step.reuse.read([(row.conditional, row.latents) for row in rows], device)
    parallel = transformer._parallel_config is not None  # then the rows are of the tokens of this process alone
    faces = None if parallel or reuse is not None else faces_of(transformer, shot, step.mask_factor, rows)

    def constants() -> dict[str, Tensor]:
        numbers = {"motion_exp": sampling.expression, "motion_pose": sampling.pose}
        made = {name: torch.tensor(values, device=device).expand(count, -1) for name, values in numbers.items()}
        made["fps"] = torch.tensor([given.fps], device=device).expand(count)
        if transformer.config.guidance_embeds:
            made["guidance"] = torch.tensor([1000 * sampling.embedded_guidance], device=device).expand(count)
        return made

    inputs: dict[str, Any] = {
        "hidden_states": torch.cat([step.latents.index_select(2, shot.latents_of(row)) for row in rows]).to(dtype),
        "timestep": step.timestep.expand(count),
        "encoder_hidden_states": text.states.to(dtype),
        "encoder_attention_mask": text.mask,
        "pooled_projections": text.pooled.to(dtype),
        "ref_latents": given.reference.to(dtype).expand(count, -1, -1, -1, -1),
        "audio": _audio_of(shot, rows) if reuse is None and faces is None else None,
        "face_mask": (masks_of(shot, rows) * step.mask_factor).to(dtype),
        "emotion": _emotion_of(shot, rows) if reuse is None and faces is None else None,
        "block_cache": reuse,
        **shot.once(("constants", count), constants),
    }
    lengths = tuple(shot.text_lengths[positive] for positive in prompts)
    shared = Shared(prompts, lengths, faces, shot.once, step.once)

    def run() -> AvatarTransformerOutput:
        return transformer(**inputs, return_block_cache=step.keep is not None, shared=shared)  # type: ignore[no-any-return]

    output = run() if step.hooks is None else step.hooks.row(transformer, rows[0].conditional, rows[0].window, run)
    if step.keep is not None and output.block_cache is not None:
        step.keep.write(rows_of(output.block_cache), [(row.conditional, row.window) for row in rows])
    velocity: Tensor = output.sample.float()
    return velocity


def faces_of(
    transformer: HunyuanVideoAvatarTransformer3DModel, shot: ShotContext, factor: float, rows: Sequence[Row]
) -> FaceConditions | None:
    """Who says and feels what on which tokens of these rows. Which tokens, is worked out once per place on the ring."""
    if shot.audio is None and shot.emotion is None:
        return None
    weights = shot.host_weights
    still = shot.host_mask.shape[2] == 1 and (weights is None or weights.shape[2] == 1)
    place = len(rows) if still else tuple(row.start % shot.fusion.ring for row in rows)

    def make() -> tuple[TokenRows | None, TokenRows | None]:
        mask = (_cut(shot.host_mask, rows) * factor).to(transformer.dtype)
        shown = None if weights is None else _cut(weights, rows)
        inside, times = FaceTokenWeights(transformer.config.patch_size)(mask, shot.fusion.window)
        found = face_rows(inside, times, shot.audio is not None, shown, transformer.config.audio_alpha)
        return tuple(kind and kind.to(shot.face_mask.device) for kind in found)  # type: ignore[return-value]

    audio_rows, emotion_rows = shot.once(("faces", place, factor), make)
    return FaceConditions(_audio_of(shot, rows), audio_rows, _emotion_of(shot, rows), emotion_rows)


def _cut(tensor: Tensor, rows: Sequence[Row]) -> Tensor:
    """(1, S, 1 or R, …) on the host -> (B, S, 1 or T, …), each row's window."""
    if tensor.shape[2] == 1:
        return tensor.expand(len(rows), *tensor.shape[1:])
    return torch.cat([tensor[:, :, list(row.latents)] for row in rows])


def masks_of(shot: ShotContext, rows: Sequence[Row]) -> Tensor:
    """The face masks of each row's window: (B, S, 1 or T, h, w)."""
    if shot.face_mask.shape[2] == 1:
        return shot.face_mask.expand(len(rows), -1, -1, -1, -1)
    return torch.cat([shot.face_mask.index_select(2, shot.latents_of(row)) for row in rows])


def _audio_of(shot: ShotContext, rows: Sequence[Row]) -> AudioContext | None:
    """What the rows hear: the frames of their windows, or in the unconditional branch zeros for as many."""
    if shot.audio is None or shot.silence is None:
        return None
    silence, frames = shot.silence, [shot.frames_of(row) for row in rows]
    none = shot.once("silence", lambda: silence.frames(torch.zeros_like(frames[0])))
    heard = [shot.audio.frames(own) if row.conditional else none for row, own in zip(rows, frames, strict=True)]
    keys = torch.cat([context.keys for context in heard], dim=1)
    return replace(heard[0], keys=keys, values=torch.cat([context.values for context in heard], dim=1))


def _emotion_of(shot: ShotContext, rows: Sequence[Row]) -> EmotionContext | None:
    """The same pictures in every row, weighted as at the latents of its window."""
    emotion = shot.emotion
    if emotion is None:
        return None
    alike = shot.once(("emotion", len(rows)), lambda: emotion.rows([0] * len(rows)))
    if emotion.weights.shape[2] == 1:
        return alike
    weights = [emotion.weights.index_select(2, shot.latents_of(row)) for row in rows]
    return replace(alike, weights=torch.cat(weights))


def _joined_text(given: Conditions, prompts: Sequence[bool]) -> TextStates:
    """One batch of prompts (True: the shot's, False: the negative), padded with what the mask leaves out."""
    texts = [given.text if positive else (given.negative or given.text) for positive in prompts]
    length = max(text.states.shape[1] for text in texts)
    return TextStates(
        torch.cat([pad(text.states, (0, 0, 0, length - text.states.shape[1])) for text in texts]),
        torch.cat([pad(text.mask, (0, length - text.mask.shape[1])) for text in texts]),
        torch.cat([text.pooled for text in texts]),
    )
