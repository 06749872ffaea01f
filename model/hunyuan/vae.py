"""The released video VAE by diffusers' `AutoencoderKLHunyuanVideo`: a still reference in, a stream of frames out.

Shapes: B batch, C latent channels, T latent frames, F video frames = 4(T-1)+1, H/W pixels, h/w latent cells.

A still picture repeated over 129 frames encodes to the same latent at every latent frame (replicate-padded causal
convolutions, GroupNorm over time and space, frame-causal attention to copies of itself), so one frame is encoded
and repeated; only the posterior's noise is drawn per latent frame, as the release draws it.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLHunyuanVideo
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.utils.accelerate_utils import apply_forward_hook
from einops import rearrange, repeat
from torch import Tensor, nn

from model.memory import execution_device
from model.saved_part import SavedPart, only_weights, read_settings, write_settings

# diffusers' names of what the release's config.json says; the block types in it are always these.
_CONFIG = {
    "in_channels": "in_channels",
    "out_channels": "out_channels",
    "latent_channels": "latent_channels",
    "block_out_channels": "block_out_channels",
    "layers_per_block": "layers_per_block",
    "act_fn": "act_fn",
    "norm_num_groups": "norm_num_groups",
    "scaling_factor": "scaling_factor",
    "mid_block_add_attention": "mid_block_add_attention",
    "spatial_compression_ratio": "spatial_compression_ratio",
    "time_compression_ratio": "temporal_compression_ratio",
}


@dataclass(frozen=True)
class Tiling:
    """Tile and stride in pixels each way, and in frames; what is left of a stride is blended linearly."""

    pixels: int
    pixel_stride: int
    frames: int
    frame_stride: int

    @staticmethod
    def released(sample_size: int = 256, sample_frames: int = 64) -> Tiling:
        """The release's: tiles of the VAE's training size, a quarter of each overlapping."""
        return Tiling(sample_size, sample_size * 3 // 4, sample_frames, sample_frames * 3 // 4)

    @staticmethod
    def large() -> Tiling:
        """Bigger tiles that overlap less: 1.3 times the pixels are decoded where the release decodes 2.2 times."""
        return Tiling(512, 480, 64, 56)


class FrameAttentionMidBlock(nn.Module):
    """diffusers' mid block with the same weights, attending frame by frame instead of through a dense mask.

    Causal: the positions of a frame attend to all positions of this frame and earlier ones. Equal to diffusers'
    mask of (T h w)^2 elements, without it. Not causal (`mid_block_causal_attn` false): everything attends to
    everything, which diffusers cannot express.
    """

    def __init__(self, block: nn.Module, causal: bool) -> None:
        super().__init__()
        self.attentions: Any = block.attentions
        self.resnets: Any = block.resnets
        self.causal = causal

    def attend(self, attention: Any, states: Tensor) -> Tensor:
        """(B, C, T, h, w) to the same, residual added."""
        frames, height = states.shape[2], states.shape[3]
        normed = attention.group_norm(rearrange(states, "b c t h w -> b c (t h w)"))
        normed = rearrange(normed, "b c n -> b n c")
        query, key, value = (
            rearrange(project(normed), "b (t n) (d c) -> b d t n c", t=frames, d=attention.heads)
            for project in (attention.to_q, attention.to_k, attention.to_v)
        )
        queries = query.unbind(2) if self.causal else [rearrange(query, "b d t n c -> b d (t n) c")]
        attended = []
        for number, part in enumerate(queries):
            seen = number + 1 if self.causal else frames
            keys, values = (rearrange(x[:, :, :seen], "b d t n c -> b d (t n) c") for x in (key, value))
            attended.append(nn.functional.scaled_dot_product_attention(part, keys, values, scale=attention.scale))
        out = attention.to_out[0](rearrange(torch.cat(attended, dim=2), "b d n c -> b n (d c)"))
        out = rearrange(out, "b (t h w) c -> b c t h w", t=frames, h=height)
        return (out + states) / attention.rescale_output_factor  # type: ignore[no-any-return]

    def forward(self, states: Tensor) -> Tensor:
        states = self.resnets[0](states)
        for attention, resnet in zip(self.attentions, self.resnets[1:], strict=True):
            if attention is not None:
                states = self.attend(attention, states)
            states = resnet(states)
        return states


def to_frames(pixels: Tensor) -> Iterator[Tensor]:
    """Decoded pixels (1, 3, F, H, W) in -1 … 1 to uint8 frames (H, W, 3), truncated as the release does."""
    for frame in rearrange(pixels[0], "c f h w -> f h w c").split(1):
        yield ((frame[0].float() / 2 + 0.5).clamp(0, 1) * 255).to(torch.uint8).cpu()


class HunyuanVideoVAE(SavedPart):
    """The VAE as the pipeline uses it. Compression and scaling are read from the model's config."""

    def __init__(self, model: AutoencoderKLHunyuanVideo, tiling: Tiling | None, causal_mid: bool = True) -> None:
        super().__init__()
        for half in (model.encoder, model.decoder):
            half.mid_block = FrameAttentionMidBlock(half.mid_block, causal_mid)
        self.model = model
        self.causal_mid = causal_mid
        self.latent_channels = int(model.config.latent_channels)
        self.spatial_stride = int(model.config.spatial_compression_ratio)
        self.temporal_stride = int(model.config.temporal_compression_ratio)
        self.scaling_factor = float(model.config.scaling_factor)
        self.set_tiling(tiling)

    def set_tiling(self, tiling: Tiling | None) -> None:
        """None: whole frames and the whole film at once. (diffusers tiles in time even when its tiling is off.)"""
        self.tiling = tiling
        self.model.use_framewise_encoding = self.tiling is not None
        # Time is tiled in `decode`, which streams; diffusers' own loop holds the whole film.
        self.model.use_framewise_decoding = False
        if self.tiling is None:
            self.model.use_tiling = False
            return
        tile = self.tiling
        self.model.enable_tiling(
            tile.pixels, tile.pixels, tile.frames, tile.pixel_stride, tile.pixel_stride, tile.frame_stride
        )

    @property
    def device(self) -> torch.device:
        return execution_device(self.model)

    @property
    def dtype(self) -> torch.dtype:
        dtype: torch.dtype = self.model.dtype
        return dtype

    @torch.no_grad()
    @apply_forward_hook  # type: ignore[untyped-decorator]
    def encode(self, pixels: Tensor) -> DiagonalGaussianDistribution:
        """Pixels (B, 3, F, H, W) in -1 … 1 to the posterior of (B, C, T, h, w), not scaled."""
        return self.model.encode(pixels.to(self.device, self.dtype)).latent_dist

    @torch.no_grad()
    def encode_reference(self, pixels: Tensor, latents: int, generator: torch.Generator | None) -> Tensor:
        """A still picture (B, 3, H, W) in -1 … 1 as `latents` latent frames (B, C, latents, h, w), scaled, float32.

        Each latent frame is a sample of the same posterior. The noise comes from `generator`, on the CPU, so that
        every device gives the same picture (the release draws it unseeded); None takes the posterior's mean.
        """
        posterior = self.encode(rearrange(pixels, "b c h w -> b c 1 h w"))
        mean, std = (repeat(x.float(), "b c 1 h w -> b c t h w", t=latents) for x in (posterior.mean, posterior.std))
        if generator is None:
            scaled: Tensor = mean * self.scaling_factor
        else:
            noise = torch.randn(mean.shape, generator=generator).to(mean)
            scaled = (mean + std * noise) * self.scaling_factor
        return scaled

    @torch.no_grad()
    @apply_forward_hook  # type: ignore[untyped-decorator]
    def decode_pixels(self, latents: Tensor) -> Iterator[Tensor]:
        """Unscaled latents (B, C, T, h, w) to pieces of pixels (B, 3, F, H, W) in -1 … 1, in order.

        The pieces together are diffusers' decoding tiled in time; at most two tiles are held at once.
        """
        latents = latents.to(self.device, self.dtype)
        tile = self.tiling
        if tile is None or latents.shape[2] <= tile.frames // self.temporal_stride:
            yield self.model.decode(latents).sample
            return
        length, stride = tile.frames // self.temporal_stride, tile.frame_stride // self.temporal_stride
        left = self.temporal_stride * (latents.shape[2] - 1) + 1
        before: Tensor | None = None
        for start in range(0, latents.shape[2], stride):
            pixels = self.model.decode(latents[:, :, start : start + length + 1]).sample
            if before is not None:  # its first frame is the one before's
                pixels = self.model.blend_t(before, pixels[:, :, 1:], tile.frames - tile.frame_stride)
            piece = pixels[:, :, : min(left, tile.frame_stride + (before is None))]
            before, left = pixels, left - piece.shape[2]
            yield piece
            if left == 0:
                return

    def decode(self, latents: Tensor, picture: Tensor | None = None) -> Iterator[Tensor]:
        """Scaled latents (1, C, T, h, w) to 4(T-1)+1 frames (H, W, 3), uint8 RGB, in order; `picture` is not used."""
        for pixels in self.decode_pixels(latents.float() / self.scaling_factor):
            yield from to_frames(pixels)

    def save_pretrained(self, save_directory: str | Path, variant: str | None = None, **options: Any) -> None:
        """The autoencoder, as diffusers saves it, and its tiles."""
        tiling = None if self.tiling is None else asdict(self.tiling)
        folder = write_settings(save_directory, {"causal_mid": self.causal_mid, "tiling": tiling})
        self.model.save_pretrained(folder, variant=variant, **only_weights(options))

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, torch_dtype: torch.dtype | None = None, variant: str | None = None, **_: Any
    ) -> HunyuanVideoVAE:
        """What `save_pretrained` wrote, or a folder as `load_vae` takes it."""
        dtype, settings = torch_dtype or torch.float32, read_settings(folder)
        if settings is None:
            return load_vae(Path(folder), dtype)
        model = AutoencoderKLHunyuanVideo.from_pretrained(folder, torch_dtype=dtype, variant=variant)
        tiling = None if settings["tiling"] is None else Tiling(**settings["tiling"])
        return cls(model.eval(), tiling, settings["causal_mid"])


