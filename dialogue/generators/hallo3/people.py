"""The people of a shot as Hallo3 takes them: each a portrait with a voice, a face and a prompt per clip.

Shapes: H, W pixels of the frame; S people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.generators.hallo3.crops import Crop, crops_of
from dialogue.ground.box import Box
from dialogue.planning.emotions import NEUTRAL
from model.grid import latents_for

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

    from dialogue.generators.generator import ShotJob
    from dialogue.planning.lanes import Lane
    from model.hallo3.clips import ClipSchedule
    from model.hallo3.face_embedding import FaceEmbedder
    from model.hallo3.pipeline import Hallo3Pipeline, Portrait

    Frame = NDArray[np.uint8]

FOREHEAD = 0.3  # of a face's height from brow to chin: what the outline of a face has above the brow
_FELT = 0.05  # a weight below which an emotion is not spoken of


@dataclass(frozen=True, eq=False)
class Person:
    """One film to make for a shot: its crop of the frame, and the box of its face in the frame (None: nobody's)."""

    crop: Crop
    box: Box | None
    lanes: tuple[Lane, ...]

    @property
    def speakers(self) -> tuple[str, ...]:
        return tuple(lane.speaker for lane in self.lanes)


def people_of(job: ShotJob, aspect: float, together: bool = False) -> tuple[Person, ...]:
    """Who is made in a shot, in the plan's order of faces; somebody without a face where the picture shows nobody.

    `together`: everybody in one picture (experimental).
    """
    lanes = job.lanes
    if not lanes:
        return (Person(crops_of([], *job.size, aspect)[0], None, ()),)
    if together:
        left, top = min(lane.box.x for lane in lanes), min(lane.box.y for lane in lanes)
        right = max(lane.box.x + lane.box.width for lane in lanes)
        bottom = max(lane.box.y + lane.box.height for lane in lanes)
        around = Box(left, top, right - left, bottom - top)
        crop = crops_of([around], *job.size, aspect)[0]
        return (Person(crop, lanes[0].box, lanes),)
    crops = crops_of([lane.box for lane in lanes], *job.size, aspect)
    return tuple(Person(crop, lane.box, (lane,)) for crop, lane in zip(crops, lanes, strict=True))


def prompt_at(prompt: str, lane: Lane | None, frame: int) -> str:
    """The shot's prompt, and in words how the speaker feels in a frame of it."""
    if lane is None:
        return prompt
    weights = lane.weights[latents_for(frame + 1) - 1]
    felt = {n: w for n, w in zip(lane.emotions, weights, strict=True) if w > _FELT and n != NEUTRAL}
    if not felt:
        return prompt
    strongest = max(felt.values())
    how = "slightly " if strongest < 0.5 else "very " if strongest > 1.1 else ""
    names = " and ".join(sorted(felt, key=lambda name: (-felt[name], name)))
    feeling = f"The expression of the person shows {how}{names}."
    return f"{prompt.rstrip()} {feeling}".strip()


def prompts_of(job: ShotJob, lane: Lane | None, schedule: ClipSchedule) -> list[str]:
    """One prompt per clip, by what is felt in the middle of what the clip adds."""
    middles = (schedule.new * clip + schedule.new // 2 for clip in range(schedule.clips))
    return [prompt_at(job.prompt, lane, min(middle, job.frames - 1)) for middle in middles]


def portrait_of(
    pipeline: Hallo3Pipeline, embedder: FaceEmbedder, job: ShotJob, person: Person, still: Frame,
    schedule: ClipSchedule, generator: torch.Generator,
) -> tuple[Portrait, Tensor]:  # fmt: skip
    """The portrait, and the condition of its first clip. Random numbers are drawn in the release's order."""
    import torch

    from dialogue.generators.shot_audio import speaker_audio
    from model.hallo3.pipeline import Portrait
    from model.hallo3.portrait import grown_rectangle

    picture = person.crop.of(still)
    pixels = pipeline.pixels(torch.from_numpy(picture))
    first = pipeline.condition(pixels, None, generator)
    corners = (0.0, 0.0, float(person.crop.width), float(person.crop.height))
    rectangle = (0, 0, person.crop.width, person.crop.height)
    if person.box is not None:
        box = person.box.moved(-person.crop.left, -person.crop.top)
        corners = (box.x, box.y, box.x + box.width, box.y + box.height)
        outline = (corners[0], corners[1] - FOREHEAD * box.height, corners[2], corners[3])
        rectangle = grown_rectangle(*outline, person.crop.width, person.crop.height)
    bank = pipeline.bank(torch.from_numpy(picture), rectangle, generator)
    sounds = [speaker_audio(lane.turns, job.clock, 0, job.frames, job.media) for lane in person.lanes]
    voices = tuple(pipeline.voice(torch.from_numpy(sound), schedule, job.fps) for sound in sounds) or (None,)
    embedding = embedder(picture, corners) if person.box is not None else torch.zeros(1, 512)
    prompts = prompts_of(job, person.lanes[0] if person.lanes else None, schedule)
    mask = token_mask(person, pipeline) if len(person.lanes) > 1 else None
    return Portrait(pixels, pipeline.face(embedding), bank, pipeline.texts(prompts), voices, mask), first


def token_mask(person: Person, pipeline: Hallo3Pipeline) -> Tensor:
    """Which tokens of a frame are in whose region, (1, S, 1, tokens): a voice reaches its own face alone."""
    import torch

    config = pipeline.denoiser.config
    rows, columns = config.sample_height // config.patch_size, config.sample_width // config.patch_size
    square = person.crop.width == person.crop.height
    wide = columns * pipeline.height / pipeline.width if square else columns  # a square stands between black bars
    mask = torch.zeros(1, len(person.lanes), 1, rows, columns)
    for number, lane in enumerate(person.lanes):
        region = lane.region.moved(-person.crop.left, -person.crop.top)
        x = [(columns - wide) / 2 + v / person.crop.width * wide for v in (region.x, region.x + region.width)]
        y = [v / person.crop.height * rows for v in (region.y, region.y + region.height)]
        mask[0, number, 0, max(0, round(y[0])) : round(y[1]), max(0, round(x[0])) : round(x[1])] = 1
    return mask.flatten(3)
