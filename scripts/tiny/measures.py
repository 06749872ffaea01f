"""What the small model is judged by, on characters, voices and sentences it never met. Truth is the drawn world's;
the reader reads.

Shapes: S faces, F frames, H x W pixels.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

from model.avatar.guidance import Sampling
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.log_mel import high_pass, with_blinks
from model.tiny.tiny import OFFSET, WINDOW, tiny_sampling

from .clips import IDENTITIES, Clip, Placed, Stage, make_clip
from .expressions import EMOTIONS
from .looks import sample_look
from .places import PLACES
from .reader import Reader, face_crops
from .sampling import conditions_of, generate
from .speech import stream

SIZE = 256
# Two voices at once are heard for 8 s: the shorter, the more do unrelated voices correlate.
TOGETHER = 51  # latents


@dataclass(frozen=True)
class Examiner:
    """The model, the reader, and how films are sampled; `seed` chooses who is met."""

    pipeline: HunyuanVideoAvatarPipeline
    reader: Reader
    seed: int = 0
    sampling: Sampling | None = None
    offset: int = OFFSET
    generated: list[float] = field(default_factory=list)  # seconds of work per second of film

    def film(self, clip: Clip, emotions: bool = True, masks: Tensor | None = None) -> Tensor:
        """The model's frames for a clip, (F, 3, H, W) uint8."""
        conditions = conditions_of(self.pipeline, clip, emotions)
        if masks is not None:
            conditions = replace(conditions, face_mask=masks)
        began = time.time()
        frames, _ = generate(self.pipeline, conditions, self.sampling, self.offset, WINDOW)
        self.generated.append((time.time() - began) / (len(frames) / 25))
        return frames

    @torch.no_grad()
    def read(self, frames: Tensor, face: Placed) -> tuple[Tensor, Tensor]:
        """Openness (F,) and mean emotion logits (7,) of one face."""
        openness, _, _, logits = self.reader(face_crops(frames, (face.x, face.y, face.radius)))
        return openness, logits.softmax(1).mean(0)

    def stage(self, number: int, faces: int) -> tuple[Stage, np.random.Generator]:
        """Test characters side by side."""
        rng = np.random.default_rng([self.seed, number, faces])
        low, high = IDENTITIES["test"]
        slot = SIZE / faces
        radius = min(0.34 * slot, 0.165 * SIZE)
        placed = tuple(
            Placed(sample_look(int(rng.integers(low, high))), slot * (i + 0.5), SIZE * 0.5, radius)
            for i in range(faces)
        )
        return Stage(str(rng.choice(PLACES)), placed, SIZE, SIZE, int(rng.integers(1 << 30))), rng

    def clip(
        self, number: int, talking: tuple[bool, ...], emotions: list[str] | None = None, latents: int = 13
    ) -> Clip:
        """Some of the faces talk, the others listen; neutral references."""
        stage, rng = self.stage(number, len(talking))
        seconds = (4 * latents - 3) / 25
        silence = torch.zeros(int(seconds * 16000))
        waves = [
            with_blinks(high_pass(stream(rng, "test", seconds)), 0.3) if talks else with_blinks(silence, 0.7)
            for talks in talking
        ]
        felt = [(e, 1.0 if e != "neutral" else 0.0) for e in emotions or ["neutral"] * len(talking)]
        return make_clip(stage, list(waves), felt, latents=latents)


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's; 0 where one of them does not vary."""
    a, b = a - a.mean(), b - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-6))


def best_lag(read: Tensor, truth: Tensor, reach: int = 4) -> int:
    """Frames by which the film is late (+) or early (-), to the highest correlation."""
    n = len(read) - 2 * reach
    scores = {
        lag: correlation(read[reach + lag : reach + lag + n], truth[reach : reach + n])
        for lag in range(-reach, reach + 1)
    }
    return max(scores, key=lambda lag: scores[lag])


def lips(examiner: Examiner, count: int, **kwargs: Any) -> dict[str, float]:
    """Mouths in step: alone, as one of two, and two at once; silent mouths; lag; background."""
    names = ("single", "speaker", "silent", "own", "other", "rest", "rest_by_chance", "lag0", "background")
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(count):
        alone = examiner.clip(number, (True,))
        film = examiner.film(alone, **kwargs)
        read, _ = examiner.read(film, alone.stage.faces[0])
        found["single"].append(correlation(read, alone.openness[0]))
        found["lag0"].append(float(best_lag(read, alone.openness[0]) == 0))
        found["background"].append(background_psnr(film, alone))
        speaks = number % 2
        pair = examiner.clip(1000 + number, (speaks == 0, speaks == 1))
        film = examiner.film(pair, **kwargs)
        reads = [examiner.read(film, face)[0] for face in pair.stage.faces]
        found["speaker"].append(correlation(reads[speaks], pair.openness[speaks]))
        found["silent"].append(float(reads[1 - speaks].std() / reads[speaks].std().clamp(min=1e-6)))
        found["background"].append(background_psnr(film, pair))
        both = examiner.clip(2000 + number, (True, True), latents=TOGETHER)
        film = examiner.film(both, **kwargs)
        for i, face in enumerate(both.stage.faces):
            read, _ = examiner.read(film, face)
            own, other = both.openness[i], both.openness[1 - i]
            found["own"].append(correlation(read, own))
            # What both voices share by chance is nobody's leak.
            found["other"].append(abs(correlation(read, residual(other, own))))
            # A sharper look: of the little that its own voice does not explain, how much does the other? And how much
            # if the other voice came at another time, a second on or more, which no leak can have caused?
            found["rest"].append(unexplained(read, own, other))
            moved = [unexplained(read, own, other.roll(shift)) for shift in range(25, len(other) - 24, 10)]
            found["rest_by_chance"].append(float(np.mean(moved)))
    return {name: float(np.mean(values)) for name, values in found.items()}


