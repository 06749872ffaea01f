"""A small video VAE that codes what moves: 8 x 8 pixels and 4 frames per latent cell, for the model of a laptop.

Shapes: B batch, F video frames = 4(T-1)+1, T latent frames, H x W pixels, h x w = H/8 x W/8 cells, C latent channels.
Inside, tensors are (B, T, h, w, channels), the order CPUs multiply fastest.

A talking picture is its reference picture, moved. The encoder sees both and codes the difference: a frame that equals
the reference has the code zero, whoever is in it. The decoder sees the reference's pixels again: it bends them (a flow
per pixel, as in the first order motion model, arXiv 2003.00196) and paints over what bending cannot show (teeth, lids,
blushes). So the code is small, much alike for every face, and what nobody moved is copied.

The reference's own latents, which the transformer is shown, are a linear code of its patches (a weighted PCA).
Latent 0 holds the first frame alone, as four copies. A latent depends on its own four frames; a decoded frame on its
latent and the one before, so a film can be decoded in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.utils.accelerate_utils import apply_forward_hook
from einops import rearrange, repeat
from torch import Tensor, nn

from model.memory import execution_device
from model.saved_part import SavedPart

CONTEXT = 1  # latents before a piece that its frames depend on
PIECE = 16  # latents decoded at a time
REACH = 8.0  # pixels that an output of 1 bends the picture by


class SpaceConv(nn.Conv2d):
    """A 3 x 3 convolution of every frame of (B, T, h, w, c)."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__(channels_in, channels_out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        flat = super().forward(rearrange(x, "b t h w c -> (b t) c h w"))
        out: Tensor = rearrange(flat, "(b t) c h w -> b t h w c", b=x.shape[0])
        return out


