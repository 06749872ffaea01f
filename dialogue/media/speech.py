"""When somebody speaks: silero's voice activity detector, and boundaries moved to where the sound begins and ends.

The detector's ONNX model is run by onnxruntime from the silero-vad package's data folder; importing that package
would import torch and set its threads. Its sequence model takes many frames per call and carries the recurrent
state between calls, so that an hour gives the same probabilities as the streaming model, at twice its speed.

Shapes: `f` detector frames (32 ms), `l` level frames (10 ms), `n` samples at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from einops import reduce
from numpy.typing import NDArray

from dialogue.ground.errors import DialogueError, Problem
from dialogue.ground.segments import Segment
from dialogue.media.recordings import Samples, Sound
from model.grid import SAMPLE_RATE

FRAME = 512  # samples the detector judges at a time
LEVEL_HOP = 160  # samples per level frame
LEVELS_PER_SECOND = SAMPLE_RATE // LEVEL_HOP
FLOOR_DB = -120.0  # digital silence is no quieter than this

_CONTEXT = 64  # samples of the frame before, which the model also sees
BLOCK = 1025 * FRAME  # samples per call, a multiple of FRAME and of LEVEL_HOP, else levels drift: 33 s
_OPEN, _CLOSE = 0.5, 0.35  # speech begins above, ends below: silero's own defaults
_SURE = 0.75  # what the loudest moment of speech reaches; music and noises open the detector at 0.5 to 0.7
_MIN_SPEECH = 0.1  # seconds; a shorter burst is a click or a breath
_MIN_GAP = 0.3  # seconds; a shorter pause is within the sentence
_SEARCH_BEFORE, _SEARCH_AFTER = 0.12, 0.2  # seconds around a detected edge in which the true one lies
_EDGE_DEPTH = 35.0  # dB below the speech's own level that still belong to it
_USUAL = -26.0  # dBFS of speech as the detector was taught it
_FAINT = -45.0  # dBFS; what is recorded at less is turned up before speech is looked for
_MOST_GAIN = 80.0  # dB
_LOUD_SHARE = 20.0  # dB below the loud moments that still belong to what is said
_EDGE_ABOVE_FLOOR = 6.0  # dB above the noise around it that speech must be


@dataclass(frozen=True)
class Listened:
    """One track as the detector heard it: speech probability per 32 ms (f,), level in dBFS per 10 ms (l,), samples.

    `gain`: dB by which it was turned up for the detector; the levels are the recording's own.
    """

    probabilities: NDArray[np.float32]
    levels: NDArray[np.float32]
    samples: int
    gain: float = 0.0

    @property
    def duration(self) -> float:
        return self.samples / SAMPLE_RATE


def _model_file() -> Path:
    spec = find_spec("silero_vad")
    folder = Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None
    file = folder / "data" / "silero_vad_16k_sequence.onnx" if folder else None
    if file is None or not file.is_file():
        raise DialogueError(
            Problem("silero-vad's sequence model is not installed", hint="pip install 'silero-vad>=6.2.3,<6.3'")
        )
    return file


@lru_cache(maxsize=1)
def load_detector() -> Any:
    """The model, once per process; its session may be used by many threads."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # tracks are listened to side by side instead
    options.log_severity_level = 3  # it warns of initializers its own exporter left over
    return onnxruntime.InferenceSession(str(_model_file()), options, providers=["CPUExecutionProvider"])


def listen(samples: Samples) -> Listened:
    """Hear a whole recording, in blocks of 33 s; about 12 s of one core and a few MB per hour.

    One that is very quiet is heard again, turned up: the detector judges by level too.
    """
    return listen_again(listen_to(samples.blocks(BLOCK)), lambda: samples.blocks(BLOCK))


def listen_again(heard: Listened, blocks: Callable[[], Iterable[Sound]]) -> Listened:
    """What was heard, or where that was too quiet to judge by, the same `blocks` turned up."""
    gain = listening_gain(heard.levels)
    return heard if not gain else listen_to(blocks(), gain)


def listening_gain(levels: NDArray[np.float32]) -> float:
    """dB by which a recording is turned up to be listened to: 0 for all that is about as loud as usual."""
    loud = speaking_level(levels)
    return 0.0 if loud is None or loud >= _FAINT else min(_USUAL - loud, _MOST_GAIN)


def speaking_level(levels: NDArray[np.float32], spoken: Sequence[Segment] | None = None) -> float | None:
    """dBFS at which somebody speaks: the mean power of the loud moments, of those in `spoken` where that is known.

    None where nothing is heard.
    """
    if spoken is not None:
        edges = [(round(s.start * LEVELS_PER_SECOND), round(s.end * LEVELS_PER_SECOND)) for s in spoken]
        levels = np.concatenate([levels[:0], *(levels[first:last] for first, last in edges)])
    heard = levels[levels > FLOOR_DB + 1]
    if not len(heard):
        return None
    loud = heard[heard > float(np.percentile(heard, 95)) - _LOUD_SHARE]
    return round(float(10 * np.log10(np.mean(10 ** (loud.astype(np.float64) / 10)))), 1)


