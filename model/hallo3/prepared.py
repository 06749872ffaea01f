"""A folder of prepared videos, and the clips that are cut from it to learn from.

One folder per video:

    video.json            {"fps": 25.0, "frames": 120, "caption": "…", "face": [x, y, width, height]}
    frames/000000.png …   every frame, at the video's own rate
    conditions.safetensors  face_embedding (512,), audio (frames, V, E): wav2vec2's states at the video's own rate

`face` is the smallest rectangle around the face in all frames, in pixels. scripts/prepare_hallo3.py writes it.

Shapes: F frames of a clip, H x W pixels, T latent frames, C latent channels, h x w latent cells.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from einops import rearrange
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.grid import latents_for
from model.hallo3.motion_frames import condition_latents, pixel_mask
from model.hallo3.portrait import face_only
from model.hallo3.training import Batch
from model.hallo3.wav2vec_audio import training_windows

ABOUT, FRAMES, CONDITIONS = "video.json", "frames", "conditions.safetensors"
MOTION = 2
NOISE_MEAN, NOISE_SPREAD = -3.0, 0.5  # of the logarithm of the noise on motion frames
_FIRST = 3  # frames before the first clip, where a video is long enough; the audio window needs 2


class VideoCodec(Protocol):
    """What training asks of the video autoencoder."""

    def encode(self, pixels: Tensor, generator: torch.Generator | None) -> Tensor: ...


@dataclass(frozen=True, eq=False)
class TrainingClip:
    """A clip as pixels: frames (F, 3, H, W) and the portrait (3, H, W), whole and face alone, in -1 … 1."""

    frames: Tensor
    portrait: Tensor
    face_alone: Tensor
    caption: str
    face_embedding: Tensor
    windows: Tensor  # (F, 5, V, E)


@dataclass(frozen=True)
class PreparedVideo:
    """One video of the folder."""

    folder: Path
    frames: int
    caption: str
    face: tuple[float, float, float, float]
    fps: float

    @staticmethod
    def at(folder: Path) -> PreparedVideo:
        """ValueError says what is wrong with it."""
        try:
            about = json.loads((folder / ABOUT).read_text())
            x, y, width, height = (float(side) for side in about["face"])
            return PreparedVideo(
                folder, int(about["frames"]), str(about["caption"]), (x, y, width, height), float(about["fps"])
            )
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{folder / ABOUT}: not a prepared video ({type(error).__name__}: {error})") from error

    def starts(self, clip: int) -> range:
        """Where a clip of `clip` frames may begin. ValueError when the video is too short."""
        usual = range(_FIRST, self.frames - clip - _FIRST + 1)
        starts = usual if usual else range(2, self.frames - clip - 1)
        if not starts:
            raise ValueError(f"{self.folder}: has {self.frames} frames; a clip of {clip} needs {clip + 4}")
        return starts

    def frame(self, number: int) -> Tensor:
        """Frame `number`, (H, W, 3) uint8."""
        from PIL import Image

        with Image.open(self.folder / FRAMES / f"{number:06d}.png") as picture:
            return torch.from_numpy(np.array(picture.convert("RGB")))

    def clip(self, first: int, portrait: int, count: int, size: tuple[int, int]) -> TrainingClip:
        """`count` frames from `first`, with frame `portrait` as the portrait, resized to `size` (rows, columns)."""
        conditions = load_file(self.folder / CONDITIONS)
        picture = self.frame(portrait)
        frames = torch.stack([_resized(self.frame(first + number), size) for number in range(count)])
        x, y, width, height = self.face
        rectangle = (round(x), round(y), round(x + width), round(y + height))
        return TrainingClip(
            frames,
            _resized(picture, size),
            _resized(face_only(picture, rectangle), size),
            self.caption,
            conditions["face_embedding"],
            training_windows(conditions["audio"], first, count),
        )


def _resized(picture: Tensor, size: tuple[int, int]) -> Tensor:
    """(H', W', 3) of 0 … 255 to (3, H, W) in -1 … 1: squares between bars, others pulled to the shape, as released."""
    import torch.nn.functional as F

    from model.hallo3.portrait import framed

    if picture.shape[0] == picture.shape[1]:
        return framed(picture, *size)[0] * 2 - 1
    pixels = rearrange(picture.float() / 255, "h w c -> 1 c h w")
    resized = F.interpolate(pixels, size, mode="bicubic", antialias=True)
    return resized[0].clamp(0, 1) * 2 - 1


def write_video(
    folder: Path, frames: Sequence[np.ndarray], fps: float, caption: str, face: tuple[float, float, float, float],
    face_embedding: Tensor, audio: Tensor,
) -> None:  # fmt: skip
    """Write one video in the layout; `frames` (H, W, 3) uint8, `audio` (frames, V, E)."""
    from PIL import Image

    if len(frames) != len(audio):
        raise ValueError(f"{folder}: {len(frames)} frames and audio for {len(audio)}")
    (folder / FRAMES).mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / FRAMES / f"{number:06d}.png")
    save_file({"face_embedding": face_embedding, "audio": audio.contiguous()}, folder / CONDITIONS)
    about = {"fps": fps, "frames": len(frames), "caption": caption, "face": list(face)}
    (folder / ABOUT).write_text(json.dumps(about, ensure_ascii=False, indent=1))


def prepared_videos(folder: Path) -> list[PreparedVideo]:
    """Every video of a folder, by name. ValueError when there is none."""
    videos = [PreparedVideo.at(path.parent) for path in sorted(folder.glob(f"*/{ABOUT}"))]
    if not videos:
        raise ValueError(f"{folder}: no prepared videos (wanted NAME/{ABOUT} in it)")
    return videos


def training_condition(clip: TrainingClip, codec: VideoCodec, generator: torch.Generator) -> Tensor:
    """Condition latents (1, T, C, h, w): the portrait, and the clip's own first frames, noisy and with holes."""
    sigma = (NOISE_MEAN + NOISE_SPREAD * torch.randn((), generator=generator)).exp()
    motion = rearrange(clip.frames[:MOTION], "n c h w -> 1 c n h w")
    motion = motion + sigma * torch.randn(motion.shape, generator=generator)
    mask = pixel_mask(torch.rand(motion.shape[-2:], generator=generator))
    frames = torch.cat([rearrange(clip.portrait, "c h w -> 1 c 1 h w"), motion * mask.to(motion)], dim=2)
    return condition_latents(codec.encode(frames, generator), latents_for(len(clip.frames)))


def batch_of(
    clips: Sequence[TrainingClip], texts: Sequence[Tensor], codec: VideoCodec, generator: torch.Generator
) -> Batch:
    """Clips with their encoded captions (1, L, W) as a batch."""
    latents, conditions, references = [], [], []
    for clip in clips:
        video = codec.encode(rearrange(clip.frames, "f c h w -> 1 c f h w"), generator)
        latents.append(rearrange(video, "1 c t h w -> 1 t c h w"))
        conditions.append(training_condition(clip, codec, generator))
        face = codec.encode(rearrange(clip.face_alone, "c h w -> 1 c 1 h w"), generator)
        references.append(rearrange(face, "1 c t h w -> 1 t c h w"))
    return Batch(
        torch.cat(latents), torch.cat(conditions), torch.cat(references), torch.cat(list(texts)),
        torch.stack([clip.face_embedding for clip in clips]), torch.stack([clip.windows for clip in clips]),
    )  # fmt: skip
