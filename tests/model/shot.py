"""A small shot for the pipeline's tests: a random transformer, stand-in encoders that only rearrange, conditions."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from einops import rearrange, repeat
from PIL import Image
from small_transformer import CONFIG, transformer
from torch import Generator, Tensor

from model.avatar.conditions import Conditions, Emotions, TextStates
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline

WINDOW = 5
CELLS = (4, 8)  # latent rows and columns: two speakers side by side


class Words:
    """Text states made of a prompt's letters."""

    negative_prompt = "blurred"

    def __call__(self, prompt: str, image: Image.Image) -> TextStates:
        generator = Generator().manual_seed(sum(prompt.encode()))
        length = 3 + len(prompt) % 4
        return TextStates(
            torch.randn(1, length, CONFIG["text_embed_dim"], generator=generator),
            torch.ones(1, length, dtype=torch.long),
            torch.randn(1, CONFIG["pooled_projection_dim"], generator=generator),
        )


class Samples:
    """Audio prompts that are the samples themselves."""

    sample_rate = 3_000

    def __call__(self, waveform: Tensor, frames: int, fps: float) -> Tensor:
        rows, layers, channels = 10, CONFIG["audio_feature_layers"], CONFIG["audio_channels"]
        per_frame = rows * layers * channels
        samples = torch.zeros(frames * per_frame)
        samples[: len(waveform)] = waveform[: len(samples)]
        prompts: Tensor = rearrange(samples, "(f r v e) -> f r v e", r=rows, v=layers, e=channels)
        return prompts


class Shrinker:
    """A video autoencoder that averages cells and repeats latents."""

    latent_channels, spatial_stride, temporal_stride = 4, 8, 4

    def encode_reference(self, pixels: Tensor, latents: int, generator: Generator | None) -> Tensor:
        cells = torch.nn.functional.avg_pool2d(pixels, self.spatial_stride)
        four = torch.cat([cells, cells.mean(dim=1, keepdim=True)], dim=1)
        still: Tensor = repeat(four, "b c h w -> b c t h w", t=latents)
        return still if generator is None else still + 0.1 * torch.randn(still.shape, generator=generator)

    def decode(self, latents: Tensor, picture: Tensor | None = None) -> Iterator[Tensor]:
        for number, latent in enumerate(latents[0, :3].unbind(1)):
            frame = repeat(latent, "c h w -> (h p) (w q) c", p=self.spatial_stride, q=self.spatial_stride)
            for _ in range(self.temporal_stride if number else 1):
                yield (frame.sigmoid() * 255).to(torch.uint8)


def pipeline(**changes: object) -> HunyuanVideoAvatarPipeline:
    """The whole pipeline around a small random transformer with emotion modules."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    network = transformer(**{"emotion_layers": (1,), **changes})
    return HunyuanVideoAvatarPipeline(network, FlowMatchEulerDiscreteScheduler(shift=5), Shrinker(), Words(), Samples())


def picture() -> Image.Image:
    rows, columns = CELLS
    noise = torch.rand(rows * 8, columns * 8, 3, generator=Generator().manual_seed(3))
    return Image.fromarray((noise * 255).to(torch.uint8).numpy())


def conditions(frames: int, speakers: int = 2, seed: int = 5, latents: int | None = None) -> Conditions:
    """Random conditions of a shot; the speakers' masks are disjoint strips, and their emotions change."""
    generator = Generator().manual_seed(seed)
    rows, columns = CELLS
    latents = latents or -(-(frames - 1) // 4) + 1

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    mask = torch.zeros(1, speakers, latents, rows, columns)
    for speaker in range(speakers):
        strip = columns // speakers
        mask[:, speaker, :, 1:, speaker * strip : (speaker + 1) * strip] = 1
    mask[:, :, ::2] *= 0.5
    words = Words()
    return Conditions(
        words("hello", picture()),
        randn(1, 4, WINDOW, rows, columns),
        randn(1, speakers, frames, 10, CONFIG["audio_feature_layers"], CONFIG["audio_channels"]),
        mask,
        words("blurred", picture()),
        Emotions(randn(1, speakers, 2, 6, 16), torch.rand(1, speakers, latents, 2, generator=generator)),
    )
