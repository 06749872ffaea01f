"""Block outputs kept between steps, on the ring: what lets a step run the transformer's last block alone.

Shapes: B rows of a forward, R latents of the ring, T latents of a window, n tokens of a frame, D hidden size, L text
tokens.
"""

from __future__ import annotations

import threading
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

    def to(self, device: torch.device) -> TokenCache:
        """The same on another device."""
        prefixes = tuple(
            tuple((reference.to(device), text.to(device)) for reference, text in branch) for branch in self.prefixes
        )
        return TokenCache(self.branches, self.video.to(device), prefixes, self.owners)

    def read(self, windows: Sequence[tuple[bool, Sequence[int]]], device: torch.device) -> BlockCache:
        """A batch of (branch, latents of a window) as the transformer takes it: the one copy there is beside this."""
        places = [self.branches.index(branch) for branch, _ in windows]
        prefixes = [
            self.prefixes[place][self.owners[latents[0]]] for place, (_, latents) in zip(places, windows, strict=True)
        ]
        window, shape = len(windows[0][1]), self.video.shape[2:]
        tokens = torch.empty(len(windows), 1 + window, *shape, dtype=self.video.dtype, device=device)
        for row, place, (_, latents), (reference, _) in zip(tokens, places, windows, prefixes, strict=True):
            row[0].copy_(reference, non_blocking=True)
            for on_ring, in_window, count in runs(latents, range(len(latents))):
                mine = self.video[place, on_ring : on_ring + count]
                row[1 + in_window : 1 + in_window + count].copy_(mine, non_blocking=True)
        lengths = tuple(text.shape[0] for _, text in prefixes)
        text = torch.stack([pad(text.to(device), (0, 0, 0, max(lengths) - text.shape[0])) for _, text in prefixes])
        return BlockCache(tokens, text, None if len(set(lengths)) == 1 else lengths)


def rows_of(cache: BlockCache) -> list[RowTokens]:
    """What a batch left, row by row."""
    lengths = cache.text_lengths or (cache.text.shape[1],) * cache.text.shape[0]
    return [
        RowTokens(cache.video[row], cache.reference[row], cache.text[row, :length])
        for row, length in enumerate(lengths)
    ]


def runs(latents: Sequence[int], places: Sequence[int]) -> list[tuple[int, int, int]]:
    """Some places of a window as slices: (first latent on the ring, first place in the window, how many)."""
    found: list[tuple[int, int, int]] = []
    for place in places:
        if found and found[-1][0] + found[-1][2] == latents[place] and found[-1][1] + found[-1][2] == place:
            found[-1] = (found[-1][0], found[-1][1], found[-1][2] + 1)
        else:
            found.append((latents[place], place, 1))
    return found


class CacheWriter:
    """Takes the tokens of a full step row by row as they come, from several threads too, into the one cache.

    Nothing of a row is held on to but its copy there. On the host that copy is in pinned memory where there is a GPU.
    """

    def __init__(
        self,
        branches: Sequence[bool],
        windows: Sequence[Sequence[int]],
        owners: Sequence[int],
        device: torch.device,
    ) -> None:
        self._branches, self._windows, self._owners, self._device = tuple(branches), windows, tuple(owners), device
        self._video: Tensor | None = None
        self._prefixes: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
        self._first = threading.Lock()

    @property
    def about(self) -> tuple[tuple[bool, ...], tuple[tuple[int, ...], ...], tuple[int, ...]]:
        """Branches, windows and owners: by which another process makes the same."""
        return self._branches, tuple(map(tuple, self._windows)), tuple(self._owners)

    def write(self, tokens: Sequence[RowTokens], rows: Sequence[tuple[bool, int]]) -> None:
        """The tokens of some rows, each of (branch, window)."""
        for mine, (conditional, number) in zip(tokens, rows, strict=True):
            branch, latents = self._branches.index(conditional), self._windows[number]
            with self._first:
                if self._video is None:
                    self._video = self._empty(len(self._branches), len(self._owners), *mine.video.shape[1:], like=mine)
            owned = [place for place, latent in enumerate(latents) if self._owners[latent] == number]
            for on_ring, in_window, count in runs(latents, owned):
                source = mine.video[in_window : in_window + count]
                self._video[branch, on_ring : on_ring + count].copy_(source)
            reference = self._empty(*mine.reference.shape, like=mine).copy_(mine.reference)
            self._prefixes[branch, number] = reference, self._empty(*mine.text.shape, like=mine).copy_(mine.text)

    def _empty(self, *shape: int, like: RowTokens) -> Tensor:
        pinned = self._device.type == "cpu" and like.video.device.type == "cuda"
        return torch.empty(*shape, dtype=like.video.dtype, device=self._device, pin_memory=pinned)

    def cache(self) -> TokenCache:
        """The cache, after all rows of the step were written."""
        assert self._video is not None
        prefixes = tuple(
            tuple(self._prefixes[branch, number] for number in range(len(self._windows)))
            for branch in range(len(self._branches))
        )
        return TokenCache(self._branches, self._video, prefixes, self._owners)
