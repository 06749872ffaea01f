"""pyannote's diarization pipelines, loaded by their own code and run with the embedding trunk once per chunk.

pyannote embeds every (chunk, local speaker) pair separately: with three local speakers the same ten seconds pass
through the ResNet three times, though only the pooling at its end sees the speaker's mask. Here the trunk runs once
per chunk and all masks are applied at pooling. Same windows, same masks, same pooling; clustering and everything
after it is pyannote's own code. `hop` above pyannote's 1 s trades windows for time; see `SpeedUp`.
"""

from __future__ import annotations

import math
import os
import types
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.diarization.diarization import Diarization
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

    from dialogue.diarization.diarization import Samples, Voice

RATE = 16_000
RELEASED = "pyannote/speaker-diarization-community-1"
_MOST_SIDE_BY_SIDE = 16  # chunks in the trunk at once, about 50 MB each
_WINDOWS = 4  # of 10 s, that one processor labels at once
_LEAST_CLUSTER = 0.01  # of all embeddings; smaller clusters are not a speaker (arXiv 2606.08505)


@dataclass(frozen=True)
class SpeedUp:
    """How far from pyannote's own arithmetic to go. The default is equal to it (1e-5 on embeddings, same turns).

    - `bfloat16`: trunk in bfloat16; embeddings keep a cosine of .999 and more.
    - `hop`: seconds between windows; None is the pipeline's own (1 s for 10 s windows). 5 s is about as good on
      meetings when clusters may be smaller in proportion, which is done here (arXiv 2606.08505).
    """

    bfloat16: bool = False
    hop: float | None = None

    def __str__(self) -> str:
        """What differs from pyannote's own run, for people; begins with a comma."""
        windows = "" if self.hop is None else f", windows every {self.hop:g} s"
        return windows + (", embeddings in bfloat16" if self.bfloat16 else "")


def speed_of(hop: float | None) -> SpeedUp:
    """Equal to pyannote without a hop; with one, in bfloat16 too where the processor multiplies in it."""
    import torch

    native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return SpeedUp() if hop is None else SpeedUp(bfloat16=native, hop=hop)


def load_pipeline(source: Path | str, token: str | None = None, speed: SpeedUp | None = None) -> Any:
    """A `SpeakerDiarization` from a local folder, or from the hub by name with the user's own token.

    Model folders are unpickled: they must be trusted. Raises SceneError naming what is missing.
    """
    os.environ.setdefault("PYANNOTE_METRICS_ENABLED", "0")  # telemetry is on by default
    local = Path(source).exists()
    if local:
        if not (Path(source) / "config.yaml").is_file():
            raise SceneError(f"{source}: no config.yaml: a pyannote pipeline folder has one beside its models")
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # else every load waits for retries
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torchcodec's absence: waveforms are handed over decoded
        from pyannote.audio import Pipeline

        try:
            pipeline = Pipeline.from_pretrained(str(source), token=token)
        except Exception as error:  # the hub and the unpickler raise many types
            raise SceneError(f"{source}: the pyannote pipeline could not be loaded: {error}") from error
    if pipeline is None:
        raise SceneError(f"{source}: the hub refused this pipeline; accept its conditions there and give a token")
    if speed is not None:
        accelerate(pipeline, speed)
    return pipeline


def accelerate(pipeline: Any, speed: SpeedUp) -> None:
    """Change a pipeline in place: trunk once per chunk, and what `speed` asks for.

    Embedding models that are no WeSpeaker ResNet (the published pipelines have one) are left to pyannote's own run.
    """
    if speed.hop is not None:
        longest = pipeline._segmentation.duration
        if not 0 < speed.hop <= longest:
            raise SceneError(f"--hop {speed.hop:g}: windows of {longest:g} s are {longest:g} s apart at most")
        pipeline._segmentation.step = speed.hop

    pipeline._segmentation.infer = _in_pieces(pipeline._segmentation.infer)
    if not hasattr(getattr(pipeline._embedding, "model_", None), "resnet"):
        return

    def get_embeddings(
        self: Any, file: Any, segmentations: Any, exclude_overlap: bool = False, hook: Any = None
    ) -> NDArray[np.float32]:
        if speed.hop is not None and hasattr(self.clustering, "min_cluster_size"):
            self.clustering.min_cluster_size = max(1, round(_LEAST_CLUSTER * segmentations.data.max(axis=1).sum()))
        return chunk_embeddings(self, file, segmentations, exclude_overlap, hook, speed.bfloat16)

    pipeline.get_embeddings = types.MethodType(get_embeddings, pipeline)


def diarize_by_pyannote(
    pipeline: Any, samples: Samples, speakers: int | None, reason: str, uri: str = "recording"
) -> Diarization:
    """Turns and voices of a mono 16 kHz recording. Overlapping turns are kept."""
    import numpy as np
    import torch

    file = {"waveform": torch.from_numpy(np.ascontiguousarray(samples))[None], "sample_rate": RATE, "uri": uri}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output = pipeline(file, num_speakers=speakers)
    turns = output.speaker_diarization
    method = f"pyannote ({type(pipeline).__name__})"
    segments = tuple(
        sorted(
            LabelledSegment(float(s.start), float(s.end), str(label), origin=method)
            for s, _, label in turns.itertracks(yield_label=True)
        )
    )
    centroids = np.asarray(output.speaker_embeddings, np.float32)
    centroids /= np.maximum(np.linalg.norm(centroids, axis=1, keepdims=True), 1e-9)
    # pyannote pads with zero vectors when more speakers are active at once than it found voices
    voices = {label: voice for label, voice in zip(turns.labels(), centroids, strict=False) if voice.any()}
    count = len(voices)
    told = () if speakers in (None, count) else (f"{speakers} speakers were expected, pyannote found {count} voices",)
    return Diarization(segments, method, reason, voices=voices, warnings=told)


