"""The released video autoencoder by diffusers' `AutoencoderKLCogVideoX`, with the official names read.

The release encodes a clip in one piece: its GroupNorms run over all frames. diffusers' slices of 8 frames give clearly
other latents, so slicing is off for encoding. Decoding goes in slices of 3, 2, 2, … latents in both.

Shapes: B batch, C latent channels, T latent frames, F video frames, H/W pixels, h/w latent cells.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLCogVideoX
from torch import Tensor, nn

from model.hallo3.official_file import CheckpointError, read_file
from model.memory import execution_device

SCALE = 0.7  # latents are 0.7 z
_WHOLE = 1 << 20  # frames of a slice: more than there are

_NAMES = (
    (r"\.mid\.block_(\d)\.", lambda m: f".mid_block.resnets.{int(m[1]) - 1}."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.up\.(\d+)\.block\.", r".up_blocks.\1.resnets."),
    (r"\.up\.(\d+)\.upsample\.", r".up_blocks.\1.upsamplers.0."),
    (r"\.nin_shortcut\.", r".conv_shortcut."),
)


def diffusers_name(name: str, levels: int) -> str:
    """The name of an official tensor in diffusers, whose decoder counts its levels from the other end."""
    for pattern, ours in _NAMES:
        name = re.sub(pattern, ours, name)
    return re.sub(r"up_blocks\.(\d+)", lambda m: f"up_blocks.{levels - 1 - int(m[1])}", name)


def vae_config(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """The configuration that the shapes of an official state dict imply."""
    levels = len({name.split(".")[2] for name in state if name.startswith("encoder.down.")})
    widths = tuple(int(state[f"encoder.down.{n}.block.0.conv1.conv.weight"].shape[0]) for n in range(levels))
    layers = len({name.split(".")[4] for name in state if name.startswith("encoder.down.0.block.")})
    return {
        "block_out_channels": widths,
        "layers_per_block": layers,
        "latent_channels": int(state["decoder.conv_in.conv.weight"].shape[1]),
        "down_block_types": ("CogVideoXDownBlock3D",) * levels,
        "up_block_types": ("CogVideoXUpBlock3D",) * levels,
        "scaling_factor": SCALE,
    }


class Hallo3VAE(nn.Module):
    """The autoencoder as the clip loop uses it."""

    def __init__(self, model: AutoencoderKLCogVideoX) -> None:
        super().__init__()
        model.num_sample_frames_batch_size = _WHOLE
        self.model = model
        self.latent_channels = int(model.config.latent_channels)
        self.spatial_stride = int(2 ** (len(model.config.block_out_channels) - 1))
        self.scaling_factor = float(model.config.scaling_factor)

    @property
    def device(self) -> torch.device:
        return execution_device(self.model)

    @torch.no_grad()
    def moments(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, F, H, W) in -1 … 1 to mean and log-variance (B, 2C, T, h, w), unscaled, float32."""
        encoded = self.model.encode(pixels.to(self.device, self.model.dtype)).latent_dist.parameters
        parameters: Tensor = encoded.float().cpu()
        return parameters

    def sample(self, moments: Tensor, noise: Tensor) -> Tensor:
        """Scaled latents from moments (B, 2C, T, h, w) and a Gaussian draw (B, C, T, h, w)."""
        mean, log_variance = moments.chunk(2, dim=1)
        std = (0.5 * log_variance.clamp(-30, 20)).exp()
        return (mean + std * noise) * self.scaling_factor

    def encode(self, pixels: Tensor, generator: torch.Generator | None) -> Tensor:
        """Pixels to scaled latents (B, C, T, h, w), float32 on the CPU. The release samples, and so does this."""
        moments = self.moments(pixels)
        shape = (moments.shape[0], moments.shape[1] // 2, *moments.shape[2:])
        return self.sample(moments, torch.randn(shape, generator=generator))

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Tensor:
        """Scaled latents (B, C, T, h, w) of one clip to pixels (B, 3, 4T - 3, H, W) in about -1 … 1, on the CPU."""
        scaled = latents.to(self.device, self.model.dtype) / self.scaling_factor
        pixels: Tensor = self.model.decode(scaled).sample.float().cpu()
        return pixels


def load_vae(path: Path, dtype: torch.dtype = torch.float32) -> Hallo3VAE:
    """From the official `3d-vae.pt`, or a folder that diffusers saved. CheckpointError names what does not fit."""
    if path.is_dir():
        return Hallo3VAE(AutoencoderKLCogVideoX.from_pretrained(path, torch_dtype=dtype).eval())
    content = read_file(path)
    state = content.get("state_dict", content)
    return vae_from(state, str(path), dtype)


def vae_from(state: Mapping[str, Any], source: str, dtype: torch.dtype = torch.float32) -> Hallo3VAE:
    """From official tensors by name. Those of the training loss are left out."""
    state = {name: tensor for name, tensor in state.items() if not name.startswith("loss.")}
    try:
        config = vae_config(state)
    except KeyError as error:
        raise CheckpointError(f"{source}: not the autoencoder of CogVideoX (it has no {error.args[0]})") from error
    model = AutoencoderKLCogVideoX(**config)
    levels = len(config["block_out_channels"])
    renamed = {diffusers_name(name, levels): tensor for name, tensor in state.items()}
    wanted = model.state_dict()
    wrong = [f"{name} is missing" for name in wanted if name not in renamed]
    wrong += [f"{name} is unexpected" for name in renamed if name not in wanted]
    wrong += [
        f"{name} is {tuple(renamed[name].shape)}, must be {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in renamed and renamed[name].shape != tensor.shape
    ]
    if wrong:
        raise CheckpointError(f"{source}: does not fit the autoencoder\n  " + "\n  ".join(wrong))
    model.load_state_dict({name: tensor.to(dtype) for name, tensor in renamed.items()}, assign=True)
    return Hallo3VAE(model.eval())