def unexplained(read: Tensor, own: Tensor, other: Tensor) -> float:
    """Magnitude of the correlation with the other voice of what is left of a mouth without its own voice."""
    return abs(correlation(residual(read, own), residual(other, own)))


def residual(a: Tensor, b: Tensor) -> Tensor:
    """What of a is not proportional to b."""
    a, b = a - a.mean(), b - b.mean()
    return a - b * (a @ b) / (b @ b).clamp(min=1e-6)


def background_psnr(film: Tensor, clip: Clip) -> float:
    """Decibels of the film against the reference outside all masks."""
    outside = F.interpolate((clip.masks.sum(0) == 0).float()[None, None], scale_factor=8)[0, 0] > 0.5
    error = (film.float() - clip.reference.float())[:, :, outside].square().mean()
    return float(10 * torch.log10(255**2 / error.clamp(min=1e-6)))


def face_psnr(examiner: Examiner, count: int) -> float:
    """Decibels of films against the truth inside the masks: likeness and movement together."""
    errors = []
    for number in range(count):
        clip = examiner.clip(8000 + number, (True,), [EMOTIONS[1 + number % 6]], latents=5)
        inside = F.interpolate((clip.masks.sum(0) > 0).float()[None, None], scale_factor=8)[0, 0] > 0.5
        errors.append((examiner.film(clip).float() - clip.frames.float())[:, :, inside].square().mean())
    return float(10 * torch.log10(255**2 / torch.stack(errors).mean()))


def emotions(examiner: Examiner, rounds: int, **kwargs: Any) -> dict[str, Any]:
    """Accuracy of the emotion read off the film, from a neutral reference, while talking; and who is taken for whom."""
    confusion = np.zeros((len(EMOTIONS), len(EMOTIONS)), dtype=int)
    for number in range(rounds):
        for wanted, name in enumerate(EMOTIONS):
            clip = examiner.clip(3000 + 10 * number + wanted, (True,), [name], latents=5)
            _, probabilities = examiner.read(examiner.film(clip, **kwargs), clip.stage.faces[0])
            confusion[wanted, int(probabilities.argmax())] += 1
    return {"accuracy": float(np.trace(confusion) / confusion.sum()), "confusion": confusion.tolist()}


def identity(examiner: Examiner, people: int) -> float:
    """Share of films whose mean face is nearest to its own reference among those of all people, mouth left out."""
    clips = [examiner.clip(4000 + number, (True,), latents=5) for number in range(people)]
    mouthless = torch.ones(64, 64)
    mouthless[40:58, 16:48] = 0
    faces, references = [], []
    for clip in clips:
        place = clip.stage.faces[0]
        box = (place.x, place.y, place.radius)
        faces.append((face_crops(examiner.film(clip), box).mean(0) * mouthless).flatten())
        references.append((face_crops(clip.reference[None], box)[0] * mouthless).flatten())
    nearest = torch.cdist(torch.stack(faces), torch.stack(references)).argmin(1)
    return float((nearest == torch.arange(people)).float().mean())


def long_film(examiner: Examiner, seconds: int) -> dict[str, float]:
    """A long talk: jump at the last step's seams against an ordinary frame step, and colour drift, in 1/255."""
    latents = int(seconds * 25 / 4) + 1
    clip = examiner.clip(5000, (True,), latents=latents)
    film = examiner.film(clip).float()
    steps = (film[1:] - film[:-1]).abs().mean(dim=(1, 2, 3))
    sampling = examiner.sampling
    fusion = examiner.pipeline.schedule(len(film), WINDOW, examiner.offset)
    last = (sampling.steps if sampling else 8) - 1
    starts = sorted({start % fusion.ring for start in fusion.shifted(last)} - {0})
    # Latent k > 0 holds frames 4k-3 ... 4k, so the step into it is the one from frame 4k-4.
    seams = torch.tensor([4 * k - 4 for k in starts if 4 * k - 4 < len(steps)], dtype=torch.long)
    every = torch.arange(0, len(steps), 4)
    inner = every[~torch.isin(every, seams)]
    read, _ = examiner.read(film.to(torch.uint8), clip.stage.faces[0])
    drift = (film[:25].mean(dim=(0, 2, 3)) - film[-25:].mean(dim=(0, 2, 3))).abs().max()
    truth = clip.frames.float()
    true_drift = (truth[:25].mean(dim=(0, 2, 3)) - truth[-25:].mean(dim=(0, 2, 3))).abs().max()
    seam = float(steps[seams].mean() / steps[inner].mean()) if len(seams) else 1.0
    return {
        "seam": seam,
        "drift": float(drift),
        "true_drift": float(true_drift),
        "correlation": correlation(read, clip.openness[0]),
    }


def speed(examiner: Examiner) -> dict[str, float]:
    """Seconds of work per second of film of two faces at 256 x 256 in 8 steps, and this process's peak memory in GB."""
    clip = examiner.clip(6000, (True, False), latents=19)
    fresh = replace(examiner, generated=[], sampling=tiny_sampling(8))
    began = time.process_time()
    fresh.film(clip)
    core = (time.process_time() - began) / (clip.frames.shape[0] / 25)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {"seconds_per_second": fresh.generated[0], "core_seconds_per_second": core, "peak_gb": peak}


def whole_picture(clip: Clip) -> Tensor:
    """Masks that hide nothing: every voice may move everything, (1, S, 1, h, w)."""
    return rearrange(torch.ones_like(clip.masks), "s h w -> 1 s 1 h w")
