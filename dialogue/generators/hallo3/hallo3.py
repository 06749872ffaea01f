"""hallo3: the released Hallo3 weights. One portrait at a time, composed into the shot, for any length.

Shapes: H/W pixels of the frame, F frames of a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dialogue.generators.generator import Generate, Report, ShotJob
from dialogue.generators.hallo3 import costs as hallo3_costs
from dialogue.generators.hallo3.settings import OPTIONS, Settings, settings
from dialogue.generators.hallo3.weights import WEIGHTS
from dialogue.generators.weights import digest_of_weights
from dialogue.ground.errors import DialogueError
from dialogue.planning.choice import Canvas, Estimate
from model.grid import LATENT_STRIDE
from model.hallo3.weights_folder import WeightsFolder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from dialogue.generators.hallo3.people import Person
    from dialogue.planning.plan import Plan, Shot
    from model.hallo3.face_embedding import FaceEmbedder
    from model.hallo3.pipeline import Hallo3Pipeline, Sampling

    Frame = NDArray[np.uint8]

__all__ = ["WEIGHTS"]
NAME = "hallo3"
SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"
FAST: tuple[str, ...] = ()
CANVAS = Canvas(multiple=16, area=480 * 720)
STRIDE = LATENT_STRIDE
WINDOW_LATENTS: int | None = None  # clips follow each other; a shot of any length is one job

VERSION = 2  # raise it whenever the same plan and weights would give other frames
SAVE_SECONDS = 20.0  # between two saved steps
SEED_STEP = 7919  # between the seeds of two people of a shot


def missing() -> str | None:
    """The files that are not there with the command that fetches them, or a setting that is wrong."""
    try:
        chosen = settings()
        folder = WeightsFolder.at(chosen.weights)
        if chosen.vocals and folder.vocals is None:
            return f"{OPTIONS} asks for vocals, and {folder.root} has no audio_separator/*.onnx"
        return folder.complaint()
    except ValueError as error:
        return str(error)


def fingerprint() -> str:
    """Of this code, the settings that change frames, and the weights by their names, sizes, beginnings and ends."""
    chosen = _settings()
    folder = WeightsFolder.at(chosen.weights)
    separator = [folder.vocals] if chosen.vocals and folder.vocals is not None else []
    digest = digest_of_weights([*folder.files(), *separator], folder.root)
    return f"{NAME} {VERSION}, {chosen.spoken()}, weights {digest}"


def estimate(plan: Plan, shot: Shot) -> Estimate:
    """By counted operations and published speeds; see costs."""
    chosen = _settings()
    people = 1 if chosen.masked_audio else len(shot.faces)
    return hallo3_costs.estimate(shot.frames, people, chosen.steps, chosen.passes, chosen.memory, chosen.released_clips)


def load() -> Generate:
    """The weights on the best device there is. DialogueError when they are not all there, or do not fit."""
    import torch

    from model.hallo3.face_embedding import FaceEmbedder
    from model.hallo3.loading import MissingWeights, load_pipeline
    from model.hallo3.vocals import VocalSeparator
    from model.memory import memory_plan

    chosen = _settings()
    if (lacking := missing()) is not None:
        raise DialogueError(f"{NAME}: {lacking}")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    memory = memory_plan(chosen.memory or _fitting(device))
    _quiet()
    try:
        pipeline = load_pipeline(chosen.weights, device, memory=memory)
        folder = WeightsFolder.at(chosen.weights)
        embedder = FaceEmbedder.from_folder(folder.faces)
        if chosen.vocals and folder.vocals is not None:
            pipeline.separator = VocalSeparator.from_file(folder.vocals)
    except (MissingWeights, ValueError) as error:
        raise DialogueError(f"{NAME}: {error}") from error
    sampling = _sampling(chosen, memory.rows_per_batch)
    return lambda job, report: _frames(pipeline, embedder, chosen, sampling, job, report)


def _settings() -> Settings:
    try:
        return settings()
    except ValueError as error:
        raise DialogueError(str(error)) from None


def _sampling(chosen: Settings, passes: int) -> Sampling:
    from model.hallo3.guidance import Guidance
    from model.hallo3.pipeline import Sampling

    return Sampling(chosen.steps, Guidance(chosen.text, chosen.audio, chosen.picture), not chosen.diffusers, passes)


def _fitting(device: object) -> str:
    """`high` where both networks and the encoders fit into the card at once; a processor has only one memory."""
    import torch

    if not isinstance(device, torch.device) or device.type != "cuda":
        return "high"
    needed = 1.3 * (hallo3_costs.DENOISER + hallo3_costs.REFERENCE_NETWORK + hallo3_costs.TEXT_ENCODER)
    return "high" if torch.cuda.get_device_properties(device).total_memory > needed else "balanced"


def _quiet() -> None:
    """No progress bars and notes of libraries between our own lines."""
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what does not fit is raised, by model.pretrained


def _frames(
    pipeline: Hallo3Pipeline,
    embedder: FaceEmbedder,
    chosen: Settings,
    sampling: Sampling,
    job: ShotJob,
    report: Report,
) -> Iterator[Frame]:
    """Clip by clip: everybody's, put together, frame by frame."""
    from dialogue.generators.hallo3.crops import put_together, weights_of
    from dialogue.generators.hallo3.people import people_of
    from dialogue.media.still import still

    report(0.0, "encoding pictures, words and voices")
    under = still(job.media / job.picture, job.view, *job.size)
    people = people_of(job, pipeline.width / pipeline.height, chosen.masked_audio)
    crops = [person.crop for person in people]
    weights = weights_of(crops, [person.box for person in people if person.box is not None], *job.size)
    films = _films(pipeline, embedder, chosen, sampling, job, report, people, under)
    for clips in zip(*films, strict=True):
        for made in zip(*clips, strict=True):
            pictures = [_picture(frame, person) for frame, person in zip(made, people, strict=True)]
            yield put_together(under, pictures, crops, weights)


