"""A small Hallo3 in the drawn world: its video code, clips and networks, the films it makes, what they are worth.

The video code is linear: principal components of patches of 8 x 8 pixels over 4 frames, fitted in a second. What is
heard is the small model's log-mel windows; a face's embedding is a fixed random view of its own pixels.

Shapes: B clips, F frames, T latent frames, C latent channels, H x W pixels, h x w latent cells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

from model.grid import frames_for, latents_for
from model.hallo3.clip_conditions import ClipConditions
from model.hallo3.guidance import Guidance
from model.hallo3.motion_frames import condition_latents
from model.hallo3.pipeline import Hallo3Pipeline, Sampling
from model.hallo3.prepared import TrainingClip
from model.hallo3.scheduler import ClipState
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel
from model.tiny.log_mel import high_pass, with_blinks

from .clips import IDENTITIES, Clip, Placed, Stage, make_clip
from .looks import sample_look
from .measures import correlation
from .places import PLACES
from .reader import Reader, face_crops
from .speech import stream

SIZE, LATENTS, CHANNELS, WORDS, WORD = 64, 5, 64, 8, 32
FRAMES = frames_for(LATENTS)
SHARED = {
    "in_channels": 2 * CHANNELS, "out_channels": CHANNELS, "num_attention_heads": 3, "attention_head_dim": 64,
    "num_layers": 4, "time_embed_dim": 128, "text_embed_dim": WORD, "sample_height": SIZE // 8,
    "sample_width": SIZE // 8, "sample_frames": FRAMES, "max_text_seq_length": WORDS,
}  # fmt: skip
HEARD = {
    "face_dim": 64, "audio_window": 10, "audio_layers": 1, "audio_channels": 84, "audio_intermediate_dim": 128,
    "audio_tokens": 4, "audio_dim": 64,
}  # fmt: skip


class PatchCodec(nn.Module):
    """Pixels (B, 3, F, H, W) in -1 … 1 to latents (B, C, T, H/8, W/8) and back; the first frame stands alone.

    A short clip of two or three frames is one latent, as in CogVideoX: the first frame is repeated to fill it.
    """

    spatial_stride = 8

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.channels = channels
        self.register_buffer("mean", torch.zeros(SIZE // 8, SIZE // 8, 768))
        self.register_buffer("components", torch.zeros(channels, 768))
        self.register_buffer("scale", torch.ones(channels))

    @staticmethod
    def patches(pixels: Tensor) -> Tensor:
        """(B, 3, F, H, W) to (B, T, h, w, 768)."""
        groups = latents_for(pixels.shape[2]) if pixels.shape[2] % 4 == 1 else 1
        missing = 4 * groups - pixels.shape[2]
        filled = torch.cat([repeat(pixels[:, :, :1], "b c 1 h w -> b c f h w", f=missing), pixels], dim=2)
        return rearrange(filled, "b c (t f) (h p) (w q) -> b t h w (c f p q)", f=4, p=8, q=8)

    def fit(self, clips: Sequence[Tensor], repeats: int = 8) -> None:
        """From clips (3, F, H, W): what differs from their mean picture; components count by the root of their spread.

        The middle of the lower half, where mouths are, counts `repeats` times.
        """
        grids = [self.patches(clip[None])[0] for clip in clips]
        self.mean.copy_(torch.cat(grids).mean(0))
        grids = [grid - self.mean for grid in grids]
        high, wide = grids[0].shape[1:3]
        mouths = [grid[:, high // 2 : high - 1, wide // 4 : wide - wide // 4].flatten(0, 2) for grid in grids]
        rows = torch.cat([grid.flatten(0, 2) for grid in grids] + mouths * repeats)
        values, vectors = torch.linalg.eigh(rows.T @ rows / len(rows))
        self.components.copy_(vectors[:, -self.channels :].T)
        self.scale.copy_(values[-self.channels :].clamp(min=1e-8) ** -0.25)
        self.scale /= (torch.cat([grid.flatten(0, 2) for grid in grids]) @ self.components.T * self.scale).std()

    def encode(self, pixels: Tensor, generator: torch.Generator | None = None) -> Tensor:
        states = (self.patches(pixels) - self.mean) @ self.components.T * self.scale
        return rearrange(states, "b t h w c -> b c t h w")

    def decode(self, latents: Tensor) -> Tensor:
        states = rearrange(latents, "b c t h w -> b t h w c") / self.scale @ self.components + self.mean
        pixels = rearrange(states, "b t h w (c f p q) -> b c (t f) (h p) (w q)", c=3, f=4, p=8, q=8)
        return pixels[:, :, 3:]


def words(prompt: str) -> Tensor:
    """A prompt as fixed random vectors of its words, (1, WORDS, WORD)."""
    out = torch.zeros(1, WORDS, WORD)
    for place, word in enumerate(prompt.split()[:WORDS]):
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
        out[0, place] = torch.randn(WORD, generator=torch.Generator().manual_seed(seed))
    return out


_VIEW = torch.randn(3 * 16 * 16, 512, generator=torch.Generator().manual_seed(11)) / 16


def embedding(picture: Tensor, face: Placed) -> Tensor:
    """A face (3, H, W) uint8 as 512 numbers: a random view of its pixels."""
    crop = face_crops(picture[None], (face.x, face.y, face.radius))
    return (F.interpolate(crop, (16, 16), mode="area").flatten() - 0.5) @ _VIEW


def draw(number: int, split: str, latents: int = LATENTS, person: int | None = None) -> Clip:
    """Somebody of the drawn world who talks, in their own picture; `person`: always that one, in the same."""
    rng = np.random.default_rng([{"train": 1, "validation": 2, "test": 3}[split], number, SIZE])
    dice = rng if person is None else np.random.default_rng(person)
    low, high = IDENTITIES[split]
    look = sample_look(int(rng.integers(low, high)) if person is None else person)
    radius, seconds = float(dice.uniform(0.28, 0.34)) * SIZE, frames_for(latents) / 25
    face = Placed(look, SIZE / 2 + float(dice.uniform(-2, 2)), SIZE * 0.54 + float(dice.uniform(-2, 2)), radius)
    stage = Stage(str(dice.choice(PLACES)), (face,), SIZE, SIZE, int(dice.integers(1 << 30)))
    wave = with_blinks(high_pass(stream(rng, split, seconds)), float(rng.random()))
    return make_clip(stage, [wave], [("neutral", 0.0)], latents=latents)


def face_alone(picture: Tensor, face: Placed) -> Tensor:
    """(3, H, W) with everything outside the face black."""
    mask = torch.zeros(picture.shape[-2:])
    reach = 1.25 * face.radius
    top, bottom = max(0, round(face.y - reach)), round(face.y + reach)
    mask[top:bottom, max(0, round(face.x - reach)) : round(face.x + reach)] = 1
    return picture * mask


def training_clip(clip: Clip) -> TrainingClip:
    """A drawn clip as training takes it."""
    face, portrait = clip.stage.faces[0], clip.reference
    return TrainingClip(
        clip.frames.float() / 127.5 - 1,
        portrait.float() / 127.5 - 1,
        face_alone(portrait.float(), face) / 127.5 - 1,
        clip.stage.prompt(clip.manner),
        embedding(portrait, face),
        clip.audio[0],
    )


def networks(seed: int = 0, **sizes: int) -> tuple[Hallo3Transformer3DModel, Hallo3ReferenceNetwork]:
    """A small denoiser and reference network, new."""
    torch.manual_seed(seed)
    shared = {**SHARED, **sizes}
    denoiser, reference = Hallo3Transformer3DModel(**shared, **HEARD), Hallo3ReferenceNetwork(**shared)
    with torch.no_grad():
        for network in (denoiser, reference):
            network.embedding.positions.normal_(std=0.02)
            network.proj_out.weight.mul_(0.1)
    return denoiser, reference


@dataclass(frozen=True, eq=False)
class DrawnHallo3:
    """The trained parts together."""

    denoiser: Hallo3Transformer3DModel
    reference: Hallo3ReferenceNetwork
    codec: PatchCodec
    sampling: Sampling = Sampling(10, Guidance(1.0, 1.0))

    @torch.no_grad()
    def film(self, clip: Clip, seed: int = 0) -> Tensor:
        """The model's frames for the audio and portrait of a drawn clip of one network clip, (F, 3, H, W) uint8."""
        pipeline = Hallo3Pipeline(self.denoiser, lambda: self.reference, self.codec, None, None)  # type: ignore[arg-type]
        generator, given = torch.Generator().manual_seed(seed), training_clip(clip)
        portrait = rearrange(given.portrait, "c h w -> 1 c 1 h w")
        start = self.codec.encode(portrait.expand(-1, -1, 3, -1, -1))
        known = self.codec.encode(rearrange(given.face_alone, "c h w -> 1 c 1 h w"))
        text = words(given.caption)
        bank = self.reference(rearrange(known, "b c t h w -> b t c h w"), torch.zeros_like(text))
        windows = given.windows[None]
        conditions = ClipConditions(
            condition_latents(start, LATENTS), text, self.denoiser.encode_audio(windows),
            self.denoiser.encode_audio(torch.zeros_like(windows)),
            self.denoiser.encode_face(given.face_embedding[None]), bank,
        )  # fmt: skip
        state = ClipState(0, torch.randn(1, LATENTS, CHANNELS, SIZE // 8, SIZE // 8, generator=generator))
        last = list(pipeline.denoise(conditions, self.sampling, state, generator))[-1]
        frames = self.codec.decode(rearrange(last.latents, "b t c h w -> b c t h w"))[0]
        return ((rearrange(frames, "c f h w -> f c h w") + 1) * 127.5).clamp(0, 255).round().byte()


def lips(model: DrawnHallo3, reader: Reader, clips: Sequence[Clip]) -> float:
    """Correlation of the mouths read off the films with what was said: over all frames, each clip on its own mean."""
    return lips_against(model, reader, clips, clips)


def lips_against(model: DrawnHallo3, reader: Reader, clips: Sequence[Clip], said: Sequence[Clip]) -> float:
    """As `lips`, held against what was said in other clips."""
    read, truth = [], []
    with torch.no_grad():
        for number, (clip, other) in enumerate(zip(clips, said, strict=True)):
            face = clip.stage.faces[0]
            seen = reader(face_crops(model.film(clip, number), (face.x, face.y, face.radius)))[0]
            read.append(seen - seen.mean())
            truth.append(other.openness[0] - other.openness[0].mean())
    return correlation(torch.cat(read), torch.cat(truth))


def identity(model: DrawnHallo3, clips: Sequence[Clip]) -> int:
    """How many films' mean faces are nearest to their own reference among all clips', the mouth left out."""
    mouthless = torch.ones(64, 64)
    mouthless[40:58, 16:48] = 0
    faces, references = [], []
    for number, clip in enumerate(clips):
        face = clip.stage.faces[0]
        box = (face.x, face.y, face.radius)
        faces.append((face_crops(model.film(clip, number), box).mean(0) * mouthless).flatten())
        references.append((face_crops(clip.reference[None], box)[0] * mouthless).flatten())
    nearest = torch.cdist(torch.stack(faces), torch.stack(references)).argmin(1)
    return int((nearest == torch.arange(len(clips))).sum())
