"""A voice without what else is heard with it, by an MDX-Net separator in ONNX such as Kim_Vocal_2.

The network looks at a spectrogram of stereo sound at 44.1 kHz, piece after piece, and gives back the voice's. Optional:
the release separates every file; a speaker's own recording needs none of it.

Shapes: N samples at 16 kHz.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor

RATE, INNER_RATE = 16_000, 44_100
FFT, HOP = 7680, 1024  # of Kim_Vocal_2
LOUDER = 1.009  # what its training lost
_LOWEST = 3  # bins below any voice


class VocalSeparator:
    """An MDX-Net; sizes of its spectrogram are read from the file."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.input = session.get_inputs()[0].name
        shape = session.get_inputs()[0].shape
        self.bins, self.frames = int(shape[2]), int(shape[3])
        self.window = torch.hann_window(FFT)

    @staticmethod
    def from_file(file: Path) -> VocalSeparator:
        """ValueError when onnxruntime cannot use the file."""
        import onnxruntime

        try:
            return VocalSeparator(onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"]))
        except Exception as error:  # onnxruntime's own exceptions share no type
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise ValueError(f"{file}: not a separator that onnxruntime can use: {reason}") from error

    def __call__(self, waveform: Tensor) -> Tensor:
        """The voice in a waveform (N,), as long."""
        if not len(waveform):
            return waveform
        from scipy.signal import resample_poly

        up, down = 441, 160  # 44.1 kHz from 16 kHz
        sound = torch.from_numpy(resample_poly(waveform.double().numpy(), up, down)).float()
        voice = self._separated(sound).double().numpy()
        back = torch.from_numpy(resample_poly(voice, down, up)[: len(waveform)]).float()
        return F.pad(back, (0, len(waveform) - len(back)))

    def _separated(self, sound: Tensor) -> Tensor:
        length, edge = HOP * (self.frames - 1), FFT // 2
        step = length - 2 * edge
        count = -(-len(sound) // step)
        padded = F.pad(sound, (edge, count * step - len(sound) + edge))
        pieces = [self._piece(padded[n * step : n * step + length])[edge:-edge] for n in range(count)]
        return torch.cat(pieces)[: len(sound)] * LOUDER

    def _piece(self, sound: Tensor) -> Tensor:
        """One stretch through the network: both its channels are the same sound."""
        spectrum = torch.stft(sound, FFT, HOP, window=self.window, center=True, return_complex=True)
        both = rearrange(torch.view_as_real(spectrum), "f t c -> c f t").repeat(2, 1, 1)[:, : self.bins].clone()
        both[:, :_LOWEST] = 0
        made = self.session.run(None, {self.input: both[None].numpy().astype(np.float32)})[0][0]
        whole = torch.zeros(4, FFT // 2 + 1, both.shape[2])
        whole[:, : self.bins] = torch.from_numpy(made)
        voice = rearrange(whole, "(s c) f t -> s f t c", c=2).mean(dim=0).contiguous()
        return torch.istft(torch.view_as_complex(voice), FFT, HOP, window=self.window, center=True, length=len(sound))
