"""The release's block-output cache: the input of the last single block, kept between denoising steps.

Shapes: B batch, T latent frames, n tokens per frame, L text tokens, D hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass

from einops import rearrange
from torch import Tensor


@dataclass(frozen=True, eq=False)
class BlockCache:
    """Tokens before the last single block, by kind. A cached step runs that block alone on them.

    The valid text lengths are kept too: the release takes those of the current prompt, which are the same as long as
    the prompt is.
    """

    tokens: Tensor  # (B, 1 + T, n, D), reference first
    text: Tensor  # (B, L, D), cut to the longest valid text of the batch
    text_lengths: tuple[int, ...] | None  # valid tokens of each row; None when all are

    @classmethod
    def of(cls, image: Tensor, text: Tensor, text_lengths: tuple[int, ...] | None, frames: int) -> BlockCache:
        """From image tokens (B, (1 + T) n, D), reference first."""
        return cls(rearrange(image, "b (t n) d -> b t n d", t=frames + 1), text, text_lengths)

    @property
    def reference(self) -> Tensor:
        """(B, n, D)."""
        return self.tokens[:, 0]

    @property
    def video(self) -> Tensor:
        """(B, T, n, D)."""
        return self.tokens[:, 1:]

    def image(self) -> Tensor:
        """(B, (1 + T) n, D), reference first."""
        joined: Tensor = rearrange(self.tokens, "b t n d -> b (t n) d")
        return joined