def load_vae(folder: Path, dtype: torch.dtype = torch.float32, tiling: Tiling | None = None) -> HunyuanVideoVAE:
    """The VAE in a `vae` folder of the release (config.json, pytorch_model.pt), or as diffusers saves it.

    Weights are read with weights_only; every key must be there and of the right shape. `tiling` None: the release's,
    for the sizes in its config.
    """
    config = json.loads((folder / "config.json").read_text())
    # The official class reads this flag with a default of false; a diffusers config never has it and means true.
    causal = bool(config.get("mid_block_causal_attn", config.get("_class_name") == "AutoencoderKLHunyuanVideo"))
    tiling = tiling or Tiling.released(config.get("sample_size", 256), config.get("sample_tsize", 64))
    released = folder / "pytorch_model.pt"
    if not released.exists():
        return HunyuanVideoVAE(AutoencoderKLHunyuanVideo.from_pretrained(folder, torch_dtype=dtype), tiling, causal)
    known = {_CONFIG[name]: value for name, value in config.items() if name in _CONFIG}
    model = AutoencoderKLHunyuanVideo(**known)
    try:
        state = torch.load(released, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{released}: holds more than tensors, or is damaged, and was not executed: {error}"
        ) from error
    state = {name.replace("vae.", ""): tensor for name, tensor in state.get("state_dict", state).items()}
    try:
        model.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise ValueError(f"{released} does not fit {folder / 'config.json'}: {error}") from error
    model = model if dtype == torch.float32 else model.to(dtype)
    return HunyuanVideoVAE(model.eval(), tiling, causal)