def _films(
    pipeline: Hallo3Pipeline,
    embedder: FaceEmbedder,
    chosen: Settings,
    sampling: Sampling,
    job: ShotJob,
    report: Report,
    people: tuple[Person, ...],
    under: Frame,
) -> list[Iterator[Tensor]]:
    """A film per person, each with random numbers and a shelf of its own."""
    import torch

    from dialogue.generators.hallo3.people import portrait_of
    from model.hallo3.film import Shelf, clips_of

    schedule = pipeline.schedule(job.frames, chosen.released_clips)
    key, films = fingerprint(), []
    for number, person in enumerate(people):
        generator = torch.Generator().manual_seed(job.seed + SEED_STEP * number)
        portrait, first = portrait_of(pipeline, embedder, job, person, under, schedule, generator)

        def progress(clip: int, step: int, number: int = number) -> None:
            done = (clip * len(people) + number) * sampling.steps + step
            share = done / (schedule.clips * len(people) * sampling.steps)
            report(min(1.0, share), f"denoising, clip {clip + 1} of {schedule.clips}, step {step} of {sampling.steps}")

        shelf = Shelf(job.work / f"person-{number}", key, SAVE_SECONDS)
        films.append(clips_of(pipeline, portrait, schedule, sampling, generator, first, shelf, progress))
    return films


def _picture(frame: Tensor, person: Person) -> Frame:
    """A made frame (3, H, W) in 0 … 1 as uint8 (H, W, 3); of a square crop the middle between the bars."""
    import numpy as np

    picture: Frame = np.ascontiguousarray((frame * 255).round().byte().permute(1, 2, 0).numpy())
    if person.crop.width == person.crop.height and picture.shape[1] > picture.shape[0]:
        left = (picture.shape[1] - picture.shape[0]) // 2
        picture = np.ascontiguousarray(picture[:, left : left + picture.shape[0]])
    return picture
