"""Block outputs kept between steps, on the ring: what lets a step run the transformer's last block alone.

Shapes: B rows of a forward, R latents of the ring, T latents of a window, n tokens of a frame, D hidden size, L text
tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from model.avatar.block_cache import BlockCache


@dataclass(frozen=True, eq=False)
class RowTokens:
    """The tokens that one window in one branch leaves."""

    video: Tensor  # (T, n, D)
    reference: Tensor  # (n, D)
    text: Tensor  # (L, D), the valid ones


@dataclass(frozen=True, eq=False)
class TokenCache:
    """The tokens of the latest full step, for every latent of the ring and each branch that ran.

    `owners[r]` is the window that wrote latent r: the last one that holds it, as in the release. The release also
    copies the reference and text tokens to every latent and reads them at a window's first latent; `prefixes[b][w]`
    of that latent's owner w says the same.
    """

    branches: tuple[bool, ...]  # whether each is the conditional one
    video: Tensor  # (branches, R, n, D)
    prefixes: tuple[tuple[tuple[Tensor, Tensor], ...], ...]  # reference (n, D) and text (L, D)
    owners: tuple[int, ...]

    def read(self, windows: Sequence[tuple[bool, Sequence[int]]], device: torch.device) -> BlockCache:
        """A batch of (branch, latents of a window) as the transformer takes it."""
        places = [self.branches.index(branch) for branch, _ in windows]
        video = [self.video[place, list(latents)] for place, (_, latents) in zip(places, windows, strict=True)]
        prefixes = [
            self.prefixes[place][self.owners[latents[0]]] for place, (_, latents) in zip(places, windows, strict=True)
        ]
        lengths = tuple(text.shape[0] for _, text in prefixes)
        text = torch.stack([pad(text, (0, 0, 0, max(lengths) - text.shape[0])) for _, text in prefixes])
        return BlockCache(
            torch.stack([reference for reference, _ in prefixes]).to(device),
            torch.stack(video).to(device),
            text.to(device),
            None if len(set(lengths)) == 1 else lengths,
        )


def rows_of(cache: BlockCache) -> list[RowTokens]:
    """What a batch left, row by row."""
    lengths = cache.text_lengths or (cache.text.shape[1],) * cache.text.shape[0]
    return [
        RowTokens(cache.video[row], cache.reference[row], cache.text[row, :length])
        for row, length in enumerate(lengths)
    ]


def write(
    branches: Sequence[bool],
    tokens: Sequence[Sequence[RowTokens]],
    windows: Sequence[Sequence[int]],
    owners: Sequence[int],
    device: torch.device,
) -> TokenCache:
    """The cache of a full step, from the tokens [branch][window] of all its windows."""
    first = tokens[0][0].video
    video = torch.empty(len(branches), len(owners), *first.shape[1:], dtype=first.dtype, device=device)
    for branch, of_windows in enumerate(tokens):
        for number, (row, latents) in enumerate(zip(of_windows, windows, strict=True)):
            mine = [place for place, latent in enumerate(latents) if owners[latent] == number]
            video[branch, [latents[place] for place in mine]] = row.video[mine].to(device)
    prefixes = tuple(
        tuple((row.reference.to(device), row.text.to(device)) for row in of_windows) for of_windows in tokens
    )
    return TokenCache(tuple(branches), video, prefixes, tuple(owners))
