"""What a call of the pipeline asks for: every fault of it said at once, a batch taken apart, frames as they are wanted.

Shapes: N videos of a call, F video frames, T latent frames, C latent channels, R latents of the ring, H/W pixels, h/w
latent cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from einops import rearrange
from torch import Tensor

from model.avatar.guidance import Sampling

if TYPE_CHECKING:
    from PIL.Image import Image

    from model.hunyuan.speaker_track import SpeakerTrack

OUTPUT_TYPES = ("uint8", "pil", "np", "pt", "latent")
Generators = torch.Generator | Sequence[torch.Generator] | None


@dataclass(frozen=True, eq=False)
class Wanted:
    """The arguments of one call, as they were given."""

    image: Any
    prompt: Any
    speakers: Any
    frames: Any
    fps: Any = 25.0
    num_inference_steps: Any = None
    guidance_scale: Any = None
    sigmas: Any = None
    window: Any = 1
    offset: Any = 0
    rows_per_batch: Any = 2
    num_videos_per_prompt: Any = 1
    generator: Any = None
    latents: Any = None
    output_type: Any = "uint8"
    tensor_inputs: Any = ("latents",)

    @property
    def prompts(self) -> list[str]:
        return [self.prompt] if isinstance(self.prompt, str) else list(self.prompt)

    @property
    def videos(self) -> int:
        return len(self.prompts) * int(self.num_videos_per_prompt)


@dataclass(frozen=True, eq=False)
class ShotWanted:
    """One video of a call."""

    image: Image
    prompt: str
    speakers: Sequence[SpeakerTrack]
    generator: torch.Generator
    latents: Tensor | None


def faults(wanted: Wanted, cell: int, latent_shape: tuple[int, ...] | None, known: Sequence[str]) -> list[str]:
    """Everything that is wrong with a call: what it is called, what it is, what it must be.

    Args:
        cell: pixels that both sides of a picture are multiples of.
        latent_shape: of the noise of one video, (C, R, h, w), once the sizes themselves are right.
        known: the tensors that a callback may ask for.
    """
    found = [*_of_numbers(wanted), *_of_content(wanted, cell)]
    if wanted.output_type not in OUTPUT_TYPES:
        found.append(f"output_type is {wanted.output_type!r}; it is {', '.join(OUTPUT_TYPES)}")
    strange = [name for name in wanted.tensor_inputs if name not in known]
    if strange:
        found.append(f"callback_on_step_end_tensor_inputs has {strange}; it takes {', '.join(known)}")
    if found:
        return found
    return [*_of_generators(wanted), *_of_latents(wanted, latent_shape)]


def _of_numbers(wanted: Wanted) -> list[str]:
    counts = {"frames": 1, "window": 1, "rows_per_batch": 1, "num_videos_per_prompt": 1, "num_inference_steps": 1}
    found = []
    for name, least in counts.items():
        value = getattr(wanted, name)
        if value is None and name == "num_inference_steps":
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            found.append(f"{name} is {value!r}; it must be a whole number, {least} or more")
    if not isinstance(wanted.offset, int):
        found.append(f"offset is {wanted.offset!r}; it must be a whole number of latents (0: the windows stay)")
    if not isinstance(wanted.fps, int | float) or not wanted.fps > 0:
        found.append(f"fps is {wanted.fps!r}; it must be frames per second, more than 0")
    scale = wanted.guidance_scale
    if scale is not None and (not isinstance(scale, int | float) or not 0 <= scale < float("inf")):
        found.append(f"guidance_scale is {scale!r}; it must be 0 or more (1 or less: no guidance; None: the release's)")
    if wanted.sigmas is not None:
        found += _of_sigmas(wanted)
    return found


def _of_sigmas(wanted: Wanted) -> list[str]:
    sigmas = list(wanted.sigmas)
    if wanted.num_inference_steps not in (None, len(sigmas)):
        return [f"num_inference_steps is {wanted.num_inference_steps}, sigmas are {len(sigmas)}; give one of the two"]
    falling = all(a > b for a, b in zip(sigmas, sigmas[1:], strict=False))
    if not sigmas or not falling or not all(0 < sigma <= 1 for sigma in sigmas):
        return [f"sigmas are {sigmas}; they must fall, each in 0 < sigma <= 1 (before the scheduler's shift)"]
    return []


def _of_content(wanted: Wanted, cell: int) -> list[str]:
    prompts = [wanted.prompt] if isinstance(wanted.prompt, str) else wanted.prompt
    if not isinstance(prompts, list | tuple) or not prompts or not all(isinstance(text, str) for text in prompts):
        return [f"prompt is {wanted.prompt!r}; it must be a string, or a list of strings for several videos"]
    found = []
    images = list(wanted.image) if isinstance(wanted.image, list | tuple) else [wanted.image]
    for image in images:
        if not hasattr(image, "convert"):
            found.append(f"image is a {type(image).__name__}; it must be a PIL image of the video's size")
        elif image.width % cell or image.height % cell or not image.width or not image.height:
            found.append(f"the picture is {image.width} x {image.height} pixels; both must be multiples of {cell}")
    if not found and len({image.size for image in images}) > 1:
        found.append(f"images are of sizes {[image.size for image in images]}; the videos of a call have one size")
    if len(images) not in (1, len(prompts)):
        found.append(f"image has {len(images)} pictures, prompt {len(prompts)} prompts; give one picture, or one each")
    return found + _of_speakers(wanted, len(prompts))


def _of_speakers(wanted: Wanted, prompts: int) -> list[str]:
    given = wanted.speakers
    if not isinstance(given, list | tuple) or not given:
        return [f"speakers is {given!r}; a shot has at least one SpeakerTrack, listeners included"]
    if isinstance(given[0], list | tuple):
        if len(given) != prompts:
            return [f"speakers has {len(given)} lists, prompt {prompts} prompts; give one list, or one list each"]
        if not all(isinstance(group, list | tuple) and group for group in given):
            return ["speakers has an empty list; a shot has at least one SpeakerTrack, listeners included"]
    strange = [track for group in _groups(given) for track in group if not hasattr(track, "mask")]
    return [f"speakers has a {type(strange[0]).__name__}; they are SpeakerTrack"] if strange else []


def _groups(speakers: Sequence[Any]) -> list[Sequence[Any]]:
    return list(speakers) if isinstance(speakers[0], list | tuple) else [speakers]


def _of_generators(wanted: Wanted) -> list[str]:
    several = isinstance(wanted.generator, list | tuple)
    given = list(wanted.generator) if several else [] if wanted.generator is None else [wanted.generator]
    if several and len(given) != wanted.videos:
        return [f"generator has {len(given)} generators, the call makes {wanted.videos} videos; give one, or one each"]
    strange = [one for one in given if not isinstance(one, torch.Generator)]
    if strange:
        return [f"generator is a {type(strange[0]).__name__}; it is a torch.Generator, or a list of them"]
    away = [one for one in given if one.device.type != "cpu"]
    if away:
        return [
            f"generator is on {away[0].device}; it must be on the CPU, where noise is drawn so that every device makes "
            "the same video: torch.Generator().manual_seed(…)"
        ]
    return []


def _of_latents(wanted: Wanted, shape: tuple[int, ...] | None) -> list[str]:
    if wanted.latents is None or shape is None:
        return []
    whole = (wanted.videos, *shape)
    if not isinstance(wanted.latents, Tensor) or tuple(wanted.latents.shape) != whole:
        is_now = tuple(wanted.latents.shape) if isinstance(wanted.latents, Tensor) else type(wanted.latents).__name__
        return [f"latents are {is_now}; they must be noise of {whole}: videos, channels, latents of the ring, cells"]
    return []


def shots_of(wanted: Wanted) -> list[ShotWanted]:
    """The videos of a call, in order: all of the first prompt, then all of the second."""
    prompts, each = wanted.prompts, int(wanted.num_videos_per_prompt)
    images = list(wanted.image) if isinstance(wanted.image, list | tuple) else [wanted.image]
    groups = _groups(wanted.speakers)
    one = wanted.generator or torch.Generator().manual_seed(0)
    generators = list(one) if isinstance(one, list | tuple) else [one] * wanted.videos
    return [
        ShotWanted(
            images[number // each % len(images)], prompts[number // each], groups[number // each % len(groups)],
            generators[number], None if wanted.latents is None else wanted.latents[number : number + 1],
        )
        for number in range(wanted.videos)
    ]  # fmt: skip


def sampling_of(sampling: Sampling, wanted: Wanted) -> Sampling:
    """A sampling with what a call says of steps, sigmas and guidance."""
    if wanted.sigmas is not None:
        sampling = replace(sampling, steps=len(wanted.sigmas), sigmas=tuple(wanted.sigmas))
    elif wanted.num_inference_steps not in (None, sampling.steps):
        sampling = replace(sampling, steps=wanted.num_inference_steps, sigmas=None)
    if wanted.guidance_scale is not None:
        sampling = replace(sampling, guidance=sampling.guidance.constant(wanted.guidance_scale))
    return sampling


def as_wanted(videos: Sequence[Tensor], output_type: str, single: bool) -> Any:
    """Videos as the caller wants them, each (F, H, W, 3) uint8 or, for `latent`, (1, C, T, h, w).

    `pil`: a list of pictures per video. `np`: (N, F, H, W, 3) in 0 … 1. `pt`: (N, F, 3, H, W) in 0 … 1. `latent`:
    (N, C, T, h, w). `uint8`: the frames as they are, (N, F, H, W, 3), without N for a call of one video.
    """
    if output_type == "latent":
        return torch.cat(list(videos))
    if output_type == "pil":
        from PIL import Image as PIL

        return [[PIL.fromarray(frame.numpy()) for frame in video] for video in videos]
    whole = torch.stack(list(videos))
    if output_type == "uint8":
        return whole[0] if single else whole
    scaled = whole.float() / 255
    return scaled.numpy() if output_type == "np" else rearrange(scaled, "n f h w c -> n f c h w")
