"""Voices as vectors: the GE2E speaker encoder (Wan et al. 2018) whose weights the `voices` extra carries.

The extra's package, Resemblyzer, takes half a minute to import (it compiles resampling code that is not needed
here), so the weights are read from its folder and run by the same three layers. Its log-free mel spectrogram is
reproduced to rounding; a test compares the two.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import SceneError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RATE = 16_000  # Hz
WINDOW = 1.6  # seconds of speech behind one vector, as trained
DIMENSION = 256
_TARGET_RMS = 10 ** (-30 / 20)  # the level the encoder was trained at
_BATCH = 256
INSTALL = "pip install 'dialogue-avatar[voices]'"


def weights_file() -> Path | None:
    """The encoder's weights, when the extra is installed; found without importing it."""
    spec = importlib.util.find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "pretrained.pt"
    return path if path.is_file() else None


class VoiceEncoder:
    """Windows of speech to vectors of length 1. Needs torch; made once per recording."""

    def __init__(self) -> None:
        import torch
        from torchaudio.transforms import MelSpectrogram

        path = weights_file()
        if path is None:
            raise SceneError(f"voices cannot be told apart without the voice encoder ({INSTALL})")
        weights = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
        self._mel = MelSpectrogram(
            RATE, n_fft=400, hop_length=160, n_mels=40, norm="slaney", mel_scale="slaney", pad_mode="constant"
        )
        self._lstm = torch.nn.LSTM(40, DIMENSION, 3, batch_first=True)
        self._linear = torch.nn.Linear(DIMENSION, DIMENSION)
        for name, layer in (("lstm.", self._lstm), ("linear.", self._linear)):
            layer.load_state_dict({k.removeprefix(name): v for k, v in weights.items() if k.startswith(name)})

    def embed(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n, samples) at 16 kHz, all of one length -> (n, 256)."""
        import numpy as np
        import torch

        if not len(windows):
            return np.zeros((0, DIMENSION), np.float32)
        with torch.inference_mode():
            parts = []
            for first in range(0, len(windows), _BATCH):
                batch = np.ascontiguousarray(windows[first : first + _BATCH], np.float32)
                mel = self._mel(torch.from_numpy(batch)).transpose(1, 2)
                _, (hidden, _) = self._lstm(mel)
                parts.append(torch.relu(self._linear(hidden[-1])))
            vectors = torch.nn.functional.normalize(torch.cat(parts), dim=1)
        return vectors.numpy()

    def embed_around(
        self, samples: NDArray[np.float32], centers: NDArray[np.float64], level: float | None = None
    ) -> NDArray[np.float32]:
        """One vector for the 1.6 s around each of `centers` (seconds); beyond the recording is silence.

        `level` is the speech's RMS over the whole recording, so that a quiet word stays a quiet word.
        """
        import numpy as np

        size = round(WINDOW * RATE)
        padded = np.pad(samples, (size // 2, size))
        scale = _TARGET_RMS / max(level or float(np.sqrt(np.mean(samples**2, dtype=np.float64))), 1e-6)
        starts = np.round(np.asarray(centers) * RATE).astype(int)
        views = np.lib.stride_tricks.sliding_window_view(padded, size)
        found = [self.embed(views[starts[i : i + _BATCH]] * np.float32(scale)) for i in range(0, len(starts), _BATCH)]
        return np.concatenate(found) if found else np.zeros((0, DIMENSION), np.float32)


def mean_voice(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """One voice from many of its windows: (n, d) -> (d,), of length 1."""
    import numpy as np

    mean = vectors.mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-9), np.float32)
