"""Reads the emotion of a drawn face from its VAE latents, as tokens for the emotion modules of the small model.

Shapes: N pictures, C latent channels, h x w = 16 x 16 latent cells of a picture of 128 x 128 pixels, X token channels.

HunyuanVideo-Avatar (Eq. 6) gives the modules an FC of the picture's latents. From a standing start that has no effect
at small size, so the latents pass a small convolutional network first, trained to name the emotion before the
transformer is trained.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from einops import rearrange
from torch import Tensor, nn

from model.memory import execution_device
from model.picture import fitted, to_pixels
from model.saved_part import SavedPart
from model.tiny.vae import AutoencoderTinyMotion

if TYPE_CHECKING:
    from PIL.Image import Image

PICTURE = 128  # pixels
EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")


class TinyEmotionNetwork(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Latents (N, C, 16, 16) to 17 tokens (N, 17, X): one for the whole face, and one for each of 4 x 4 parts."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, latent_channels: int = 32, width: int = 64, token_channels: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv2d(latent_channels, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.third = nn.Conv2d(width, token_channels, 3, stride=2, padding=1)
        self.whole = nn.Linear(16 * token_channels, token_channels)
        self.classify = nn.Linear(token_channels, len(EMOTIONS) + 1)

    def forward(self, latents: Tensor) -> Tensor:
        x = F.silu(self.second(F.silu(self.first(latents))))
        parts = rearrange(F.silu(self.third(x)), "n c h w -> n (h w) c")
        whole = torch.tanh(self.whole(rearrange(parts, "n k c -> n (k c)")))
        return torch.cat([whole[:, None], parts], dim=1)

    def judge(self, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Emotion logits (N, 7), in the order of EMOTIONS, and intensity (N,)."""
        scores = self.classify(self.forward(latents)[:, 0])
        return scores[:, :-1], scores[:, -1]


class TinyEmotionEncoder(SavedPart):
    """A picture of a face to emotion tokens (17, X), through the VAE.

    The VAE is the pipeline's own, and saved with it: an encoder that was loaded alone has none until a pipeline takes
    it.
    """

    def __init__(self, vae: AutoencoderTinyMotion | None, network: TinyEmotionNetwork) -> None:
        super().__init__()
        self._shared = [vae]  # in a list, so that it is no submodule and is not moved, saved or offloaded twice
        self.network = network

    @property
    def vae(self) -> AutoencoderTinyMotion | None:
        return self._shared[0]

    def take_vae(self, vae: AutoencoderTinyMotion) -> None:
        self._shared[0] = vae

    @torch.no_grad()
    def forward(self, picture: Image) -> Tensor:
        if self.vae is None:
            raise ValueError("this emotion encoder has no autoencoder yet; put it into a pipeline")
        latents = self.vae.encode_reference(to_pixels(fitted(picture, PICTURE, PICTURE)), 1, None)[:, :, 0]
        tokens: Tensor = self.network(latents.to(execution_device(self.network), self.network.dtype))[0]
        return tokens.float()

    def save_pretrained(self, save_directory: str | Path, **options: Any) -> None:
        """The network, as diffusers saves it; the VAE is another part of the pipeline."""
        self.network.save_pretrained(save_directory, **options)

    @classmethod
    def from_pretrained(cls, folder: str | Path, **options: Any) -> TinyEmotionEncoder:
        """What `save_pretrained` wrote, without a VAE."""
        return cls(None, TinyEmotionNetwork.from_pretrained(folder, **options).eval())
