"""A small causal video VAE: 8 x 8 pixels and 4 frames per latent cell, for the model that runs on a laptop.

Shapes: B batch, F video frames = 4(T-1)+1, T latent frames, H x W pixels, h x w = H/8 x W/8 cells, C latent channels.
Inside, tensors are (B, T, h, w, channels), the order CPUs multiply fastest.

Latent 0 holds the first frame alone: it is encoded as four copies of it. Nothing looks ahead in time, so a film can
be decoded in pieces; each piece needs `CONTEXT` latents before it. Both halves are a linear map (a weighted PCA of the
patches, to begin with) plus a convolutional correction that starts at zero: training starts from the best linear code.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from einops import rearrange, repeat
from torch import Tensor, nn

CONTEXT = 4  # latents before a piece that its frames depend on: one per temporal convolution of the decoder
PIECE = 16  # latents decoded at a time


class SpaceConv(nn.Conv2d):
    """A 3 x 3 convolution of every frame of (B, T, h, w, c)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        flat = super().forward(rearrange(x, "b t h w c -> (b t) c h w"))
        out: Tensor = rearrange(flat, "(b t) c h w -> b t h w c", b=x.shape[0])
        return out


class CausalConv(nn.Module):
    """A 3 x 3 convolution that sees this latent frame and the one before; the first sees itself twice."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.conv = SpaceConv(2 * channels_in, channels_out)

    def forward(self, x: Tensor) -> Tensor:
        before = torch.cat([x[:, :1], x[:, :-1]], dim=1)
        out: Tensor = self.conv(torch.cat([before, x], dim=-1))
        return out


class ResidualBlock(nn.Module):
    """Normalise, activate, convolve, twice; the second convolution starts at zero."""

    def __init__(self, channels: int, causal: bool) -> None:
        super().__init__()
        self.first: nn.Module = CausalConv(channels, channels) if causal else SpaceConv(channels, channels)
        self.second = SpaceConv(channels, channels)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(F.silu(F.layer_norm(x, x.shape[-1:])))
        out: Tensor = x + self.second(F.silu(F.layer_norm(inner, inner.shape[-1:])))
        return out


def exact(linear: nn.Linear, x: Tensor) -> Tensor:
    """A linear map in full precision under any autocast: rounded, it shows as a pattern that repeats every 8 pixels."""
    with torch.autocast(x.device.type, enabled=False):
        out: Tensor = linear(x.to(linear.weight.dtype))
    return out


class TinyEncoder(nn.Module):
    """(B, T, h, w, 768) patches to (B, T, h, w, C)."""

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.linear = nn.Linear(768, channels)
        self.corrects = blocks > 0
        if not self.corrects:
            return
        self.into = nn.Linear(768, width)
        self.blocks = nn.ModuleList(ResidualBlock(width, causal=True) for _ in range(blocks))
        self.out = nn.Linear(width, channels)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, patches: Tensor) -> Tensor:
        if not self.corrects:
            return exact(self.linear, patches)
        x = self.into(patches)
        for block in self.blocks:
            x = block(x)
        out: Tensor = exact(self.linear, patches) + self.out(F.silu(F.layer_norm(x, x.shape[-1:])))
        return out


class TinyDecoder(nn.Module):
    """(B, T, h, w, C) to (B, 4T, 8h, 8w, 3), refined at three sizes: 8, 4 and 2 pixels (4, 2 and 1 frames) per cell."""

    def __init__(self, channels: int, widths: tuple[int, int, int], blocks: tuple[int, int, int]) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, 768)
        self.corrects = sum(blocks) > 0
        if not self.corrects:
            return
        self.into = SpaceConv(channels, widths[0])
        self.low = nn.ModuleList(ResidualBlock(widths[0], causal=i < CONTEXT - 1) for i in range(blocks[0]))
        self.to_middle = nn.Linear(widths[0], 8 * widths[1])
        self.middle = nn.ModuleList(ResidualBlock(widths[1], causal=False) for _ in range(blocks[1]))
        self.to_high = nn.Linear(widths[1], 8 * widths[2])
        self.high = nn.ModuleList(ResidualBlock(widths[2], causal=False) for _ in range(blocks[2]))
        self.out = SpaceConv(widths[2], 12)
        for parameter in self.out.parameters():
            nn.init.zeros_(parameter)

    def forward(self, latents: Tensor) -> Tensor:
        grow = "b t h w (u p q c) -> b (t u) (h p) (w q) c"
        patches: Tensor = rearrange(exact(self.linear, latents), grow, u=4, p=8, q=8)
        if not self.corrects:
            return patches
        x = self.into(latents)
        for block in self.low:
            x = block(x)
        x = rearrange(self.to_middle(x), grow, u=2, p=2, q=2)
        for block in self.middle:
            x = block(x)
        x = rearrange(self.to_high(x), grow, u=2, p=2, q=2)
        for block in self.high:
            x = block(x)
        correction = rearrange(self.out(F.silu(F.layer_norm(x, x.shape[-1:]))), grow, u=1, p=2, q=2)
        out: Tensor = patches + correction
        return out


class AutoencoderTinyCausal3D(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Deterministic encoder and decoder; latents come out centred and of unit spread (`set_spread`).

    Args:
        latent_channels: C.
        encoder_width, encoder_blocks: size of the encoder's correction; 0 blocks: none, the linear map alone.
        decoder_widths, decoder_blocks: channels and residual blocks at 8, 4 and 2 pixels per cell; (0, 0, 0): none.
    """

    spatial_stride = 8
    temporal_stride = 4
    shift: Tensor
    scale: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 128,
        encoder_width: int = 96,
        encoder_blocks: int = 2,
        decoder_widths: tuple[int, int, int] = (160, 96, 64),
        decoder_blocks: tuple[int, int, int] = (2, 2, 1),
    ) -> None:
        super().__init__()
        self.latent_channels = latent_channels
        self.encoder = TinyEncoder(latent_channels, encoder_width, encoder_blocks)
        self.decoder = TinyDecoder(latent_channels, decoder_widths, decoder_blocks)
        self.register_buffer("shift", torch.zeros(latent_channels))
        self.register_buffer("scale", torch.ones(latent_channels))

    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, F, H, W) in -1 ... 1, F = 4(T-1)+1, H and W multiples of 8, to latents (B, C, T, h, w)."""
        if (pixels.shape[2] - 1) % 4 or pixels.shape[3] % 8 or pixels.shape[4] % 8:
            raise ValueError(f"pixels have shape {tuple(pixels.shape)}; F must be 4(T-1)+1, H and W multiples of 8")
        whole = torch.cat([repeat(pixels[:, :, :1], "b c 1 h w -> b c 3 h w"), pixels], dim=2)
        patches = rearrange(whole, "b c (t u) (h p) (w q) -> b t h w (u p q c)", u=4, p=8, q=8)
        latents: Tensor = rearrange((self.encoder(patches) - self.shift) / self.scale, "b t h w c -> b c t h w")
        return latents

    def decode_pixels(self, latents: Tensor) -> Tensor:
        """Latents (B, C, T, h, w) to pixels (B, 3, 4(T-1)+1, H, W), about -1 ... 1."""
        return self._decode(latents)[:, :, 3:]

    def _decode(self, latents: Tensor) -> Tensor:
        cells = rearrange(latents, "b c t h w -> b t h w c") * self.scale + self.shift
        pixels: Tensor = rearrange(self.decoder(cells), "b t h w c -> b c t h w")
        return pixels

    @torch.no_grad()
    def encode_reference(self, pixels: Tensor, latents: int, generator: torch.Generator | None = None) -> Tensor:
        """A still picture (B, 3, H, W) in -1 ... 1 as `latents` equal latent frames (B, C, latents, h, w), float32.

        The code is deterministic: `generator` is not used.
        """
        code = self.encode(rearrange(pixels, "b c h w -> b c 1 h w").to(self.device, self.dtype))
        held: Tensor = repeat(code.float(), "b c 1 h w -> b c t h w", t=latents)
        return held

    @torch.no_grad()
    def decode(self, latents: Tensor) -> Iterator[Tensor]:
        """Latents (1, C, T, h, w) to 4(T-1)+1 frames (H, W, 3), uint8 RGB, a piece of the film at a time."""
        latents = latents.to(self.device, self.dtype)
        for start in range(0, latents.shape[2], PIECE):
            context = min(CONTEXT, start)
            pixels = self._decode(latents[:, :, start - context : start + PIECE])
            fresh = pixels[0, :, 4 * context + (3 if start == 0 else 0) :]
            yield from ((fresh.float() / 2 + 0.5).clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(1, 2, 3, 0).cpu()