def listen_to(blocks: Iterable[Sound], gain: float = 0.0) -> Listened:
    """As `listen`, once, of float32 blocks at 16 kHz in order, each but the last a multiple of 2560 samples.

    `gain`: dB by which the detector hears them louder; levels stay what they are.
    """
    detector = load_detector()
    factor = np.float32(10 ** (gain / 20))
    state = {"h": np.zeros((1, 1, 128), np.float32), "c": np.zeros((1, 1, 128), np.float32)}
    context = np.zeros(_CONTEXT, np.float32)
    probabilities: list[NDArray[np.float32]] = []
    levels: list[NDArray[np.float32]] = []
    total = 0
    for block in blocks:
        if total % FRAME or total % LEVEL_HOP:
            raise ValueError(f"blocks before the last are multiples of {FRAME} and {LEVEL_HOP} samples; not {total}")
        total += len(block)
        levels.append(levels_of(block))
        padded = np.pad(block * factor, (0, -len(block) % FRAME))
        seen = np.concatenate([context, padded])
        frames = np.lib.stride_tricks.sliding_window_view(seen, _CONTEXT + FRAME)[::FRAME]
        found, state["h"], state["c"] = detector.run(None, {"input": np.ascontiguousarray(frames), **state})
        probabilities.append(found)
        context = padded[-_CONTEXT:]
    if not total:
        return Listened(np.zeros(0, np.float32), np.zeros(0, np.float32), 0)
    return Listened(np.concatenate(probabilities), np.concatenate(levels), total, gain)


def levels_of(block: Sound) -> NDArray[np.float32]:
    """Level in dBFS per 10 ms, at least `FLOOR_DB`."""
    padded = np.pad(block, (0, -len(block) % LEVEL_HOP))
    power = reduce(np.square(padded), "(l hop) -> l", "mean", hop=LEVEL_HOP)
    decibels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return decibels


def detected(listened: Listened) -> list[Segment]:
    """Speech as the detector alone has it, on its 32 ms grid: with hysteresis, nothing merged or dropped."""
    segments: list[Segment] = []
    start: int | None = None
    for frame, probability in enumerate(listened.probabilities.tolist()):
        if start is None and probability >= _OPEN:
            start = frame
        elif start is not None and probability < _CLOSE:
            segments.append(_frames_to_segment(start, frame, listened))
            start = None
    if start is not None:
        segments.append(_frames_to_segment(start, len(listened.probabilities), listened))
    return segments


def _frames_to_segment(start: int, end: int, listened: Listened) -> Segment:
    return Segment(start * FRAME / SAMPLE_RATE, min(end * FRAME / SAMPLE_RATE, listened.duration))


def speech_segments(listened: Listened) -> tuple[Segment, ...]:
    """When the track speaks: edges at the sound's own to about 10 ms, pauses below 0.3 s closed, clicks dropped, and
    what the detector is never sure of: music."""
    refined = [_refined(segment, listened) for segment in detected(listened)]
    merged = merge([segment for segment in refined if segment.duration > 0], _MIN_GAP)
    return tuple(part for part in merged if part.duration >= _MIN_SPEECH and _likeliest(part, listened) >= _SURE)


def _likeliest(segment: Segment, listened: Listened) -> float:
    """How sure the detector is at the moment of the segment at which it is surest."""
    first, last = round(segment.start * SAMPLE_RATE / FRAME), round(segment.end * SAMPLE_RATE / FRAME)
    return float(listened.probabilities[max(0, first - 1) : last + 1].max(initial=0.0))


def merge(segments: Iterable[Segment], gap: float) -> list[Segment]:
    """Segments in order of time, those less than `gap` seconds apart joined."""
    joined: list[Segment] = []
    for segment in sorted(segments):
        if joined and segment.start - joined[-1].end < gap:
            joined[-1] = Segment(joined[-1].start, max(joined[-1].end, segment.end))
        else:
            joined.append(segment)
    return joined


def _refined(segment: Segment, listened: Listened) -> Segment:
    """Both edges moved to where the level crosses a threshold between the noise around and the speech within.

    The detector opens up to 60 ms early or late and closes up to 150 ms late: it needs to hear some of either.
    An onset must last, so that a click is none; an end need not, because a sentence may end in the burst of a plosive.
    """
    levels = listened.levels
    first, last = round(segment.start * LEVELS_PER_SECOND), round(segment.end * LEVELS_PER_SECOND)
    around = levels[max(0, first - 50) : last + 50]
    speech = float(np.percentile(levels[first : max(last, first + 1)], 90))
    threshold = max(speech - _EDGE_DEPTH, float(np.percentile(around, 5)) + _EDGE_ABOVE_FLOOR)
    threshold = min(threshold, speech - 6.0)
    before, after = round(_SEARCH_BEFORE * LEVELS_PER_SECOND), round(_SEARCH_AFTER * LEVELS_PER_SECOND)
    start = _onset(levels, max(0, first - before), min(last, first + after), threshold, default=first)
    loud = np.flatnonzero(levels[max(start, last - after) : last + before] > threshold)
    end = max(start, last - after) + int(loud[-1]) + 1 if len(loud) else last
    return Segment(start / LEVELS_PER_SECOND, min(end / LEVELS_PER_SECOND, listened.duration))


def _onset(levels: NDArray[np.float32], first: int, last: int, threshold: float, default: int) -> int:
    """The first level frame in [first, last) from which the level stays above the threshold for 30 ms."""
    loud = levels[first : last + 2] > threshold
    for frame in range(max(0, len(loud) - 2)):
        if loud[frame : frame + 3].all():
            return first + frame
    return default
