"""How a character acts what it says: mouth, nods and blinks as local functions of the log-mel. No dice.

Shapes: rows (4F, 80) as `model.tiny.log_mel.log_mel` gives them; every movement is (F,).
"""

from __future__ import annotations

import torch
from torch import Tensor

from model.tiny.log_mel import band_centres, frame_rows

from .face import Acting


def _band(rows: Tensor, low: float, high: float) -> Tensor:
    """Level of a band of frequencies under each frame's 100 ms, (F,), 0..1."""
    hz = band_centres()
    weights = torch.hann_window(rows.shape[1] + 2)[1:-1]
    level = rows[:, :, (hz >= low) & (hz < high)].mean(2)
    return (level * weights).sum(1) / weights.sum()


def _smooth(x: Tensor, sigma: float) -> Tensor:
    """Gaussian over frames, the ends held."""
    reach = int(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    padded = torch.nn.functional.pad(x[None, None], (reach, reach), mode="replicate")
    return torch.nn.functional.conv1d(padded, (kernel / kernel.sum())[None, None])[0, 0]


def act(rows: Tensor, emotion: Tensor, nod: float = 1.0, sway: float = 1.0, lift: float = 1.0) -> Acting:
    """What the face does while `rows` are heard, with emotion weights (F, 7) and the strengths of three movements."""
    heard = frame_rows(rows)
    voice, low, open_, front, back, hiss = (
        _band(heard, *band) for band in ((150, 4000), (200, 450), (500, 1100), (1700, 2900), (600, 1300), (4500, 8000))
    )
    loud = ((voice - 0.10) / 0.24).clamp(0, 1)
    vowel = ((open_ - low + 0.45) / 0.45).clamp(0, 1)
    openness = loud * (0.3 + 0.7 * vowel) * (1 - 0.7 * ((hiss - voice + 0.05) / 0.15).clamp(0, 1))
    width = torch.tanh((front - back + 0.07) / 0.18) * (loud * 2).clamp(0, 1)
    swell = _band(heard, 20, 90)
    # A blink is a swell below the voice while the voice is silent (see model/log_mel.py).
    blink = ((swell - 0.36) / 0.2).clamp(0, 1) * (1 - (loud * 6).clamp(0, 1))
    slow = _smooth(loud, 4.0)
    accent = (_smooth(loud, 1.5) - _smooth(loud, 5.0)).clamp(min=0)
    return Acting(
        openness=openness,
        width=width,
        blink=blink * blink * (3 - 2 * blink),
        nod=nod * 0.035 * slow,
        sway=sway * 0.025 * _smooth(width, 4.0),
        lift=lift * (accent * 4).clamp(0, 1.2),
        emotion=emotion,
    )
