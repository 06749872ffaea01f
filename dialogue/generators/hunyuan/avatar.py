"""hunyuan-avatar: the released HunyuanVideo-Avatar weights, for any number of speakers and any length.

Shapes: H/W pixels of the frame.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from dialogue.generators.generator import Generate, Report, ShotJob
from dialogue.generators.hardware import cards
from dialogue.generators.hunyuan import costs as hunyuan_costs
from dialogue.generators.hunyuan.placing import Held, Way, card_of, room_on, way_of
from dialogue.generators.hunyuan.replicas import Replicas
from dialogue.generators.hunyuan.settings import Settings, mag_ratios_file, settings
from dialogue.generators.hunyuan.weights import WEIGHTS
from dialogue.generators.weights import digest_of_weights
from dialogue.ground.atomic import write_text
from dialogue.ground.errors import DialogueError
from dialogue.planning.choice import Canvas, Estimate, Room
from model.attention_names import NATIVE
from model.fast_names import NAMES, SAMPLED
from model.grid import LATENT_STRIDE
from model.grid import WINDOW_LATENTS as RELEASED_WINDOW
from model.hunyuan.weights_folder import WeightsFolder

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from dialogue.planning.plan import Plan, Shot
    from model.avatar.conditions import Conditions
    from model.avatar.denoising import DenoisingState
    from model.avatar.guidance import Sampling
    from model.avatar.team import Team, TransformerAt
    from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
    from model.memory import MemoryPlan

    Frame = NDArray[np.uint8]

__all__ = ["WEIGHTS"]
NAME = "hunyuan-avatar"
SOURCE_TYPE = "compositeWithTrainedAlgorithmicMedia"
FAST = NAMES
CANVAS = Canvas(multiple=64, area=704 * 704)  # the release makes up to 704 x 1216, at three times the cost
STRIDE = LATENT_STRIDE
WINDOW_LATENTS: int | None = RELEASED_WINDOW

VERSION = 1  # raise it whenever the same plan and weights would give other frames
STATE = "denoising.safetensors"
SAVE_SECONDS = 60.0  # between two saved states: a step of the real model lasts about as long


def missing() -> str | None:
    """The files that are not there with the command that fetches them, or a setting that is wrong."""
    try:
        return WeightsFolder.at(settings().weights).complaint()
    except ValueError as error:
        return str(error)


def fingerprint() -> str:
    """Of this code, the settings that change frames, and the weights by their names, sizes, beginnings and ends."""
    chosen = settings()
    folder = WeightsFolder.at(chosen.weights)
    digest = digest_of_weights(folder.files(), folder.root)
    how = f"{chosen.steps} steps, windows of {chosen.window} moved by {chosen.offset}"
    also = {"fp8": chosen.fp8, "low memory, a scale per row": chosen.memory == "low", "large tiles": chosen.large_tiles}
    named = [name for name, is_so in also.items() if is_so]
    named += [f"attention {chosen.attention}"] if chosen.attention != NATIVE else []
    named += ["compiled"] if chosen.compiled else []
    named += chosen.fast
    if chosen.mag_ratios is not None:
        named.append(", ".join(f"{ratio:g}" for ratio in chosen.mag_ratios) or "to measure them")
    if chosen.distilled is not None:
        files = [file for file in (chosen.distilled, chosen.distilled.with_suffix(".json")) if file.is_file()]
        named.append(digest_of_weights(files, chosen.distilled.parent))
    return f"{NAME} {VERSION}, {', '.join([how, *named])}, weights {digest}"


def estimate(plan: Plan, shot: Shot) -> Estimate:
    """By counted operations and published speeds; see hunyuan_costs."""
    chosen = _settings()
    sampling = _sampling(chosen)
    return hunyuan_costs.estimate(
        plan.width, plan.height, shot.frames, sampling.full_steps(), sampling.steps, chosen.window, chosen.memory,
        chosen.fp8, card_of(chosen), max(1, len(shot.faces)), chosen.gpus,
    )  # fmt: skip


def _sampling(chosen: Settings) -> Sampling:
    """How a shot is denoised; DialogueError where the file beside distilled weights is wrong."""
    from model.avatar.distilled import read_distilled
    from model.avatar.guidance import Sampling

    fast = tuple(name for name in chosen.fast if name in SAMPLED)
    usual = Sampling(chosen.steps, fast=fast, mag_ratios=chosen.mag_ratios)
    try:
        return usual if chosen.distilled is None else read_distilled(chosen.distilled).sampling(usual)
    except ValueError as error:
        raise DialogueError(f"{NAME}: {error}") from None


def replicas() -> int:
    """Among how many GPUs a shot can be shared here."""
    return cards() or ((os.cpu_count() or 1) if _settings().processors else 0)


def room() -> Room | None:
    """How long a shot may be on the card that is named or there; None where there is none."""
    try:
        chosen = settings()
    except ValueError:
        return None  # `missing` says so
    return room_on(card_of(chosen), chosen)


def _settings() -> Settings:
    try:
        return settings()
    except ValueError as error:
        raise DialogueError(str(error)) from None


def load() -> Generate:
    """The weights on the best device there is, placed there as each shot needs them.

    DialogueError when they are not all there, or do not fit.
    """
    chosen = settings()
    begin = partial(_begun, chosen, fingerprint())
    return begin(0, None)[0] if chosen.gpus.count == 1 else Replicas(chosen.gpus, begin)


def _begun(chosen: Settings, made_by: str, rank: int, team: Team | None) -> tuple[Generate, TransformerAt]:
    """What makes shots on GPU `rank`, and what the transformer is kept by there; `team`: who shares them."""
    import torch

    device = torch.device("cuda", rank) if torch.cuda.is_available() else torch.device("cpu")
    card = chosen.card
    if card is None and device.type == "cuda":
        card = torch.cuda.get_device_properties(device).total_memory
    if device.type != "cuda" and chosen.gpus.share == "ring":
        raise DialogueError("the ring runs in cuDNN's attention, which needs GPUs; take windows or ulysses")
    held = Held(partial(_loaded, chosen, device, rank))
    if device.type != "cuda" or chosen.memory:
        held.at(chosen.memory or "high")  # what is missing is told before the first shot
    return partial(_frames, held, chosen, card, made_by, team), lambda mode: held.at(mode).transformer


def _loaded(chosen: Settings, device: torch.device, rank: int, memory: MemoryPlan) -> HunyuanVideoAvatarPipeline:
    """The pipeline; where another leads, with the transformer alone."""
    from model.avatar.attention_choice import choose_attention
    from model.avatar.context_parallel import share_tokens
    from model.avatar.distilled import take_distilled
    from model.avatar.eight_bits import in_eight_bits
    from model.hunyuan.loading import MissingWeights
    from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
    from model.hunyuan.vae import Tiling
    from model.memory import MEMORY

    _quiet()
    try:
        tiling = Tiling.large() if chosen.large_tiles and not rank else None
        options = dict.fromkeys(("vae", "text_encoder", "audio_encoder")) if rank else {}
        pipeline = HunyuanVideoAvatarPipeline.from_pretrained(
            chosen.weights, device, memory=memory, fp8=chosen.fp8, tiling=tiling, **options
        )
        if chosen.distilled is not None:
            take_distilled(pipeline, chosen.distilled)
        if "8-bit" in chosen.fast:
            if memory != MEMORY["high"]:
                raise ValueError("--fast 8-bit needs high memory, all weights on the GPU; low is in 8 bits by itself")
            if chosen.distilled is not None:
                pipeline.fuse_lora()
                pipeline.unload_lora_weights()
            in_eight_bits(pipeline.transformer, device)
        choose_attention(pipeline.transformer, chosen.attention)
        if chosen.gpus.count > 1 and chosen.gpus.share != "windows":
            share_tokens(pipeline.transformer, chosen.gpus.share, chosen.gpus.count)
    except (MissingWeights, ValueError) as error:
        raise DialogueError(f"{NAME}: {error}") from error
    if chosen.compiled:
        pipeline.transformer.compile_repeated_blocks()
    return pipeline


def _quiet() -> None:
    """No progress bars and notes of libraries between our own lines."""
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()  # what does not fit is raised, by model.pretrained


def _frames(
    held: Held, chosen: Settings, card: float | None, made_by: str, team: Team | None, job: ShotJob, report: Report
) -> Iterator[Frame]:
    """Encode, denoise, decode. 90 % of the work is denoising; the state is saved as it goes."""
    way = way_of(job, chosen, card)
    pipeline = held.at(way.mode)
    report(0.0, "encoding picture, words and voices")
    if team is not None:
        team.at = way.mode
    final = _denoised(pipeline, chosen, way, made_by, team, job, report)
    for number, frame in enumerate(pipeline.decode(final, job.frames)):
        yield frame.numpy()
        report(0.9 + 0.1 * (number + 1) / job.frames, "decoding")


def _denoised(
    pipeline: HunyuanVideoAvatarPipeline, chosen: Settings, way: Way, made_by: str, team: Team | None, job: ShotJob,
    report: Report,
) -> DenoisingState:  # fmt: skip
    """From noise, or from the state that a stopped run of the same shot left."""
    import torch

    from model.avatar.state_file import StateError, load_state, save_state
    from model.memory import memory_plan

    sampling = _sampling(chosen)
    generator = torch.Generator().manual_seed(job.seed)
    given = _conditions(pipeline, chosen, job, generator)
    fusion = pipeline.schedule(job.frames, chosen.window, chosen.offset)
    last = pipeline.start(given, fusion, generator)
    rounded = ", in 8 bits" if way.mode == "low" else ""
    file, key = job.work / STATE, f"{made_by}, {tuple(last.latents.shape)}{rounded}"
    if file.exists():
        try:
            last = load_state(file, key)
        except StateError:
            file.unlink()  # of other weights or settings: the shot starts over
    rows = memory_plan(way.mode).rows_per_batch
    cache_device = torch.device("cpu") if way.cache_on_host else None
    states = pipeline.denoise(given, fusion, sampling, last, rows, cache_device=cache_device, team=team)
    saved = time.monotonic()
    for last in states:
        report(0.9 * last.step / sampling.steps, f"denoising, step {last.step} of {sampling.steps}")
        if last.step == sampling.steps or time.monotonic() - saved > SAVE_SECONDS:
            save_state(last, file, key)
            saved = time.monotonic()
    if chosen.mag_ratios == () and last.past is not None:
        write_text(mag_ratios_file(), json.dumps(last.past.ratios))
    return last


def _conditions(
    pipeline: HunyuanVideoAvatarPipeline, chosen: Settings, job: ShotJob, generator: torch.Generator
) -> Conditions:
    from PIL import Image

    from dialogue.generators.shot_speakers import speaker_tracks
    from dialogue.media.still import still

    picture = Image.fromarray(still(job.media / job.picture, job.view, *job.size))
    tracks = speaker_tracks(job, pipeline.vae.spatial_stride)
    return pipeline.conditions(picture, job.prompt, tracks, job.frames, job.fps, chosen.window, generator)
