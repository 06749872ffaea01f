"""Speech for the drawn characters: espeak-ng, many voices, random speed and pitch, one loudness."""

from __future__ import annotations

import io
import subprocess
from functools import lru_cache

import numpy as np
import soundfile
import torch
from scipy.signal import resample_poly
from torch import Tensor

from model.grid import SAMPLE_RATE
from model.tiny.log_mel import levelled

from .sentences import SENTENCES, VOICES


def speak(text: str, language: str = "en-us", voice: str = "m1", speed: int = 165, pitch: int = 50) -> Tensor:
    """(N,) samples at 16 kHz. Raises FileNotFoundError where espeak-ng is not installed."""
    command = ["espeak-ng", "-v", f"{language}+{voice}", "-s", str(speed), "-p", str(pitch), "--stdout", text]
    out = subprocess.run(command, check=True, capture_output=True).stdout
    wave, rate = soundfile.read(io.BytesIO(out), dtype="float32")
    wave = resample_poly(wave, SAMPLE_RATE, rate).astype(np.float32)
    return levelled(torch.from_numpy(wave))


@lru_cache(maxsize=2048)
def _utterance(split: str, language: str, index: int, voice: str, speed: int, pitch: int) -> Tensor:
    return speak(SENTENCES[split][language][index], language, voice, speed, pitch)


def utterance(rng: np.random.Generator, split: str) -> Tensor:
    """A random sentence of the split in a random voice of the split, (N,)."""
    language = str(rng.choice(list(SENTENCES[split]), p=[0.4, 0.25, 0.13, 0.11, 0.11]))
    index = int(rng.integers(len(SENTENCES[split][language])))
    voice = str(rng.choice(VOICES[split]))
    return _utterance(split, language, index, voice, int(rng.integers(5, 9)) * 25, int(rng.integers(1, 5)) * 20)


def stream(rng: np.random.Generator, split: str, seconds: float) -> Tensor:
    """A piece of somebody talking, pauses included, cut out at random: (16000 * seconds,)."""
    wanted = int(seconds * SAMPLE_RATE)
    pieces: list[Tensor] = []
    while sum(p.numel() for p in pieces) < wanted * 1.5 + SAMPLE_RATE:
        pieces += [utterance(rng, split), torch.zeros(int(rng.uniform(0.15, 1.1) * SAMPLE_RATE))]
    whole = torch.cat(pieces)
    start = int(rng.integers(0, whole.numel() - wanted))
    return whole[start : start + wanted] * float(10 ** (rng.uniform(-2.5, 2.5) / 20))
