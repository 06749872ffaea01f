"""One shot denoised by several processes of torch.distributed, each with a copy of the transformer.

The first of them leads: it has the shot's latents, guides and steps, and tells the others what to run. `windows`: rows
(a window in one branch) are dealt in turn, and what they leave in the block cache goes to everybody, for the windows
move. `ulysses`, `ring`: all run every row together, each with its share of the tokens (model.avatar.context_parallel).

Shapes: C latent channels, R latents of the ring, T latents of a window, n tokens of a frame, D hidden size, h/w latent
cells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from model.avatar.conditions import Conditions, Emotions
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Sampling
from model.avatar.token_cache import CacheWriter, RowTokens, TokenCache
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.avatar.windows import Row, ShotContext, StepContext, prepare, run_rows
from model.memory import execution_device

METHODS = ("windows", "ulysses", "ring")
TransformerAt = Callable[[str], HunyuanVideoAvatarTransformer3DModel]


@dataclass(frozen=True)
class _Shot:
    """A shot begins. `at`: how the transformer is to be kept for it, in the caller's own word."""

    at: str
    conditions: Conditions
    fusion: FusionSchedule
    sampling: Sampling
    cache_on_host: bool
    cache: TokenCache | None


@dataclass(frozen=True)
class _Step:
    """A step to run on the latents that follow. `keep`: branches, windows and owners of the cache it leaves."""

    shape: tuple[int, ...]
    timestep: float
    mask_factor: float
    negative_text: bool
    reuse: bool
    keep: tuple[tuple[bool, ...], tuple[tuple[int, ...], ...], tuple[int, ...]] | None
    rows: tuple[Row, ...]
    rows_per_batch: int


@dataclass
class _Gathered:
    """Takes a row's tokens where a `CacheWriter` would, until they are handed to everybody."""

    rows: list[RowTokens] = field(default_factory=list)

    def write(self, tokens: Sequence[RowTokens], rows: Sequence[tuple[bool, int]]) -> None:
        self.rows += tokens


class Team:
    """What the first process of the default group has of the others. One shot at a time."""

    def __init__(self, method: str = "windows") -> None:
        if method not in METHODS:
            raise ValueError(f"the work is shared by {method!r}; it is {', '.join(METHODS)}")
        self._windows = method == "windows"
        self._size = dist.get_world_size()
        self.at = ""

    def begin(
        self, conditions: Conditions, fusion: FusionSchedule, sampling: Sampling, cache_on_host: bool,
        cache: TokenCache | None,
    ) -> None:  # fmt: skip
        """Everybody gets the shot, and the cache that its state has."""
        here = _on_host(conditions)
        _tell(_Shot(self.at, here, fusion, sampling, cache_on_host, cache and cache.to(torch.device("cpu"))))

    def run(
        self, transformer: HunyuanVideoAvatarTransformer3DModel, shot: ShotContext, sampling: Sampling,
        step: StepContext, rows: Sequence[Row], rows_per_batch: int,
    ) -> list[Tensor]:  # fmt: skip
        """All rows of a step; their velocities in the order of the rows."""
        if self._windows:
            rows_per_batch = _rows_per_batch(len(rows), rows_per_batch, self._size)
        keep = None if step.keep is None else step.keep.about
        note = _Step(
            tuple(step.latents.shape), float(step.timestep), step.mask_factor, step.negative_text,
            step.reuse is not None, keep, tuple(rows), rows_per_batch,
        )  # fmt: skip
        _tell(note)
        dist.broadcast(step.latents.contiguous(), 0)
        return _run(transformer, shot, sampling, step, rows, rows_per_batch, self._windows)

    def dismiss(self) -> None:
        """The others leave `serve`."""
        _tell(None)


@torch.no_grad()
def serve(transformer_at: TransformerAt, method: str = "windows") -> None:
    """What every process but the first does, until it is dismissed."""
    shot: ShotContext | None = None
    told: Any = None
    while (note := _heard()) is not None:
        if isinstance(note, _Shot):
            told, shot, cache = note, None, note.cache  # the old shot is gone before the new one is there
            transformer = transformer_at(note.at)
            shot = prepare(transformer, note.conditions, note.fusion)
            continue
        assert isinstance(note, _Step) and shot is not None
        device = execution_device(transformer)
        cache_device = torch.device("cpu") if told.cache_on_host else device
        latents = torch.empty(note.shape, device=device)
        dist.broadcast(latents, 0)
        keep = None if note.keep is None else CacheWriter(*note.keep, cache_device)
        reuse = cache if note.reuse else None
        if note.reuse is False:
            cache = None
        timestep = torch.tensor(note.timestep, device=device)
        step = StepContext(latents, timestep, note.mask_factor, note.negative_text, reuse, keep)
        _run(transformer, shot, told.sampling, step, note.rows, note.rows_per_batch, method == "windows")
        cache = cache if keep is None else keep.cache()
        del step, reuse, keep, latents