class ResidualBlock(nn.Module):
    """Normalise, activate, convolve, twice; the second convolution starts at zero."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = SpaceConv(channels, channels)
        self.second = SpaceConv(channels, channels)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.first(F.silu(F.layer_norm(x, x.shape[-1:])))
        out: Tensor = x + self.second(F.silu(F.layer_norm(inner, inner.shape[-1:])))
        return out


def patches_of(picture: Tensor, size: int) -> Tensor:
    """A still picture (B, 3, H, W) to its patches (B, 1, H/size, W/size, 3 size^2)."""
    out: Tensor = rearrange(picture, "b c (h p) (w q) -> b 1 h w (p q c)", p=size, q=size)
    return out


class MotionEncoder(nn.Module):
    """Patches of frames (B, T, h, w, 768) and of the still (B, 1, h, w, 192) to codes (B, T, h, w, C)."""

    def __init__(self, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.into = nn.Linear(768 + 192, width)
        self.blocks = nn.ModuleList(ResidualBlock(width) for _ in range(blocks))
        self.out = nn.Linear(width, channels, bias=False)

    def forward(self, frames: Tensor, still: Tensor) -> Tensor:
        held = repeat(still, "b 1 h w p -> b 1 h w (u p)", u=4)
        moved = self._code(torch.cat([frames - held, still.expand(-1, frames.shape[1], -1, -1, -1)], dim=-1))
        return moved - self._code(torch.cat([torch.zeros_like(held), still], dim=-1))

    def _code(self, x: Tensor) -> Tensor:
        x = self.into(x)
        for block in self.blocks:
            x = block(x)
        out: Tensor = self.out(F.silu(F.layer_norm(x, x.shape[-1:])))
        return out


class MotionDecoder(nn.Module):
    """Codes (B, T, h, w, C) and a still picture to frames, worked out at 8, 4 and 2 pixels (4, 2 and 1 frames) a cell.

    Gives pixels (B, 4T, H, W, 3) and, for training, those of bending alone.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int], blocks: tuple[int, int, int]) -> None:
        super().__init__()
        low, middle, high = widths
        self.into = SpaceConv(2 * channels, low)
        self.still_low, self.still_middle = SpaceConv(192, low), SpaceConv(48, middle)
        self.still_high = SpaceConv(12, high)
        self.low = nn.ModuleList(ResidualBlock(low) for _ in range(blocks[0]))
        self.to_middle = nn.Linear(low, 8 * middle)
        self.middle = nn.ModuleList(ResidualBlock(middle) for _ in range(blocks[1]))
        self.to_high = nn.Linear(middle, 8 * high)
        self.high = nn.ModuleList(ResidualBlock(high) for _ in range(blocks[2]))
        self.bend = SpaceConv(high, 2)
        self.paint = SpaceConv(high, 16)
        for parameter in (*self.bend.parameters(), *self.paint.parameters()):
            nn.init.zeros_(parameter)
        cover = self.paint.get_parameter("bias")[12:]
        nn.init.constant_(cover, -3.0)  # to begin with, the picture shows through

    def forward(self, codes: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """`codes` begin with one latent of context; the frames are those of the others."""
        grow = "b t h w (u p q c) -> b (t u) (h p) (w q) c"
        x = self.into(torch.cat([codes[:, :-1], codes[:, 1:]], dim=-1)) + self.still_low(patches_of(picture, 8))
        for block in self.low:
            x = block(x)
        x = rearrange(self.to_middle(x), grow, u=2, p=2, q=2) + self.still_middle(patches_of(picture, 4))
        for block in self.middle:
            x = block(x)
        x = rearrange(self.to_high(x), grow, u=2, p=2, q=2) + self.still_high(patches_of(picture, 2))
        for block in self.high:
            x = block(x)
        x = F.silu(F.layer_norm(x, x.shape[-1:]))
        bent = bend(picture, self.bend(x).float())
        painted = self.paint(x).float()
        colour = rearrange(painted[..., :12], "b t h w (p q c) -> b t (h p) (w q) c", p=2, q=2)
        cover = rearrange(painted[..., 12:].sigmoid(), "b t h w (p q) -> b t (h p) (w q) 1", p=2, q=2)
        return bent + cover * (colour - bent), bent


def bend(picture: Tensor, flow: Tensor) -> Tensor:
    """A picture (B, 3, H, W) seen through flows (B, F, H/2, W/2, 2) of x and y: (B, F, H, W, 3)."""
    frames, (height, width) = flow.shape[1], picture.shape[-2:]
    fine = F.interpolate(rearrange(flow, "b f h w c -> (b f) c h w"), scale_factor=2.0, mode="bilinear")
    y, x = torch.meshgrid(
        torch.arange(height, device=flow.device) + 0.5, torch.arange(width, device=flow.device) + 0.5, indexing="ij"
    )
    at = torch.stack([(x + REACH * fine[:, 0]) / width, (y + REACH * fine[:, 1]) / height], dim=-1) * 2 - 1
    held = repeat(picture.float(), "b c h w -> (b f) c h w", f=frames)
    seen = F.grid_sample(held, at, align_corners=False, padding_mode="border")
    out: Tensor = rearrange(seen, "(b f) c h w -> b f h w c", f=frames)
    return out


class AutoencoderTinyMotion(SavedPart, ConfigMixin):  # type: ignore[misc]
    """Deterministic encoder and decoder of frames beside their reference picture.

    Args:
        latent_channels: C, of frames and of the reference.
        encoder_width, encoder_blocks: size of the encoder.
        decoder_widths, decoder_blocks: channels and residual blocks at 8, 4 and 2 pixels per cell.
    """

    spatial_stride = 8
    temporal_stride = 4
    scale: Tensor

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        latent_channels: int = 32,
        encoder_width: int = 128,
        encoder_blocks: int = 2,
        decoder_widths: tuple[int, int, int] = (128, 64, 32),
        decoder_blocks: tuple[int, int, int] = (2, 1, 1),
    ) -> None:
        super().__init__()
        self.latent_channels = latent_channels
        self.still = nn.Linear(192, latent_channels)
        self.encoder = MotionEncoder(latent_channels, encoder_width, encoder_blocks)
        self.decoder = MotionDecoder(latent_channels, decoder_widths, decoder_blocks)
        self.register_buffer("scale", torch.ones(()))

    def encode(self, pixels: Tensor, picture: Tensor) -> Tensor:
        """Frames (B, 3, F, H, W) in -1 ... 1, F = 4(T-1)+1, and their reference (B, 3, H, W) to (B, C, T, h, w).

        Raises ValueError when F is another number, or H or W no multiple of 8.
        """
        if (pixels.shape[2] - 1) % 4 or pixels.shape[3] % 8 or pixels.shape[4] % 8:
            raise ValueError(f"pixels have shape {tuple(pixels.shape)}; F must be 4(T-1)+1, H and W multiples of 8")
        whole = torch.cat([repeat(pixels[:, :, :1], "b c 1 h w -> b c 3 h w"), pixels], dim=2)
        frames = rearrange(whole, "b c (t u) (h p) (w q) -> b t h w (u p q c)", u=4, p=8, q=8)
        codes: Tensor = rearrange(self.encoder(frames, patches_of(picture, 8)), "b t h w c -> b c t h w")
        return codes / self.scale

    def encode_still(self, picture: Tensor) -> Tensor:
        """A picture (B, 3, H, W) in -1 ... 1 as the transformer is shown it: (B, C, h, w), in full precision."""
        with torch.autocast(picture.device.type, enabled=False):
            code = self.still(patches_of(picture, 8).to(self.still.weight.dtype))
        out: Tensor = rearrange(code, "b 1 h w c -> b c h w")
        return out

    def decode_pixels(self, latents: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Latents (B, C, T, h, w) and their reference to pixels (B, 3, 4(T-1)+1, H, W), about -1 ... 1.

        The second is what bending the reference alone gives.
        """
        first = torch.cat([latents[:, :, :1], latents], dim=2)
        painted, bent = (pixels[:, :, 3:] for pixels in self.decode_after(first, picture))
        return painted, bent

    def decode_after(self, latents: Tensor, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The 4(T-1) frames of all latents but the first, which is their context; as `decode_pixels`."""
        codes = rearrange(latents, "b c t h w -> b t h w c") * self.scale
        painted, bent = (rearrange(x, "b t h w c -> b c t h w") for x in self.decoder(codes, picture))
        return painted, bent

    @torch.no_grad()
    @apply_forward_hook  # type: ignore[untyped-decorator]
    def encode_reference(self, pixels: Tensor, latents: int, generator: torch.Generator | None = None) -> Tensor:
        """A still picture (B, 3, H, W) in -1 ... 1 as `latents` equal latent frames (B, C, latents, h, w), float32.

        The code is deterministic: `generator` is not used.
        """
        code = self.encode_still(pixels.to(execution_device(self), self.dtype))
        held: Tensor = repeat(code.float(), "b c h w -> b c t h w", t=latents)
        return held

    @torch.no_grad()
    @apply_forward_hook  # type: ignore[untyped-decorator]
    def decode(self, latents: Tensor, picture: Tensor | None = None) -> Iterator[Tensor]:
        """Latents (1, C, T, h, w) to 4(T-1)+1 frames (H, W, 3), uint8 RGB, a piece of the film at a time.

        `picture` is the reference (1, 3, H, W) in -1 ... 1; ValueError without it.
        """
        if picture is None:
            raise ValueError("picture is missing; this decoder moves the reference picture: (1, 3, H, W) in -1 … 1")
        device = execution_device(self)
        latents, picture = latents.to(device, self.dtype), picture.to(device, self.dtype)
        whole = torch.cat([latents[:, :, :1], latents], dim=2)
        for start in range(0, latents.shape[2], PIECE):
            pixels = self.decode_after(whole[:, :, start : start + PIECE + CONTEXT], picture)[0]
            fresh = pixels[0, :, 3 if start == 0 else 0 :]
            yield from ((fresh.float() / 2 + 0.5).clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(1, 2, 3, 0).cpu()
