"""Hallo3's parts together: a portrait, a voice and a prompt to clips of video, one after another.

Shapes: H x W pixels of the network's frame, F video frames, T latent frames, C latent channels, h x w latent cells, S
voices, L text tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch
from einops import rearrange
from torch import Tensor

from model.grid import latents_for
from model.hallo3.clip_conditions import ClipConditions, rows
from model.hallo3.clips import MOTION_FRAMES, ClipSchedule
from model.hallo3.guidance import Branch, Guidance
from model.hallo3.motion_frames import MotionForm, condition_frames, condition_latents, encoded_frames, pixel_mask
from model.hallo3.portrait import Rectangle, face_only, framed
from model.hallo3.scheduler import ClipState, DiffusersSolver, Hallo3Scheduler, Solver
from model.hallo3.t5_text import T5Text
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel
from model.hallo3.vae import Hallo3VAE
from model.hallo3.wav2vec_audio import Wav2VecAudioEncoder, clip_windows
from model.memory import execution_device


@dataclass(frozen=True)
class Sampling:
    """How a clip is denoised. `exact`: the release's solver; else diffusers' own, which is near it."""

    steps: int = 50
    guidance: Guidance = field(default_factory=Guidance)
    exact: bool = True
    passes_at_once: int = 2

    def solver(self) -> Solver:
        return Hallo3Scheduler(self.steps) if self.exact else DiffusersSolver(self.steps)


@dataclass(frozen=True, eq=False)
class Portrait:
    """What of a picture stays over a whole film.

    pixels (1, 3, H, W) in -1 … 1; `face` its tokens; `bank` the reference network's; `texts` one (1, L, W) per clip.
    `voices`: states of each voice, (padded F, V, E), None for silence; one, unless `audio_mask` (1, S, 1, tokens of a
    frame) says which tokens hear which.
    """

    pixels: Tensor
    face: Tensor | None
    bank: tuple[Tensor, ...] | None
    texts: tuple[Tensor, ...]
    voices: tuple[Tensor | None, ...]
    audio_mask: Tensor | None = None


class Hallo3Pipeline:
    """Denoiser, reference network and the encoders around them.

    `reference` gives the reference network when it is needed, once per portrait: on a small machine it need not be in
    memory together with the denoiser. `motion` frames are carried from clip to clip, encoded in `motion_form`; the
    release has 2, the paper tries 1, 2, 4 and 8.
    """

    def __init__(
        self,
        denoiser: Hallo3Transformer3DModel,
        reference: Callable[[], Hallo3ReferenceNetwork],
        vae: Hallo3VAE,
        text_encoder: T5Text,
        audio_encoder: Wav2VecAudioEncoder,
        motion: int = MOTION_FRAMES,
        motion_form: MotionForm = "released",
    ) -> None:
        self.denoiser = denoiser
        self.reference = reference
        self.vae = vae
        self.text_encoder = text_encoder
        self.audio_encoder = audio_encoder
        self.motion, self.motion_form = motion, motion_form
        self.separator: Callable[[Tensor], Tensor] | None = None
        self._silence: Tensor | None = None
        config = denoiser.config
        self.height = int(config.sample_height * vae.spatial_stride)
        self.width = int(config.sample_width * vae.spatial_stride)
        self.clip_frames = int(config.sample_frames)

    @property
    def device(self) -> torch.device:
        return execution_device(self.denoiser)

    def schedule(self, frames: int, released: bool = False) -> ClipSchedule:
        """The clips of a film."""
        return ClipSchedule(frames, self.clip_frames, self.motion, released)

    # ------------------------------------------------------------------------------------------ once per portrait

    def voice(self, waveform: Tensor | None, schedule: ClipSchedule, fps: float) -> Tensor | None:
        """A voice's states for all clips; None where nothing but digital silence is to be heard.

        With a `separator` (see model/hallo3/vocals) what is not voice is taken out first.
        """
        if waveform is None or not bool(waveform.any()):
            return None
        if self.separator is not None:
            waveform = self.separator(waveform)
        states: Tensor = self.audio_encoder(waveform, fps, schedule.frames, schedule.clip)
        return states

    def texts(self, prompts: Sequence[str]) -> tuple[Tensor, ...]:
        """One prompt per clip, each of them read once."""
        known = {prompt: self.text_encoder(prompt) for prompt in dict.fromkeys(prompts)}
        return tuple(known[prompt] for prompt in prompts)

    def pixels(self, picture: Tensor) -> Tensor:
        """A picture (H', W', 3) of 0 … 255 in the network's frame, (1, 3, H, W) in -1 … 1."""
        return framed(picture, self.height, self.width) * 2 - 1

    @torch.no_grad()
    def bank(self, picture: Tensor, rectangle: Rectangle, generator: torch.Generator) -> tuple[Tensor, ...] | None:
        """The reference network's tokens of the picture's face alone."""
        if not self.denoiser.uses_reference:
            return None
        face = self.pixels(face_only(picture, rectangle))
        latents = self.vae.encode(rearrange(face, "b c h w -> b c 1 h w"), generator)
        network = self.reference()
        config, device, dtype = network.config, execution_device(network), self.denoiser.dtype
        text = torch.zeros(1, config.max_text_seq_length, config.text_embed_dim)
        tokens = network(
            rearrange(latents, "b c t h w -> b t c h w").to(device, network.dtype), text.to(device, network.dtype)
        )
        return tuple(part.to(self.device, dtype) for part in tokens)

    def face(self, embedding: Tensor) -> Tensor | None:
        """A face's tokens from its embedding (1, 512)."""
        tokens = self.denoiser.encode_face(embedding)
        return None if tokens is None else tokens.to(self.device)

    # ---------------------------------------------------------------------------------------------- once per clip

    def condition(self, pixels: Tensor, motion: Tensor | None, generator: torch.Generator) -> Tensor:
        """Condition latents (1, T, C, h, w) of a clip after motion frames (1, 3, n, H, W) in -1 … 1, None: the first.

        Draws the mask and the autoencoder's noise, in the release's order.
        """
        mask = pixel_mask(torch.rand(self.height, self.width, generator=generator))
        frames = condition_frames(pixels, motion, mask, self.motion)
        known = encoded_frames(frames, self.motion_form, lambda piece: self.vae.encode(piece, generator))
        return condition_latents(known, latents_for(self.clip_frames))

    def noise(self, generator: torch.Generator) -> Tensor:
        """Where a clip starts from, (1, T, C, h, w)."""
        config = self.denoiser.config
        size = (1, latents_for(self.clip_frames), config.out_channels, config.sample_height, config.sample_width)
        return torch.randn(size, generator=generator)

    @torch.no_grad()
    def conditions(self, portrait: Portrait, schedule: ClipSchedule, clip: int, condition: Tensor) -> ClipConditions:
        """Everything that clip number `clip` is made of."""
        config, device, dtype = self.denoiser.config, self.device, self.denoiser.dtype
        shape = (1, schedule.clip, config.audio_window, config.audio_layers, config.audio_channels)
        windows = [
            torch.zeros(shape) if voice is None else clip_windows(voice, schedule, clip) for voice in portrait.voices
        ]
        audio = [self.denoiser.encode_audio(heard).to(device) for heard in windows]
        if self._silence is None:
            self._silence = self.denoiser.encode_audio(torch.zeros(shape)).to(device)
        silence = self._silence
        several = portrait.audio_mask is not None
        return ClipConditions(
            condition.to(device, dtype),
            portrait.texts[clip].to(device, dtype),
            torch.stack(audio, dim=1) if several else audio[0],
            torch.stack([silence] * len(audio), dim=1) if several else silence,
            portrait.face,
            portrait.bank,
            portrait.audio_mask.to(device) if portrait.audio_mask is not None else None,
        )

    @torch.no_grad()
    def denoise(
        self, given: ClipConditions, sampling: Sampling, state: ClipState, generator: torch.Generator
    ) -> Iterator[ClipState]:
        """From a state to the last, one state per step. Latents and noise stay float32 on the CPU."""
        solver, branches = sampling.solver(), sampling.guidance.branches()
        while state.step < sampling.steps:
            noisy = state.latents.to(self.device, self.denoiser.dtype)
            timestep = solver.timesteps[state.step].to(self.device).float()
            passes: list[Tensor] = []
            for group in _grouped(branches, sampling.passes_at_once):
                made = rows(group, noisy, given)
                velocity = self.denoiser(
                    made.latents, timestep.expand(len(group)), made.text, made.bank, made.face, made.audio,
                    made.audio_mask,
                )  # fmt: skip
                passes += velocity.float().cpu().split(1)
            state = solver.advance(sampling.guidance.combined(tuple(passes)), state, generator)
            yield state

    def decode(self, latents: Tensor) -> Tensor:
        """A clip's latents (1, T, C, h, w) to its frames, (1, 3, F, H, W) in 0 … 1, on the CPU."""
        pixels = self.vae.decode(rearrange(latents, "b t c h w -> b c t h w"))
        return (pixels / 2 + 0.5).clamp(0, 1)


def _grouped(items: Sequence[Branch], size: int) -> Iterator[Sequence[Branch]]:
    for start in range(0, len(items), max(1, size)):
        yield items[start : start + max(1, size)]