def _run(
    transformer: HunyuanVideoAvatarTransformer3DModel, shot: ShotContext, sampling: Sampling, step: StepContext,
    rows: Sequence[Row], rows_per_batch: int, dealt: bool,
) -> list[Tensor]:  # fmt: skip
    """This process's part of a step; in the first one, the velocities of all rows."""
    batches = [rows[first : first + rows_per_batch] for first in range(0, len(rows), rows_per_batch)]
    if not dealt:
        together = [run_rows(transformer, shot, sampling, step, batch) for batch in batches]
        return [velocity for velocities in together for velocity in torch.split(velocities, 1)]
    size, me = dist.get_world_size(), dist.get_rank()
    found: list[Tensor] = []
    for first in range(0, len(batches), size):
        gathered, velocity = _Gathered(), None
        if first + me < len(batches):
            mine = replace(step, keep=None if step.keep is None else gathered)  # type: ignore[arg-type]
            velocity = run_rows(transformer, shot, sampling, mine, batches[first + me])
        for owner, batch in enumerate(batches[first : first + size]):
            found += _handed_in(velocity if owner == me else None, owner, batch, step.latents, shot.fusion.window)
            if step.keep is not None:
                tokens = _handed_round(gathered.rows if owner == me else None, owner, len(batch), transformer)
                step.keep.write(tokens, [(row.conditional, row.window) for row in batch])
    return found


def _handed_in(velocity: Tensor | None, owner: int, batch: Sequence[Row], latents: Tensor, window: int) -> list[Tensor]:
    """The velocities of a batch, in the first process, whoever ran it."""
    me = dist.get_rank()
    if owner != 0 and owner == me and velocity is not None:
        dist.send(velocity.contiguous(), 0)
    if me != 0:
        return []
    if velocity is None:
        velocity = torch.empty(len(batch), latents.shape[1], window, *latents.shape[3:], device=latents.device)
        dist.recv(velocity, owner)
    return list(torch.split(velocity, 1))


def _handed_round(
    mine: list[RowTokens] | None, owner: int, count: int, transformer: HunyuanVideoAvatarTransformer3DModel
) -> list[RowTokens]:
    """The tokens of a batch, in every process."""
    device, dtype = execution_device(transformer), transformer.dtype
    sizes = torch.zeros(count, 4, dtype=torch.long)
    if mine is not None:
        sizes = torch.tensor([[*row.video.shape, row.text.shape[0]] for row in mine])
        dtype = mine[0].video.dtype
    dist.broadcast(sizes, owner)
    rows = []
    for number, (latents, tokens, hidden, text) in enumerate(sizes.tolist()):
        shapes = {"video": (latents, tokens, hidden), "reference": (tokens, hidden), "text": (text, hidden)}
        parts = {}
        for name, shape in shapes.items():
            parts[name] = torch.empty(shape, device=device, dtype=dtype)
            if mine is not None:
                parts[name] = getattr(mine[number], name).contiguous()
            dist.broadcast(parts[name], owner)
        rows.append(RowTokens(**parts))
    return rows


def _rows_per_batch(rows: int, rows_per_batch: int, size: int) -> int:
    """One row at a time where both branches of a window together would leave somebody idle for longer."""
    together = ceil(ceil(rows / rows_per_batch) / size) * rows_per_batch
    return 1 if ceil(rows / size) < together else rows_per_batch


def _on_host(given: Conditions) -> Conditions:
    host = torch.device("cpu")
    emotion = given.emotion and Emotions(given.emotion.tokens.to(host), given.emotion.weights.to(host))
    negative = given.negative and given.negative.to(host)
    return replace(
        given, text=given.text.to(host), negative=negative, reference=given.reference.to(host),
        audio=given.audio.to(host), face_mask=given.face_mask.to(host), emotion=emotion, picture=None,
    )  # fmt: skip


def _tell(note: _Shot | _Step | None) -> None:
    dist.broadcast_object_list([note], 0, device=torch.device("cpu"))


def _heard() -> _Shot | _Step | None:
    box: list[_Shot | _Step | None] = [None]
    dist.broadcast_object_list(box, 0, device=torch.device("cpu"))
    return box[0]
