"""Speech to what each video frame hears, by wav2vec2: every layer's states at the rate of the video.

Shapes: N samples at 16 kHz, F video frames, V layers, E their width.

wav2vec2 runs at about 50 Hz. Its convolutional features are interpolated to the video's frames before the layers, as
the release does. The release takes the whole file at once, which grows with the square of its length; longer than a
minute it is taken here in overlapping pieces, which go over into each other.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from model.hallo3.clips import REACH, ClipSchedule
from model.memory import execution_device
from model.pretrained import load_pretrained

SAMPLE_RATE = 16_000
PIECE_SECONDS, OVERLAP_SECONDS = 60, 8
_VARIANCE = 1e-7  # added to the variance, by the feature extractor of wav2vec2-base-960h


def normalised(waveform: Tensor) -> Tensor:
    """Mean 0 and variance 1 over the whole file; silence stays silence."""
    return (waveform - waveform.mean()) / (waveform.var(unbiased=False) + _VARIANCE).sqrt()


def frames_heard(samples: int, fps: float) -> int:
    """Video frames that a file of `samples` samples lasts."""
    return math.ceil(samples / SAMPLE_RATE * fps)


class Wav2VecAudioEncoder(nn.Module):
    """`Wav2Vec2Model` as the release drives it."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        self.sample_rate = SAMPLE_RATE
        self.layers = len(model.encoder.layers)
        self.width = int(model.config.hidden_size)

    @staticmethod
    def from_pretrained(folder: Path) -> Wav2VecAudioEncoder:
        """From a folder in transformers' layout (wav2vec2-base-960h)."""
        from transformers import Wav2Vec2Model

        # What training alone needs: masks over time, which the published file lacks, and the heads.
        unused = ("lm_head", "quantizer", "project_hid", "project_q", "masked_spec_embed", "wav2vec2.masked_spec_embed")
        whole = {"mask_time_prob": 0.0, "mask_feature_prob": 0.0}
        return Wav2VecAudioEncoder(load_pretrained(Wav2Vec2Model, folder, torch.float32, unused, **whole))

    @torch.no_grad()
    def features(self, samples: Tensor) -> Tensor:
        """Samples (N,) to the convolutions' features (steps, channels)."""
        device = execution_device(self.model)
        features: Tensor = self.model.feature_extractor(rearrange(samples.to(device), "n -> 1 n"))
        steps: Tensor = rearrange(features, "1 c s -> s c")
        return steps

    @staticmethod
    def interpolated(features: Tensor, frames: int) -> Tensor:
        """Features (steps, channels) at `frames` moments from the first to the last of them."""
        states = F.interpolate(rearrange(features, "s c -> 1 c s"), frames, mode="linear", align_corners=True)
        moments: Tensor = rearrange(states, "1 c s -> s c")
        return moments

    @torch.no_grad()
    def states(self, features: Tensor) -> Tensor:
        """Features (F, channels) to the states after every layer, (F, V, E)."""
        heard: list[Tensor] = []
        hooks = [
            layer.register_forward_hook(lambda _m, _i, out: heard.append(out[0] if isinstance(out, tuple) else out))
            for layer in self.model.encoder.layers
        ]
        try:
            hidden = self.model.feature_projection(rearrange(features, "f c -> 1 f c"))
            self.model.encoder(hidden[0] if isinstance(hidden, tuple) else hidden)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack([state[0] for state in heard], dim=1).float().cpu()

    def forward(self, waveform: Tensor, fps: float = 25.0, frames: int | None = None, clip: int = 0) -> Tensor:
        """Waveform (N,) to the states each frame is made of: (F, V, E), float32, on the CPU.

        `frames`: cut or filled with silence to this many; None: as many as the file lasts. `clip`: then with silence to
        a multiple of this many, as the release pads to clips of 49.
        """
        if waveform.ndim != 1:
            raise ValueError(f"waveform has shape {tuple(waveform.shape)}; it must be mono, (samples,)")
        count = frames_heard(waveform.shape[0], fps) if frames is None else frames
        samples = normalised(waveform.float())
        if frames is not None:
            wanted = round(frames * SAMPLE_RATE / fps)
            samples = F.pad(samples[:wanted], (0, max(0, wanted - samples.shape[0])))
        if clip and count % clip:
            missing = clip - count % clip
            samples, count = F.pad(samples, (0, round(missing * SAMPLE_RATE / fps))), count + missing
        return self._in_pieces(samples, count, fps)

    def _in_pieces(self, samples: Tensor, frames: int, fps: float) -> Tensor:
        length, overlap = round(PIECE_SECONDS * fps), round(OVERLAP_SECONDS * fps)
        if frames <= length:
            return self.states(self.interpolated(self.features(samples), frames))
        total = torch.zeros(frames, self.layers, self.width)
        for start in range(0, frames - overlap, length - overlap):
            end = min(frames, start + length)
            begin, finish = (round(edge * SAMPLE_RATE / fps) for edge in (start, end))
            piece = self.states(self.interpolated(self.features(samples[begin:finish]), end - start))
            weights = torch.ones(end - start)
            rising = (torch.arange(overlap) + 0.5) / overlap
            if start:
                weights[:overlap] = rising
            if end < frames:
                weights[-overlap:] = rising.flip(0)
            total[start:end] += piece * rearrange(weights, "f -> f 1 1")
        return total


def clip_windows(states: Tensor, schedule: ClipSchedule, clip: int) -> Tensor:
    """What a clip hears, from all states (padded F, V, E): (1, clip frames, 5, V, E). Zeros before the film begins."""
    heard = schedule.heard(clip)
    index = torch.tensor([schedule.window(max(frame, 0)) for frame in heard])
    there = torch.tensor([frame >= 0 for frame in heard])
    windows: Tensor = rearrange(states[index] * rearrange(there, "f -> f 1 1 1"), "f w v e -> 1 f w v e")
    return windows


def training_windows(states: Tensor, first: int, frames: int) -> Tensor:
    """The windows of `frames` frames from `first` on, (frames, 5, V, E); the reach must lie inside."""
    if first < REACH or first + frames + REACH > states.shape[0]:
        raise ValueError(f"frames {first} to {first + frames} reach beyond the {states.shape[0]} there are")
    offsets = torch.arange(-REACH, REACH + 1)
    return states[first + rearrange(torch.arange(frames), "f -> f 1") + offsets]
