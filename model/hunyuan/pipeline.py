"""HunyuanVideo-Avatar as a diffusers pipeline: a picture and any number of voices to a stream of frames.

Shapes: S speakers, N samples, F video frames, T latent frames, C latent channels, R latents of the ring, H/W pixels,
h/w latent cells, Q emotion pictures of a speaker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.utils import BaseOutput
from torch import Tensor

from model.avatar.conditions import Conditions, Emotions
from model.avatar.denoising import DenoisingState, denoise, initial_noise
from model.avatar.emotion_picture import VaeEmotionEncoder
from model.avatar.encoders import AudioEncoder, EmotionEncoder, TextEncoder, VideoAutoencoder
from model.avatar.fusion import FusionSchedule, position_shift
from model.avatar.guidance import Sampling
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.grid import WINDOW_LATENTS, latents_for
from model.memory import MEMORY, MemoryPlan, apply_memory
from model.picture import to_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

    from model.hunyuan.vae import Tiling


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


@dataclass
class HunyuanVideoAvatarPipelineOutput(BaseOutput):  # type: ignore[misc]
    """`frames`: (F, H, W, 3) uint8 RGB."""

    frames: Tensor


class HunyuanVideoAvatarPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Picture, prompt, and per speaker a voice, a mask and emotions -> video.

    `pipe(...)` does all of it. The three stages are there for whoever wants to save, resume, distribute or stream:
    `conditions(...)` encodes, `denoise(...)` yields a state per step, `decode(...)` yields frames.

    Args:
        transformer: the avatar transformer.
        scheduler: FlowMatchEulerDiscreteScheduler(shift=5) for the release.
        vae, text_encoder, audio_encoder: anything that satisfies the protocols of model/encoders.
        emotion_encoder: None: patches of the VAE's latents.
    """

    model_cpu_offload_seq = "text_encoder->audio_encoder->transformer->vae"
    _optional_components = ("emotion_encoder",)

    def __init__(
        self,
        transformer: HunyuanVideoAvatarTransformer3DModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
        vae: VideoAutoencoder,
        text_encoder: TextEncoder,
        audio_encoder: AudioEncoder,
        emotion_encoder: EmotionEncoder | None = None,
    ) -> None:
        super().__init__()
        self.register_modules(
            transformer=transformer,
            scheduler=scheduler,
            vae=vae,
            text_encoder=text_encoder,
            audio_encoder=audio_encoder,
            emotion_encoder=emotion_encoder,
        )

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.bfloat16,
        memory: MemoryPlan = MEMORY["high"],
        fp8: bool = False,
        tiling: Tiling | None = None,
        quantization_config: Any = None,
    ) -> HunyuanVideoAvatarPipeline:
        """The pipeline from the official folder (`weights/ckpts` of the release, or its parent).

        Args:
            dtype: of transformer and text encoders. Whisper computes in float32, the VAE in float16 on a GPU and
                float32 on a CPU, as the release.
            memory: see model/memory.
            fp8: take the 8-bit transformer of a folder that has both.
            tiling: of the VAE; None: the release's tiles.
            quantization_config: of diffusers, for a converted transformer.

        Raises:
            MissingWeights: naming folder, files and command.
            CheckpointError: a transformer checkpoint that does not fit, every key named.
        """
        from model.hunyuan.loading import load_components

        device = torch.device(device)
        pipeline = cls(**load_components(Path(folder), device, dtype, fp8, tiling, quantization_config))
        apply_memory(pipeline, memory, device)
        return pipeline

    def save_pretrained(self, folder: str | Path, **options: Any) -> None:
        """Not there: the encoders stay as they were released, and the transformer is saved alone."""
        raise NotImplementedError(
            f"save the transformer alone, transformer.save_pretrained('{folder}/transformer'), beside the released "
            "encoders: from_pretrained takes it from there"
        )

    @torch.no_grad()
    def conditions(
        self,
        image: Image,
        prompt: str,
        speakers: Sequence[SpeakerTrack],
        frames: int,
        fps: float = 25.0,
        window: int = WINDOW_LATENTS,
        generator: torch.Generator | None = None,
    ) -> Conditions:
        """Encode a shot of `frames` frames. The picture has the size of the video, multiples of 16 pixels.

        `generator` (CPU) draws the reference's posterior noise; None takes its mean.
        """
        cell = self.vae.spatial_stride * self.transformer.config.patch_size
        if image.width % cell or image.height % cell:
            raise ValueError(f"the picture is {image.width} x {image.height} pixels; both must be multiples of {cell}")
        if not speakers or frames < 1:
            raise ValueError(f"{len(speakers)} speakers, {frames} frames: a shot has at least one of each")
        latents = latents_for(frames, self.vae.temporal_stride)
        silent = torch.zeros(0)
        audio = [
            self.audio_encoder(silent if track.waveform is None else track.waveform, frames, fps) for track in speakers
        ]
        pixels = to_pixels(image)
        return Conditions(
            text=self.text_encoder(prompt, image),
            negative=self.text_encoder(self.text_encoder.negative_prompt, image),
            reference=self.vae.encode_reference(pixels, window, generator),
            audio=torch.stack(audio).unsqueeze(0),
            face_mask=_stacked([track.mask for track in speakers], latents),
            emotion=self._emotions(speakers, latents),
            fps=fps,
            picture=pixels,
        )

    def _emotions(self, speakers: Sequence[SpeakerTrack], latents: int) -> Emotions | None:
        """Pictures of all speakers, with blank ones of weight 0 where one has fewer; None when nobody has any."""
        most = max(len(track.emotions) for track in speakers)
        if most == 0:
            return None
        encode = self.emotion_encoder or VaeEmotionEncoder(self.vae, self.transformer.config.patch_size)
        blank: Tensor | None = None
        tokens, weights = [], []
        for track in speakers:
            mine = [encode(picture) for picture in track.emotions]
            blank = torch.zeros_like(mine[0]) if mine else blank
            given = track.emotion_weights if track.emotion_weights is not None else torch.zeros(1, len(mine))
            if given.shape[1] != len(mine):
                raise ValueError(f"emotion_weights for {given.shape[1]} pictures, but {len(mine)} pictures")
            tokens.append(mine)
            weights.append(torch.nn.functional.pad(given.float(), (0, most - len(mine))))
        assert blank is not None
        filled = [torch.stack([*mine, *[blank] * (most - len(mine))]) for mine in tokens]
        return Emotions(torch.stack(filled).unsqueeze(0), _stacked(weights, latents))

    def schedule(self, frames: int, window: int = WINDOW_LATENTS, offset: int = 5) -> FusionSchedule:
        """The windows of a shot of `frames` frames, by the papers' position shift."""
        return position_shift(latents_for(frames, self.vae.temporal_stride), window, offset)

    def start(self, conditions: Conditions, fusion: FusionSchedule, generator: torch.Generator) -> DenoisingState:
        """Noise for a shot, drawn on the CPU from `generator`."""
        height, width = conditions.reference.shape[-2:]
        return initial_noise(fusion, self.vae.latent_channels, height, width, generator)

    def denoise(
        self,
        conditions: Conditions,
        fusion: FusionSchedule,
        sampling: Sampling,
        state: DenoisingState,
        rows_per_batch: int = 2,
        replicas: Sequence[HunyuanVideoAvatarTransformer3DModel] = (),
        cache_device: torch.device | None = None,
    ) -> Iterator[DenoisingState]:
        """Run what is left of `state`, yielding the state after each step (see model/denoising.denoise).

        `replicas`: copies of the transformer on other devices, which share the windows of every step.
        """
        transformers = [self.transformer, *replicas]
        return denoise(transformers, self.scheduler, conditions, fusion, sampling, state, rows_per_batch, cache_device)

    def decode(self, state: DenoisingState, frames: int, picture: Tensor | None = None) -> Iterator[Tensor]:
        """The first `frames` frames of a denoised shot, (H, W, 3) uint8 RGB, as they come.

        `picture`: the shot's `conditions.picture`, which the small model's decoder looks at.
        """
        latents = state.latents[:, :, : latents_for(frames, self.vae.temporal_stride)]
        for number, frame in enumerate(self.vae.decode(latents, picture)):
            if number == frames:
                return
            yield frame

    @torch.no_grad()
    def __call__(
        self,
        image: Image,
        prompt: str,
        speakers: Sequence[SpeakerTrack],
        frames: int,
        fps: float = 25.0,
        sampling: Sampling | None = None,
        window: int = WINDOW_LATENTS,
        offset: int = 5,
        generator: torch.Generator | None = None,
        rows_per_batch: int = 2,
        callback_on_step_end: Callable[[DenoisingState], None] | None = None,
    ) -> HunyuanVideoAvatarPipelineOutput:
        """Generate a shot.

        Args:
            image: the first frame and everybody's likeness, already of the video's size.
            prompt: what the picture shows and how it moves.
            speakers: everybody in the picture, those who only listen too.
            frames: of the video; `latents_for(frames)` latents, in windows of `window` moved by `offset` a step.
            sampling: None is the release's: 50 steps, two-phase guidance, block cache.
            generator: on the CPU; the same generator gives the same video on one device.
        """
        sampling = sampling or Sampling()
        generator = generator or torch.Generator().manual_seed(0)
        fusion = self.schedule(frames, window, offset)
        given = self.conditions(image, prompt, speakers, frames, fps, window, generator)
        state = start = self.start(given, fusion, generator)
        for state in self.denoise(given, fusion, sampling, start, rows_per_batch):
            if callback_on_step_end is not None:
                callback_on_step_end(state)
        return HunyuanVideoAvatarPipelineOutput(frames=torch.stack(list(self.decode(state, frames, given.picture))))


def _stacked(tracks: Sequence[Tensor], latents: int) -> Tensor:
    """Per-speaker (1 or T, …) as one (1, S, 1 or T, …), spread over all latents when only some are."""
    wrong = [tuple(track.shape) for track in tracks if track.shape[0] not in (1, latents)]
    if wrong:
        raise ValueError(f"a track of shape {wrong[0]} for {latents} latents; its first axis is 1 or {latents}")
    length = max(track.shape[0] for track in tracks)
    return torch.stack([track.expand(length, *track.shape[1:]) for track in tracks]).unsqueeze(0)
