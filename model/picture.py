"""Pictures as pixels in -1 … 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from einops import rearrange
from torch import Tensor

if TYPE_CHECKING:
    from PIL.Image import Image


def fitted(picture: Image, width: int, height: int) -> Image:
    """Cut centrally to the shape of `width` x `height`, then resized to it (LANCZOS)."""
    from PIL import Image as PIL
    from PIL import ImageOps

    return ImageOps.fit(picture.convert("RGB"), (width, height), PIL.Resampling.LANCZOS)


def to_pixels(picture: Image) -> Tensor:
    """(1, 3, H, W), x / 127.5 - 1 as the release."""
    array = torch.from_numpy(np.asarray(picture.convert("RGB"), dtype=np.float32).copy())
    pixels: Tensor = rearrange(array / 127.5 - 1, "h w c -> 1 c h w")
    return pixels
