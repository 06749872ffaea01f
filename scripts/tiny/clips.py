"""Clips: characters placed in a picture, talking and listening, with the truth of every frame.

Shapes: S faces, F = 4T-3 frames at 25 fps, T latent frames, H x W pixels, h x w = H/8 x W/8 latent cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from model.grid import CELL, SAMPLE_RATE, frames_for
from model.tiny.log_mel import audio_features, high_pass, log_mel, with_blinks

from .acting import act
from .drawing import Canvas
from .expressions import EMOTIONS, weights_of
from .face import Acting, draw_behind, draw_head
from .looks import Look, sample_look
from .places import PLACES, draw_place, draw_table
from .speech import stream

FACE_BOX = (-1.0, -1.2, 1.0, 1.25)  # the box a detector would give, in radii
MASK_BOX = (-1.5, -1.75, 1.5, 1.7)  # what may move: head, hair and the room to nod
PICTURE = 128  # pixels of an emotion picture
MANNERS = {"calmly": 0.4, "": 1.0, "lively": 1.8}
SPLIT_SEED = {"train": 1, "validation": 2, "test": 3}
IDENTITIES = {"train": (0, 1_000_000), "validation": (1_000_000, 1_100_000), "test": (2_000_000, 3_000_000)}


@dataclass(frozen=True)
class Placed:
    """A character in the picture: where the face is and how large, in pixels."""

    look: Look
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Stage:
    """The still part of a clip."""

    place: str
    faces: tuple[Placed, ...]
    height: int
    width: int
    seed: int
    table: bool = False

    def prompt(self, manner: str = "") -> str:
        """The stage in words."""
        people = "; ".join(face.look.words() for face in self.faces)
        return " ".join(
            f"{people}, {self.place} background{', at a table' if self.table else ''}, talking {manner}".split()
        )

    def masks(self) -> Tensor:
        """(S, h, w) share of each latent cell that a face owns; where two boxes would meet, each stops half way."""
        masks = torch.zeros(len(self.faces), self.height, self.width)
        for i, f in enumerate(self.faces):
            x0, y0, x1, y1 = (c + f.radius * e for c, e in zip((f.x, f.y, f.x, f.y), MASK_BOX, strict=True))
            for other in self.faces:
                if other is not f:
                    half = (f.x + other.x) / 2
                    x0, x1 = (max(x0, half), x1) if other.x < f.x else (x0, min(x1, half))
            masks[i, max(0, round(y0)) : max(0, round(y1)), max(0, round(x0)) : max(0, round(x1))] = 1
        return torch.nn.functional.avg_pool2d(masks[:, None], CELL)[:, 0]


@dataclass(frozen=True)
class Clip:
    """A rendered clip and everything a model may be told or asked about it."""

    stage: Stage
    frames: Tensor  # (F, 3, H, W) uint8
    reference: Tensor  # (3, H, W) uint8: silent, still, in the reference's expression
    own: Tensor  # (3, H, W) uint8: the same in the expression of the clip: the reference when no emotion is asked for
    pictures: Tensor  # (S, 3, 128, 128) uint8: each face in the emotion it shall have
    audio: Tensor  # (S, F, 10, 1, 84)
    masks: Tensor  # (S, h, w)
    openness: Tensor  # (S, F)
    mouth_width: Tensor  # (S, F)
    blink: Tensor  # (S, F)
    emotion: tuple[str, ...]  # S names
    intensity: tuple[float, ...]
    reference_emotion: tuple[str, ...]
    manner: str
    lift: float  # the motion-expression condition, 1 is usual
    sway: float  # the motion-pose condition, 1 is usual


def _grid(height: int, width: int) -> tuple[Tensor, Tensor]:
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return x[None], y[None]


def render(stage: Stage, acting: tuple[Acting, ...]) -> Tensor:
    """(F, 3, H, W) uint8 frames of the stage with every face acting."""
    x, y = _grid(stage.height, stage.width)
    still = torch.zeros(1, 3, stage.height, stage.width)
    rng = np.random.default_rng([7, stage.seed])
    draw_place(Canvas(still, x / stage.height, y / stage.height, stage.height), stage.place, rng)
    for face in stage.faces:
        draw_behind(Canvas(still, (x - face.x) / face.radius, (y - face.y) / face.radius, face.radius), face.look)
    if stage.table:
        draw_table(Canvas(still, x / stage.height, y / stage.height, stage.height), rng)
    frames = still.repeat(acting[0].openness.numel(), 1, 1, 1)
    for face, moves in zip(stage.faces, acting, strict=True):
        draw_head(Canvas(frames, (x - face.x) / face.radius, (y - face.y) / face.radius, face.radius), face.look, moves)
    return (frames.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def still_acting(emotion: str, intensity: float) -> Acting:
    """One silent frame in an expression."""
    zero = torch.zeros(1)
    return Acting(zero, zero, zero, zero, zero, zero, weights_of(emotion, intensity, 1))


def portrait(
    look: Look, emotion: str, intensity: float = 1.0, place: str = "studio", seed: int = 0, size: int = PICTURE
) -> Tensor:
    """(3, size, size) uint8: a character alone in one expression, as an emotion picture shows it."""
    stage = Stage(place, (Placed(look, size / 2, size * 0.52, size * 0.34),), size, size, seed)
    return render(stage, (still_acting(emotion, intensity),))[0]


def make_clip(
    stage: Stage,
    waves: list[Tensor | None],
    emotions: list[tuple[str, float]],
    *,
    latents: int,
    manner: str = "",
    lift: float = 1.0,
    sway: float = 1.0,
    reference: list[tuple[str, float]] | None = None,
    pictured: list[Look] | None = None,
) -> Clip:
    """Play one wave per face (None: silent and unmoved, not even a blink) in one emotion per face, and render it.

    `waves` are high-passed speech with blink cues. `reference`: expressions of the reference picture, neutral
    without it.
    `pictured`: who shows the emotion in the emotion pictures; the characters themselves without it.
    """
    frames = frames_for(latents)
    reference = reference or [("neutral", 0.0)] * len(stage.faces)
    silence = torch.zeros(frames * SAMPLE_RATE // 25)
    heard = [silence if wave is None else wave for wave in waves]
    acting = tuple(
        act(log_mel(wave, frames), weights_of(e, i, frames), nod=MANNERS[manner], sway=sway, lift=lift)
        for wave, (e, i) in zip(heard, emotions, strict=True)
    )
    looks = pictured or [face.look for face in stage.faces]
    return Clip(
        stage=stage,
        frames=render(stage, acting),
        reference=render(stage, tuple(still_acting(e, i) for e, i in reference))[0],
        own=render(stage, tuple(still_acting(e, i) for e, i in emotions))[0],
        pictures=torch.stack(
            [portrait(look, e, i, seed=stage.seed) for look, (e, i) in zip(looks, emotions, strict=True)]
        ),
        audio=torch.stack([audio_features(wave, frames) for wave in heard]),
        masks=stage.masks(),
        openness=torch.stack([a.openness for a in acting]),
        mouth_width=torch.stack([a.width for a in acting]),
        blink=torch.stack([a.blink for a in acting]),
        emotion=tuple(e for e, _ in emotions),
        intensity=tuple(i for _, i in emotions),
        reference_emotion=tuple(e for e, _ in reference),
        manner=manner,
        lift=lift,
        sway=sway,
    )


def sample_stage(rng: np.random.Generator, split: str, size: int, faces: int) -> Stage:
    """Characters of the split side by side in a square picture; a crop round one face when `size` is 128."""
    low, high = IDENTITIES[split]
    looks = [sample_look(int(rng.integers(low, high))) for _ in range(faces)]
    if size <= 128:
        radius = [float(rng.uniform(0.25, 0.365)) * size]
        centres = [size / 2 + float(rng.uniform(-0.06, 0.06)) * size]
    else:
        slot = size / faces
        top = min(0.36 * slot, 0.18 * size)
        radius = [float(rng.uniform(0.84, 1.0)) * top for _ in looks]
        if faces == 1:
            centres = [size * float(rng.uniform(0.38, 0.62))]
        else:
            centres = [slot * (i + 0.5) + float(rng.uniform(-0.03, 0.03)) * slot for i in range(faces)]
    placed = tuple(
        Placed(look, x, size * (0.54 if size <= 128 else 0.50) + float(rng.uniform(-0.04, 0.04)) * size, r)
        for look, x, r in zip(looks, centres, radius, strict=True)
    )
    return Stage(
        str(rng.choice(PLACES)),
        placed,
        size,
        size,
        int(rng.integers(1 << 30)),
        table=bool(size > 128 and rng.random() < 0.2),
    )


def _expression(rng: np.random.Generator, neutral: float) -> tuple[str, float]:
    if rng.random() < neutral:
        return ("neutral", 0.0)
    return (str(rng.choice(EMOTIONS[1:])), float(rng.uniform(0.6, 1.15)))


def sample_clip(seed: int, split: str, size: int = 128, latents: int = 5) -> Clip:
    """The clip of a seed: who, where, who talks, in which emotion, how lively."""
    rng = np.random.default_rng([SPLIT_SEED[split], seed, size])
    faces = 1 if size <= 128 else int(rng.choice([1, 2, 3, 4], p=[0.25, 0.5, 0.2, 0.05]))
    stage = sample_stage(rng, split, size, faces)
    seconds = frames_for(latents) / 25
    talks = rng.random(faces) < (0.85 if faces == 1 else 0.6)
    waves: list[Tensor | None] = []
    for talking in talks:
        if talking:
            waves.append(with_blinks(high_pass(stream(rng, split, seconds)), float(rng.random())))
        else:
            # A listener: silence, and in a short clip the blink must be given a chance.
            quiet = torch.zeros(int(seconds * SAMPLE_RATE))
            offset = int(rng.uniform(0, 2.5) * SAMPLE_RATE)
            longer = with_blinks(torch.zeros(quiet.numel() + offset), float(rng.random()))
            waves.append(longer[offset:] if rng.random() < 0.7 else quiet)
    emotions = [_expression(rng, 0.22) for _ in range(faces)]
    reference = [_expression(rng, 0.75) for _ in range(faces)]
    low, high = IDENTITIES[split]
    others = [sample_look(int(rng.integers(low, high))) if rng.random() < 0.2 else face.look for face in stage.faces]
    return make_clip(
        stage,
        waves,
        emotions,
        latents=latents,
        manner=str(rng.choice(list(MANNERS))),
        lift=float(rng.uniform(0.3, 2.0)),
        sway=float(rng.uniform(0.3, 2.0)),
        reference=reference,
        pictured=others,
    )
