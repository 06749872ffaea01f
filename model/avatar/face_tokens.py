"""Which tokens lie inside whose mask, and cross-attention computed on those tokens alone.

Shapes: B batch, S speakers, T latent frames, h x w latent size, n tokens per frame, N = (1 + T) * n image tokens
(reference first), R rows (one per token and group that it attends to), P rows filled up to whole
blocks, G groups (one per attended context), M places for the rows of a group, K keys of a group, A inner size of the
attention, D hidden size.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from torch import Tensor, nn

# Rows are computed in whole blocks: matrix libraries sum a remainder in another order, and a row must not depend on
# how many others there are.
BLOCK = 32


class FaceTokenWeights(nn.Module):
    """Masks on the latent grid -> one weight per image token and speaker. Has no parameters.

    A module, because context parallelism splits the outputs of modules along the tokens.
    """

    def __init__(self, patch_size: int) -> None:
        super().__init__()
        self.patch_size = patch_size

    def forward(self, mask: Tensor, frames: int) -> tuple[Tensor, Tensor]:
        """(B, S, 1 or T, h, w) -> weights (B, N, S) and the latent frame of each token (1, N).

        Every patch takes the value of its first cell (nearest interpolation, as the release); values are used as they
        are, soft edges included; the reference plane has weight 0.
        """
        cells = mask[..., :: self.patch_size, :: self.patch_size]
        cells = rearrange(cells.expand(-1, -1, frames, -1, -1), "b s t y x -> b t (y x) s")
        weights = F.pad(rearrange(cells, "b t n s -> b (t n) s"), (0, 0, cells.shape[2], 0))
        times = torch.arange(-1, frames, device=mask.device).clamp(min=0)
        return weights, repeat(times, "t -> 1 (t n)", n=cells.shape[2])


@dataclass(frozen=True, eq=False)
class TokenRows:
    """Rows to compute: each a token of the flattened (B * N) image tokens, its weight and its group.

    Rows are sorted by group; behind them the first is repeated to a whole block. In a padded grid (G, M), `places` are
    the rows that stand there, some row in the padding, and `slots` the places of the rows; both None when every group
    fills its M places. `distinct` are the tokens touched; `owner` maps rows to them, None when no token has two rows.
    """

    tokens: Tensor  # (P,)
    weights: Tensor | None  # (R, 1); None when all are 1
    groups: Tensor  # (G, ...) coordinates of each group's context
    width: int  # M
    places: Tensor | None  # (G * M,)
    slots: Tensor | None  # (P,)
    distinct: Tensor  # (U,)
    owner: Tensor | None  # (R,)

    @property
    def count(self) -> int:
        """R, without the filling."""
        return len(self.distinct if self.owner is None else self.owner)

    def to(self, device: torch.device) -> TokenRows:
        """The same on another device."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        moved: dict[str, Any] = {name: v.to(device) if isinstance(v, Tensor) else v for name, v in values.items()}
        return TokenRows(**moved)


def token_rows(tokens: Tensor, weights: Tensor, coordinates: Tensor) -> TokenRows:
    """Sort and group rows: tokens (R,), weights (R,), coordinates (R, c) of the context each row attends to."""
    if not len(tokens):
        return TokenRows(tokens, None, coordinates, 0, None, None, tokens, None)
    sizes = coordinates.amax(dim=0) + 1
    number = torch.zeros_like(tokens)  # of the group: its coordinates as the digits of one integer, to sort once
    for column, size in zip(coordinates.unbind(1), sizes, strict=True):
        number = number * size + column
    number, order = torch.sort(number, stable=True)
    tokens, weights, coordinates = tokens[order], weights[order], coordinates[order]
    _, group_of_row, counts = torch.unique_consecutive(number, return_inverse=True, return_counts=True)
    first, width = torch.cumsum(counts, 0) - counts, _whole_blocks(int(counts.max()))
    places = slots = None
    if len(tokens) != width * len(counts):
        row = torch.arange(len(tokens), device=tokens.device)
        slots = row + (width * group_of_row - first[group_of_row])
        places = row.new_zeros(width * len(counts)).index_copy(0, slots, row)
        slots = _filled(slots)
    distinct, owner = torch.unique(tokens, return_inverse=True)
    shared, plain = len(distinct) != len(tokens), not weights.requires_grad and bool((weights == 1).all())
    return TokenRows(
        _filled(tokens),
        None if plain else weights.unsqueeze(-1),
        coordinates[first],
        width,
        places,
        slots,
        distinct if shared else tokens,
        owner if shared else None,
    )


def _whole_blocks(count: int) -> int:
    return -(-count // BLOCK) * BLOCK


def _filled(rows: Tensor) -> Tensor:
    """(R,) -> (P,): the first repeated behind the last."""
    return torch.cat([rows, rows[:1].expand(_whole_blocks(len(rows)) - len(rows))])


def attend(query: Tensor, key: Tensor, value: Tensor, rows: TokenRows, heads: int) -> Tensor:
    """Scaled dot-product attention of each group's rows to its own context: (P, A), (G, K, A) twice -> (P, A)."""
    grid = query if rows.places is None else query.index_select(0, rows.places)
    grid = rearrange(grid, "(g m) (h a) -> g h m a", m=rows.width, h=heads)
    key, value = (rearrange(states, "g k (h a) -> g h k a", h=heads) for states in (key, value))
    out: Tensor = rearrange(F.scaled_dot_product_attention(grid, key, value), "g h m a -> (g m) (h a)")
    return out if rows.slots is None else out.index_select(0, rows.slots)


def rows_of(hidden_states: Tensor, rows: TokenRows) -> Tensor:
    """The tokens of the rows: (B, N, D) -> (P, D)."""
    return hidden_states.flatten(0, 1).index_select(0, rows.tokens)


def add_rows(hidden_states: Tensor, update: Tensor, rows: TokenRows) -> Tensor:
    """hidden_states (B, N, D) plus the weighted updates (P, D) of its rows; writes into hidden_states.

    The rows of one token are summed before they are added, so the order of two speakers does not matter.
    """
    update = update[: rows.count]
    if rows.weights is not None:
        update = update * rows.weights.to(update.dtype)
    if rows.owner is not None:
        update = update.new_zeros(len(rows.distinct), update.shape[-1]).index_add(0, rows.owner, update)
    return hidden_states.flatten(0, 1).index_add_(0, rows.distinct, update).view_as(hidden_states)
