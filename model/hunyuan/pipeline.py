"""HunyuanVideo-Avatar as a diffusers pipeline: a picture and any number of voices to a stream of frames.

Shapes: S speakers, N samples, F video frames, T latent frames, C latent channels, R latents of the ring, H/W pixels,
h/w latent cells, Q emotion pictures of a speaker.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler
from diffusers.loaders.lora_pipeline import HunyuanVideoLoraLoaderMixin
from diffusers.utils import BaseOutput
from torch import Tensor, nn

from model.avatar.conditions import Conditions, Emotions
from model.avatar.denoising import DenoisingState, denoise, initial_noise, timesteps_of
from model.avatar.emotion_picture import VaeEmotionEncoder
from model.avatar.encoders import AudioEncoder, EmotionEncoder, TextEncoder, VideoAutoencoder
from model.avatar.fusion import FusionSchedule, position_shift
from model.avatar.guidance import Sampling
from model.avatar.lora import diffusers_lora, read_lora
from model.avatar.team import Team
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.fast_names import SAMPLED
from model.grid import WINDOW_LATENTS, latents_for
from model.hunyuan.calls import ShotWanted, Wanted, as_wanted, faults, sampling_of, shots_of
from model.hunyuan.saved import check_saveable, folder_of, is_saved, known_parts, parts_of
from model.hunyuan.speaker_track import SpeakerTrack
from model.memory import MEMORY, MemoryPlan, apply_memory
from model.picture import to_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

    from model.hunyuan.vae import Tiling

__all__ = ["HunyuanVideoAvatarPipeline", "HunyuanVideoAvatarPipelineOutput", "SpeakerTrack"]
Callback = Callable[[Any, int, Tensor, dict[str, Tensor]], "dict[str, Tensor] | None"]


@dataclass
class HunyuanVideoAvatarPipelineOutput(BaseOutput):  # type: ignore[misc]
    """`frames`: (F, H, W, 3) uint8 RGB of one video, or as `output_type` wants them."""

    frames: Any


class HunyuanVideoAvatarPipeline(DiffusionPipeline, HunyuanVideoLoraLoaderMixin):  # type: ignore[misc]
    """Picture, prompt, and per speaker a voice, a mask and emotions -> video.

    `pipe(...)` does all of it. The three stages are there for whoever wants to save, resume, distribute or stream:
    `conditions(...)` encodes, `denoise(...)` yields a state per step, `decode(...)` yields frames.

    Args:
        transformer: the avatar transformer.
        scheduler: FlowMatchEulerDiscreteScheduler(shift=5) for the release.
        vae, text_encoder, audio_encoder: anything that satisfies the protocols of model/encoders.
        emotion_encoder: None: patches of the VAE's latents.
    """

    model_cpu_offload_seq = "text_encoder->audio_encoder->emotion_encoder->transformer->vae"
    _optional_components = ["emotion_encoder"]
    _callback_tensor_inputs = ["latents"]

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
        take_vae = getattr(emotion_encoder, "take_vae", None)
        if take_vae is not None:  # an encoder that reads the pipeline's own latents
            take_vae(vae)
        self._interrupt = False
        self._sampling = Sampling()

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | dict[str, torch.dtype] | None = None,
        memory: MemoryPlan = MEMORY["high"],
        fp8: bool = False,
        tiling: Tiling | None = None,
        quantization_config: Any = None,
        **options: Any,
    ) -> HunyuanVideoAvatarPipeline:
        """The pipeline from what `save_pretrained` wrote, or from the official folder (`weights/ckpts` or its parent).

        Args:
            folder: a folder; or `owner/name` of the hub, which is looked for in its cache and fetched only with
                `local_files_only=False`.
            dtype: also `torch_dtype`. None: bfloat16 for the official folder, float32 for a saved one. Whisper computes
                in float32 always, the official VAE in float16 on a GPU and float32 on a CPU, as the release.
            memory: see model/memory.
            fp8: take the 8-bit transformer of an official folder that has both.
            tiling: of the VAE; None: the release's tiles, or those saved.
            quantization_config: of diffusers, for a converted transformer; PipelineQuantizationConfig for a saved one.
            options: parts to use instead of the folder's (`transformer=…`), and for a saved folder what diffusers takes
                (`variant`, `use_safetensors`, …).

        Raises:
            MissingWeights: naming folder, files and command.
            CheckpointError: a transformer checkpoint that does not fit, every key named.
            ValueError: an option that the folder does not take.
        """
        from model.hunyuan.loading import load_components

        device, dtype = torch.device(device), dtype or options.pop("torch_dtype", None)
        options.pop("torch_dtype", None)
        place = folder_of(folder, options)
        if is_saved(place):
            if fp8:
                raise ValueError(f"{place} is a saved pipeline; fp8 chooses between the files of the official folder")
            known_parts(place)
            given = {"dtype": dtype, "quantization_config": quantization_config, **options}
            pipeline: HunyuanVideoAvatarPipeline = super().from_pretrained(str(place), **given)
            if tiling is not None:
                pipeline.vae.set_tiling(tiling)
        else:
            usual = dtype or torch.bfloat16
            pipeline = cls(**load_components(place, device, usual, fp8, tiling, quantization_config, options))
        for part in pipeline.components.values():
            if isinstance(part, nn.Module):
                part.eval()
        apply_memory(pipeline, memory, device)
        return pipeline

    @classmethod
    def from_pipe(
        cls, pipeline: DiffusionPipeline, torch_dtype: torch.dtype | None = None, **parts: Any
    ) -> HunyuanVideoAvatarPipeline:
        """A pipeline of another's parts, some replaced (`scheduler=…`), nothing copied; `torch_dtype` changes them."""
        made = cls(**parts_of(pipeline, cls, parts))
        return made if torch_dtype is None else made.to(torch_dtype)

    def save_pretrained(self, save_directory: str | Path, *args: Any, **options: Any) -> None:
        """As diffusers saves a pipeline; a part that cannot be saved is an error before anything is written."""
        check_saveable(self)
        super().save_pretrained(str(save_directory), *args, **options)

    def load_lora_weights(
        self,
        pretrained_model_name_or_path_or_dict: str | Path | Mapping[str, Tensor],
        adapter_name: str | None = None,
        hotswap: bool = False,
        weight_name: str | None = None,
        **_: Any,
    ) -> None:
        """A LoRA of the transformer, in our (diffusers', peft's) names or the original's; see model/avatar/lora.

        LoraError names all that does not fit. Nothing is downloaded.
        """
        state = diffusers_lora(read_lora(pretrained_model_name_or_path_or_dict, weight_name), self.transformer)
        options = {"adapter_name": adapter_name, "hotswap": hotswap, "_pipeline": self}
        with warnings.catch_warnings():  # peft lists layers by the ends of their names, and loads them by whole names
            warnings.filterwarnings("ignore", "While injecting the PEFT adapters, an inconsistency", RuntimeWarning)
            warnings.filterwarnings("ignore", "Already found a `peft_config`", UserWarning)  # a second one is meant
            self.transformer.load_lora_adapter(state, prefix=None, **options)

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
        cell = self._cell
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

    @property
    def _cell(self) -> int:
        """Pixels that both sides of a picture are multiples of."""
        return int(self.vae.spatial_stride * self.transformer.config.patch_size)

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
        team: Team | None = None,
    ) -> Iterator[DenoisingState]:
        """Run what is left of `state`, yielding the state after each step (see model/denoising.denoise).

        `replicas`: copies of the transformer on other devices, which share the windows of every step. `team`: other
        processes that do.
        """
        if self.transformer.is_cache_enabled:
            raise ValueError(
                "a cache of diffusers is enabled, which keeps what it knows by place in a window, and the windows of a "
                f"film move; call transformer.disable_cache(), and take Sampling(fast=…) of {', '.join(SAMPLED)}"
            )
        transformers = [self.transformer, *replicas]
        options = (rows_per_batch, cache_device, team)
        return denoise(transformers, self.scheduler, conditions, fusion, sampling, state, *options)

    def decode(self, state: DenoisingState, frames: int, picture: Tensor | None = None) -> Iterator[Tensor]:
        """The first `frames` frames of a denoised shot, (H, W, 3) uint8 RGB, as they come.

        `picture`: the shot's `conditions.picture`, which the small model's decoder looks at.
        """
        latents = state.latents[:, :, : latents_for(frames, self.vae.temporal_stride)]
        for number, frame in enumerate(self.vae.decode(latents, picture)):
            if number == frames:
                return
            yield frame

    @property
    def guidance_scale(self) -> float:
        """Of the last call's first step."""
        return self._sampling.guidance.at(0, self._sampling.steps).scale

    @property
    def num_timesteps(self) -> int:
        """Of the last call."""
        return self._sampling.steps

    @property
    def interrupt(self) -> bool:
        """Set `_interrupt` in a callback to end the call after that step, with the frames as they are."""
        return self._interrupt

    def check_inputs(self, wanted: Wanted) -> None:
        """ValueError with everything that is wrong with a call."""
        found = faults(wanted, self._cell, None, self._callback_tensor_inputs)
        if not found:
            image = wanted.image[0] if isinstance(wanted.image, list | tuple) else wanted.image
            ring = self.schedule(wanted.frames, wanted.window, wanted.offset).ring
            cells = (image.height // self.vae.spatial_stride, image.width // self.vae.spatial_stride)
            found = faults(wanted, self._cell, (self.vae.latent_channels, ring, *cells), self._callback_tensor_inputs)
        if found:
            raise ValueError("\n".join(found))

    @torch.no_grad()
    def __call__(
        self,
        image: Image | list[Image],
        prompt: str | list[str],
        speakers: Sequence[SpeakerTrack] | Sequence[Sequence[SpeakerTrack]],
        frames: int,
        fps: float = 25.0,
        sampling: Sampling | None = None,
        window: int = WINDOW_LATENTS,
        offset: int = 5,
        generator: torch.Generator | list[torch.Generator] | None = None,
        rows_per_batch: int = 2,
        callback_on_step_end: Callback | None = None,
        callback_on_step_end_tensor_inputs: Sequence[str] = ("latents",),
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        sigmas: Sequence[float] | None = None,
        num_videos_per_prompt: int = 1,
        latents: Tensor | None = None,
        output_type: str = "uint8",
        return_dict: bool = True,
    ) -> HunyuanVideoAvatarPipelineOutput | tuple[Any]:
        """Generate a shot, or several of one size.

        Args:
            image: the first frame and everybody's likeness, already of the video's size; a list: one per prompt.
            prompt: what the picture shows and how it moves; a list: a video each.
            speakers: everybody in the picture, those who only listen too; a list of lists: one per prompt.
            frames: of the video; `latents_for(frames)` latents, in windows of `window` moved by `offset` a step.
            sampling: None is the release's: 50 steps, two-phase guidance, block cache.
            generator: on the CPU; the same generator gives the same video on one device. A list: one per video.
            callback_on_step_end: called with (pipe, step, timestep, tensors) after every step; the "latents" of what it
                returns go on from there. `pipe._interrupt = True` ends the call.
            num_inference_steps, sigmas, guidance_scale: instead of `sampling`'s; the scale is held through both phases
                of guidance, and 1 or less is none.
            latents: noise to start from, (videos, channels, latents of the ring, cells).
            output_type: pil, np, pt or latent as in diffusers, or uint8; see model.hunyuan.calls.as_wanted.
        """
        wanted = Wanted(
            image, prompt, speakers, frames, fps, num_inference_steps, guidance_scale, sigmas, window, offset,
            rows_per_batch, num_videos_per_prompt, generator, latents, output_type, callback_on_step_end_tensor_inputs,
        )  # fmt: skip
        self.check_inputs(wanted)
        self._sampling = sampling_of(sampling or Sampling(), wanted)
        self._interrupt = False
        videos = []
        for shot in shots_of(wanted):
            given = self.conditions(shot.image, shot.prompt, shot.speakers, frames, fps, window, shot.generator)
            state = self._denoised(given, shot, wanted, callback_on_step_end)
            if output_type == "latent":
                videos.append(state.latents[:, :, : latents_for(frames, self.vae.temporal_stride)])
            else:
                videos.append(torch.stack(list(self.decode(state, frames, given.picture))))
        self.maybe_free_model_hooks()
        made = as_wanted(videos, output_type, single=isinstance(prompt, str) and num_videos_per_prompt == 1)
        return HunyuanVideoAvatarPipelineOutput(frames=made) if return_dict else (made,)

    def _denoised(
        self, given: Conditions, shot: ShotWanted, wanted: Wanted, callback: Callback | None
    ) -> DenoisingState:
        """A shot of a call, with the caller told of every step."""
        sampling, fusion = self._sampling, self.schedule(wanted.frames, wanted.window, wanted.offset)
        timesteps = timesteps_of(self.scheduler, sampling.steps, sampling.sigmas).timesteps
        state = self.start(given, fusion, shot.generator)
        if shot.latents is not None:
            state = DenoisingState(0, shot.latents.to("cpu", torch.float32, copy=True))
        with self.progress_bar(total=sampling.steps) as bar:
            for state in self.denoise(given, fusion, sampling, state, wanted.rows_per_batch):  # noqa: B020 - goes on from it
                bar.update()
                if callback is not None:
                    tensors = {name: getattr(state, name) for name in wanted.tensor_inputs}
                    back = callback(self, state.step - 1, timesteps[state.step - 1], tensors) or {}
                    if back.get("latents", state.latents) is not state.latents:
                        state.latents.copy_(back["latents"])  # what the next step starts from
                if self._interrupt:
                    break
        return state


def _stacked(tracks: Sequence[Tensor], latents: int) -> Tensor:
    """Per-speaker (1 or T, …) as one (1, S, 1 or T, …), spread over all latents when only some are."""
    wrong = [tuple(track.shape) for track in tracks if track.shape[0] not in (1, latents)]
    if wrong:
        raise ValueError(f"a track of shape {wrong[0]} for {latents} latents; its first axis is 1 or {latents}")
    length = max(track.shape[0] for track in tracks)
    return torch.stack([track.expand(length, *track.shape[1:]) for track in tracks]).unsqueeze(0)
