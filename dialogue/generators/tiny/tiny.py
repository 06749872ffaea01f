"""tiny: the small trained model that ships with the project, for drawn characters. Real diffusion on a laptop.

Its weights know drawn people, not photographs: see model/weights/tiny/MODEL_CARD.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.generators.fast import fast_asked_for
from dialogue.generators.generator import Generate, Report, ShotJob
from dialogue.planning.choice import Canvas, Estimate
from model.fast_names import SAMPLED
from model.grid import LATENT_STRIDE, latents_for, windows_for

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.planning.lanes import Lane
    from dialogue.planning.plan import Plan, Shot
    from model.avatar.conditions import Conditions
    from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline

    Frame = NDArray[np.uint8]

NAME = "tiny"
WEIGHTS = None  # they are part of the package
SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"
FAST = tuple(name for name in SAMPLED if name != "mag-cache")  # its few steps have no magnitudes to go by
CANVAS = Canvas(multiple=16, area=384 * 256)  # faces of about 100 pixels, as it was trained on
STRIDE = LATENT_STRIDE
WINDOW_LATENTS: int | None = 5

VERSION = 2  # raise it whenever the same plan and weights would give other frames
HEAD_PADDING = 0.25  # of a face's own size, on every side: what may move
STEPS = 4  # every step is at high noise, where the picture is decided; 1, 2 and 4 looked alike
FOLDER = Path(__file__).parents[3] / "model" / "weights" / "tiny"
# Seconds for one latent of 16 x 16 pixels, a step or its decoding, on two cores: fitted to 2.9 s of film at 256 x 256,
# which took 2.0 s in one step, 4.0 s in four and 6.8 s in eight.
SECONDS_PER_TOKEN_STEP = 1.4e-4
SECONDS_PER_TOKEN_DECODED = 2.9e-4
MEMORY = 1_000_000_000  # bytes: the program itself and a window
BYTES_PER_TOKEN = 4 * 32 * 4 * 4  # cells, channels, bytes of a float, copies at once


def missing() -> str | None:
    """The weights are part of the package."""
    if (FOLDER / "transformer" / "diffusion_pytorch_model.safetensors").exists():
        return None
    return f"{FOLDER} holds no weights; install the package again, or train them with `python scripts/train_tiny.py`"


def fingerprint() -> str:
    """Of this code and the weights."""
    digest = hashlib.sha256()
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in (".json", ".safetensors", ".model"):
            digest.update(file.name.encode() + file.read_bytes())
    how = ", ".join([f"{STEPS} steps", *_fast()])
    return f"{NAME} {VERSION}, {how}, weights {digest.hexdigest()[:16]}"


def _fast() -> tuple[str, ...]:
    """Of what is asked for, what it takes: the environment speaks to all generators."""
    return tuple(name for name in fast_asked_for() if name in FAST)


def estimate(plan: Plan, shot: Shot) -> Estimate:
    """Linear in the latents and their tokens: windows have one length, so attention costs the same for each."""
    latents = max(latents_for(shot.frames), WINDOW_LATENTS or 1)
    tokens = latents * plan.width * plan.height // 256
    seconds = 2.0 + tokens * (STEPS * SECONDS_PER_TOKEN_STEP + SECONDS_PER_TOKEN_DECODED)
    return Estimate(windows_for(shot.frames, WINDOW_LATENTS or 1), seconds, MEMORY + 6 * tokens * BYTES_PER_TOKEN)


def load() -> Generate:
    """The weights, in float32, and bfloat16 multiplication where the processor has it."""
    from model.tiny.tiny import load_tiny

    pipeline = load_tiny(FOLDER)
    return lambda job, report: _frames(pipeline, job, report)


def _frames(pipeline: HunyuanVideoAvatarPipeline, job: ShotJob, report: Report) -> Iterator[Frame]:
    """Encode, denoise, decode."""
    import torch

    from model.tiny.tiny import OFFSET, WINDOW, denoise_tiny, fast_arithmetic, tiny_sampling

    report(0.0, "encoding picture, words and voices")
    sampling = replace(tiny_sampling(STEPS), fast=_fast())
    given = _conditions(pipeline, job)
    fusion = pipeline.schedule(job.frames, WINDOW, OFFSET)
    state = pipeline.start(given, fusion, torch.Generator().manual_seed(job.seed))
    for state in denoise_tiny(pipeline, given, fusion, sampling, state):  # noqa: B020 - the next step starts from it
        report(0.8 * state.step / sampling.steps, f"denoising, step {state.step} of {sampling.steps}")
    frames = pipeline.decode(state, job.frames, given.picture)
    for number in range(job.frames):
        with fast_arithmetic():  # entered anew: a generator must not leave the caller's arithmetic changed
            frame = next(frames)
        yield frame.numpy()
        report(0.8 + 0.2 * (number + 1) / job.frames, "decoding")


def _head(lane: Lane) -> Lane:
    face = lane.face
    return replace(lane, face=replace(face, region=face.region.intersection(face.box.padded(HEAD_PADDING))))


def _conditions(pipeline: HunyuanVideoAvatarPipeline, job: ShotJob) -> Conditions:
    """As the pipeline makes them; but every listener blinks at moments of their own."""
    import torch
    from PIL import Image

    from dialogue.generators.shot_speakers import speaker_tracks
    from dialogue.media.still import still
    from model.tiny.log_mel import LogMelAudioEncoder

    picture = Image.fromarray(still(job.media / job.picture, job.view, *job.size))
    # It was trained on masks of a head's size; the plan's regions are those of the released model, twice as large.
    tracks = speaker_tracks(replace(job, lanes=tuple(_head(lane) for lane in job.lanes)), pipeline.vae.spatial_stride)
    given = pipeline.conditions(picture, job.prompt, tracks, job.frames, job.fps, window=1)
    silent = torch.zeros(0)
    heard = [
        LogMelAudioEncoder(phase=0.618 * number % 1)(
            silent if track.waveform is None else track.waveform, job.frames, job.fps
        )
        for number, track in enumerate(tracks)
    ]
    return replace(given, audio=torch.stack(heard).unsqueeze(0))
