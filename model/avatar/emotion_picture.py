"""Emotion pictures as tokens by the video VAE: patches of the latents of one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from model.avatar.emotion import picture_tokens
from model.avatar.encoders import VideoAutoencoder
from model.picture import fitted, to_pixels

if TYPE_CHECKING:
    from PIL.Image import Image


class VaeEmotionEncoder:
    """A face in an emotion, cut to a square of `size` pixels, as (size / 8 / patch)^2 tokens (HunyuanVideo-Avatar 3.3:
    the emotion reference goes through the same 3D VAE as the video)."""

    def __init__(self, vae: VideoAutoencoder, patch_size: int = 2, size: int = 256) -> None:
        self.vae = vae
        self.patch_size = patch_size
        self.size = size

    def __call__(self, picture: Image) -> Tensor:
        """(K, X): X is latent channels times patch_size squared."""
        pixels = to_pixels(fitted(picture, self.size, self.size))
        return picture_tokens(self.vae.encode_reference(pixels, 1, None)[0, :, 0], self.patch_size)
