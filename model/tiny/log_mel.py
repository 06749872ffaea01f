"""Log-mel audio conditioning: what the small model hears instead of Whisper's states.

Shapes: N samples at 16 kHz; F video frames at 25 fps, 4F mel rows at 100 Hz. A frame sees 10 rows (100 ms) round its
middle; the latent of 4 frames sees 40 tokens of 80 bands, the papers' shape (HunyuanVideo-Avatar, Eq. 4).

Blinks are conditions too, for a film must come out the same twice. A blink is asked for by a soft 55 Hz swell in the
speaker's own stream, where speech has nothing once it has passed a 100 Hz high-pass: `with_blinks` puts one into
every pause.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from einops import rearrange, repeat
from torch import Tensor

from model.grid import LATENT_STRIDE, SAMPLE_RATE
from model.saved_part import SavedPart, read_settings, write_settings

BANDS = 80
CHANNELS = BANDS + LATENT_STRIDE
HOP = 160  # samples between rows: 100 Hz
SPAN = 400  # samples in one row: 25 ms
ROWS_PER_FRAME = 10
FLOOR_DB = -80.0
BLINK_HZ = 55.0
BLINK_SECONDS = 0.28
BLINK_LEVEL = 0.06


@lru_cache(maxsize=1)
def _filters() -> Tensor:
    """(201, 80) triangles, even on the mel scale from 0 to 8 kHz, each summing to 1."""

    def mel(hz: float) -> float:
        return 2595.0 * math.log10(1 + hz / 700)

    points = 700 * (10 ** (torch.linspace(mel(0), mel(SAMPLE_RATE / 2), BANDS + 2) / 2595) - 1)
    hz = torch.linspace(0, SAMPLE_RATE / 2, SPAN // 2 + 1)[:, None]
    rise = (hz - points[:-2]) / (points[1:-1] - points[:-2])
    fall = (points[2:] - hz) / (points[2:] - points[1:-1])
    triangles = torch.minimum(rise, fall).clamp(min=0)
    # The lowest triangles are narrower than one bin of the transform; they take the nearest bin instead.
    empty = triangles.sum(0) == 0
    nearest = (hz - points[1:-1]).abs().argmin(0)
    triangles[nearest[empty], empty.nonzero().flatten()] = 1.0
    return triangles / triangles.sum(0, keepdim=True)


def band_centres() -> Tensor:
    """(80,) centre frequency of every band, in Hz."""
    top = 2595.0 * math.log10(1 + SAMPLE_RATE / 2 / 700)
    return 700 * (10 ** (torch.linspace(0, top, BANDS + 2)[1:-1] / 2595) - 1)


def log_mel(wave: Tensor, frames: int) -> Tensor:
    """(N,) samples in -1..1 -> (4*frames, 80) rows, one per 10 ms: 0 is -80 dB or less, 1 is full scale.

    Raises ValueError when `wave` is not mono.
    """
    if wave.ndim != 1:
        raise ValueError(
            f"wave has shape {tuple(wave.shape)}; give one channel of {SAMPLE_RATE} Hz samples, shape (N,)"
        )
    rows = 4 * frames
    centred = torch.nn.functional.pad(wave.float(), (SPAN // 2 - HOP // 2, max(0, rows * HOP + SPAN - wave.numel())))
    window = torch.hann_window(SPAN)
    pieces = centred.unfold(0, SPAN, HOP)[:rows] * (2 / window.sum() * window)
    power = torch.fft.rfft(pieces).abs() ** 2
    decibels = 10 * torch.log10(power @ _filters() + 1e-10)
    return ((decibels - FLOOR_DB) / -FLOOR_DB).clamp(0, 1)


def frame_rows(rows: Tensor) -> Tensor:
    """(4F, 80) rows -> (F, 10, 80): the 100 ms round the middle of each frame, silence beyond the ends."""
    reach = (ROWS_PER_FRAME - 4) // 2
    return torch.nn.functional.pad(rows, (0, 0, reach, reach)).unfold(0, ROWS_PER_FRAME, 4).transpose(1, 2)


def audio_features(wave: Tensor, frames: int) -> Tensor:
    """(N,) samples of one speaker from the shot's start -> (F, 10, 1, 84) features, as `Conditions.audio` has them.

    Beside the 80 bands, 4 channels name the frame's place in its latent: attention alone cannot tell the order of
    its keys.
    """
    bands = rearrange(frame_rows(log_mel(wave, frames)), "f r d -> f r 1 d")
    place = torch.nn.functional.one_hot((torch.arange(frames) - 1) % LATENT_STRIDE, LATENT_STRIDE)
    return torch.cat([bands, repeat(place, "f p -> f r 1 p", r=ROWS_PER_FRAME)], dim=-1)


LEVEL = 0.09  # root mean square of speech, its louder parts


def levelled(wave: Tensor) -> Tensor:
    """Speech (N,) at the loudness the model knows: its louder parts, not its pauses, are measured; silence stays
    silence.
    """
    pieces = wave[: wave.numel() // 320 * 320].view(-1, 320).square().mean(1).sqrt()
    if not pieces.numel() or float(pieces.max()) < 1e-4:
        return wave
    loud = pieces[pieces > 0.1 * pieces.max()]
    return wave * (LEVEL / loud.square().mean().sqrt())


class LogMelAudioEncoder(SavedPart):
    """The pipeline's audio encoder: speech to features, with blinks in its pauses.

    `phase` in 0 ... 1 moves the blinks of long pauses: give every speaker of a shot another one.
    """

    sample_rate = SAMPLE_RATE

    def __init__(self, phase: float = 0.0) -> None:
        super().__init__()
        self.phase = phase

    def save_pretrained(self, save_directory: str | Path, **_: Any) -> None:
        """It has no weights: the phase alone."""
        write_settings(save_directory, {"phase": self.phase})

    @classmethod
    def from_pretrained(cls, folder: str | Path, **_: Any) -> LogMelAudioEncoder:
        """What `save_pretrained` wrote."""
        return cls(**(read_settings(folder) or {}))

    def forward(self, waveform: Tensor, frames: int, fps: float = 25.0) -> Tensor:
        """(N,) at 16 kHz to (F, 10, 1, 84); silence past the end. Raises ValueError at another frame rate than 25."""
        if fps != 25:
            raise ValueError(
                f"fps is {fps}; the small model is trained at 25 frames a second, so output.fps must be 25"
            )
        length = frames * SAMPLE_RATE // 25
        wave = torch.nn.functional.pad(waveform[:length].float(), (0, max(0, length - waveform.numel())))
        return audio_features(with_blinks(levelled(high_pass(wave)), self.phase), frames)


def high_pass(wave: Tensor, cutoff: float = 110.0) -> Tensor:
    """(N,) -> (N,): removes rumble and hum, which would read as blinks."""
    from scipy.signal import butter, sosfiltfilt

    if wave.numel() < 64:
        return wave
    filtered = sosfiltfilt(butter(6, cutoff, "highpass", fs=SAMPLE_RATE, output="sos"), wave.double().numpy())
    return torch.from_numpy(filtered.copy()).float()


def with_blinks(wave: Tensor, phase: float = 0.0) -> Tensor:
    """Speech (N,), as `high_pass` gives it, plus a blink cue 0.1 s into every pause and about every 3 s of a long one.

    `phase` in 0..1 shifts the blinks of long silences, so that two listeners do not blink together.
    """
    out = wave.clone()
    for start in _blink_times(wave, phase):
        length = int(BLINK_SECONDS * SAMPLE_RATE)
        piece = out[start : start + length]
        t = torch.arange(piece.numel()) / SAMPLE_RATE
        piece += BLINK_LEVEL * torch.sin(math.pi * t / BLINK_SECONDS) ** 2 * torch.sin(2 * math.pi * BLINK_HZ * t)
    return out


def _blink_times(wave: Tensor, phase: float) -> list[int]:
    """First samples of the cues; a function of the wave and the phase alone."""
    step = SAMPLE_RATE // 50
    levels = torch.nn.functional.pad(wave, (0, -wave.numel() % step)).view(-1, step).square().mean(1).sqrt()
    quiet = (levels < 0.004).tolist()
    times, run, count = [], 0, 0
    due = 0.1 if quiet and not quiet[0] else 0.6 + 2.4 * phase
    for i, silent in enumerate(quiet):
        run = run + 1 if silent else 0
        if not silent:
            due = 0.1
        elif run / 50 >= due and all(quiet[i : i + int(BLINK_SECONDS * 50) + 1]):
            times.append(i * step)
            count += 1
            # golden-ratio steps: never regular, never twice the same, no dice
            due = run / 50 + 2.2 + 1.9 * ((count * 0.618 + phase) % 1)
    return times