def voice_by_pyannote(pipeline: Any, samples: Samples) -> Voice:
    """The voice of a sample of one speaker alone, of length 1, by the pipeline's own embedding model."""
    import numpy as np
    import torch

    found = np.asarray(pipeline._embedding(torch.from_numpy(np.ascontiguousarray(samples))[None, None])[0])
    return np.asarray(found / np.linalg.norm(found), np.float32)


def chunk_embeddings(
    pipeline: Any,
    file: Any,
    segmentations: Any,
    exclude_overlap: bool,
    hook: Any,
    bfloat16: bool = False,
) -> NDArray[np.float32]:
    """(chunks, local speakers, dimension): `SpeakerDiarization.get_embeddings`, the trunk run once per chunk.

    segmentations: SlidingWindowFeature (chunks, frames, local speakers) of 0 and 1. Chunks are embedded side by side,
    one to a processor: each fits its cache, and the features of one are computed while another is in the trunk.
    """
    import numpy as np
    import torch

    resnet, features_of = pipeline._embedding.model_.resnet, pipeline._embedding.model_.compute_fbank
    weights = _pooling_weights(pipeline, segmentations, exclude_overlap)
    window = segmentations.sliding_window
    samples = pipeline._audio(file)[0][0]
    trunk = _trunk(resnet, bfloat16)

    def embed(index: int) -> NDArray[np.float32]:
        with torch.inference_mode():
            frames = trunk(features_of(_crop(samples, window[index].start, round(window.duration * RATE))[None, None]))
            found = resnet.forward_embedding(frames, weights=torch.from_numpy(weights[index : index + 1]))[1]
        return np.asarray(found.numpy())

    found = []
    with warnings.catch_warnings(), _workers() as pool:
        warnings.simplefilter("ignore")
        for done, one in enumerate(pool.map(embed, range(len(weights))), 1):
            found.append(one)
            if hook is not None:
                hook("embeddings", one, total=len(weights), completed=done)
    return np.concatenate(found)


@contextmanager
def _workers() -> Iterator[ThreadPoolExecutor]:
    """Threads that share torch's processors among them: small work is quicker side by side than each in turn on all."""
    import torch

    threads = torch.get_num_threads()
    count = min(threads, _MOST_SIDE_BY_SIDE)
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(threads // count,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(threads)  # what the workers set is also what threads to come would start with


def _in_pieces(infer: Any) -> Any:
    """`Inference.infer` of a batch of windows, (windows, 1, samples), a few at a time side by side: they fit caches."""
    import numpy as np

    def infer_pieces(chunks: torch.Tensor) -> NDArray[np.float32]:
        pieces = (chunks[first : first + _WINDOWS] for first in range(0, len(chunks), _WINDOWS))
        with _workers() as pool:
            return np.concatenate(list(pool.map(infer, pieces)))

    return infer_pieces


def _pooling_weights(pipeline: Any, segmentations: Any, exclude_overlap: bool) -> NDArray[np.float32]:
    """(chunks, local speakers, frames): each speaker's frames, without overlap where enough of them is left."""
    import numpy as np

    active = np.nan_to_num(segmentations.data, nan=0.0).astype(np.float32)
    if exclude_overlap:
        alone = active * (active.sum(axis=2, keepdims=True) < 2)
        length = segmentations.sliding_window.duration * pipeline._embedding.sample_rate
        least = math.ceil(active.shape[1] * pipeline._embedding.min_num_samples / length)
        active = np.where(alone.sum(axis=1, keepdims=True) > least, alone, active)
    return np.ascontiguousarray(active.transpose(0, 2, 1), np.float32)


def _crop(samples: torch.Tensor, start: float, size: int) -> torch.Tensor:
    """`size` samples from `start` seconds, silence beyond the end: what pyannote's `Audio.crop(mode="pad")` gives."""
    import torch

    first = round(start * RATE)
    part = samples[first : first + size]
    return torch.nn.functional.pad(part, (0, size - len(part)))


def _trunk(resnet: Any, bfloat16: bool) -> Any:
    """(batch, frames, mel) -> (batch, channels, features, frames), float32 whatever it was computed in.

    A copy of the ResNet for inference: every normalisation folded into the convolution before it, channels last.
    """
    import copy

    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    copied = copy.deepcopy(resnet)
    for block in [module for module in copied.modules() if hasattr(module, "conv1")]:
        for conv, norm in (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3")):
            if hasattr(block, conv):
                setattr(block, conv, fuse_conv_bn_eval(getattr(block, conv), getattr(block, norm)))
                setattr(block, norm, torch.nn.Identity())
        if len(getattr(block, "shortcut", ())):
            block.shortcut = fuse_conv_bn_eval(*block.shortcut)
    kind = torch.bfloat16 if bfloat16 else torch.float32
    copied = copied.to(kind, memory_format=torch.channels_last)
    return lambda mel: copied.forward_frames(mel.to(kind)).float()
