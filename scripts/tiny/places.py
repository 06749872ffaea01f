"""Where characters are: still, softly shaded backgrounds, and the table people sit at."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .drawing import Canvas, box, ellipse, smooth

PLACES = ("studio", "sunset", "night", "sea", "forest", "room", "library", "city")


def _column(colors: tuple[tuple[float, float, float], ...], y: Tensor) -> Tensor:
    """Vertical gradient through colours, y in 0..1 -> (1, 3, H, W)."""
    stops = torch.tensor(colors, device=y.device)
    at = (y.clamp(0, 1) * (len(colors) - 1)).clamp(max=len(colors) - 1.001)
    low = at.long()
    t = (at - low)[..., None]
    t = t * t * (3 - 2 * t)
    return (stops[low] * (1 - t) + stops[low + 1] * t).permute(0, 3, 1, 2)


def _hills(c: Canvas, rng: np.random.Generator, base: float, height: float, color: tuple[float, float, float]) -> None:
    a, b, p, q = rng.uniform(2, 5), rng.uniform(5, 9), rng.uniform(0, 6.3), rng.uniform(0, 6.3)
    line = base - height * (0.6 * torch.sin(a * c.x + p) + 0.4 * torch.sin(b * c.x + q))
    c.paint(c.cover((line - c.y) * 0.9), color)


def _tint(rng: np.random.Generator, color: tuple[float, float, float]) -> tuple[float, float, float]:
    r, g, b = (float(np.clip(v + rng.normal(0, 0.03), 0, 1)) for v in color)
    return (r, g, b)


def draw_place(canvas: Canvas, place: str, rng: np.random.Generator) -> None:
    """Paint one place over the whole canvas, whose coordinates run over 0..1 of the picture's height."""
    x, y = canvas.x, canvas.y
    wide = float(x.max())
    t = lambda *color: _tint(rng, (color[0], color[1], color[2]))  # noqa: E731
    sky = {
        "studio": (t(0.62, 0.70, 0.80), t(0.80, 0.84, 0.88)),
        "sunset": (t(0.42, 0.36, 0.62), t(0.95, 0.60, 0.45), t(0.99, 0.82, 0.55)),
        "night": (t(0.06, 0.08, 0.20), t(0.16, 0.20, 0.40)),
        "sea": (t(0.55, 0.78, 0.92), t(0.85, 0.93, 0.96)),
        "forest": (t(0.70, 0.85, 0.72), t(0.90, 0.95, 0.78)),
        "room": (t(0.86, 0.76, 0.62), t(0.92, 0.84, 0.72)),
        "library": (t(0.34, 0.22, 0.15), t(0.42, 0.28, 0.18)),
        "city": (t(0.60, 0.66, 0.84), t(0.96, 0.82, 0.78)),
    }[place]
    canvas.paint(torch.ones_like(y), _column(sky, y))
    if place == "studio":
        cx, cy = rng.uniform(0.2, 0.8) * wide, rng.uniform(0.2, 0.5)
        canvas.paint(smooth(-ellipse(x - cx, y - cy, 0.6, 0.6), -0.5, 0.4) * 0.55, t(0.93, 0.92, 0.86))
    elif place == "sunset":
        canvas.paint(canvas.cover(ellipse(x - rng.uniform(0.15, 0.85) * wide, y - 0.52, 0.10, 0.10)), (1.0, 0.93, 0.72))
        _hills(canvas, rng, 0.66, 0.05, t(0.62, 0.36, 0.48))
        _hills(canvas, rng, 0.78, 0.04, t(0.36, 0.24, 0.38))
    elif place == "night":
        for _ in range(26):
            star = ellipse(x - rng.uniform(0, wide), y - rng.uniform(0, 0.7), 0.006, 0.006)
            canvas.paint(canvas.cover(star, 0.006) * float(rng.uniform(0.4, 1)), (1.0, 0.97, 0.85))
        canvas.paint(
            canvas.cover(ellipse(x - rng.uniform(0.1, 0.9) * wide, y - 0.16, 0.07, 0.07), 0.01), (0.98, 0.95, 0.82)
        )
        _hills(canvas, rng, 0.80, 0.05, t(0.07, 0.10, 0.18))
    elif place == "sea":
        canvas.paint(canvas.cover(0.56 - y), t(0.22, 0.52, 0.70))
        for line in (0.62, 0.71, 0.82):
            canvas.paint(
                smooth(-((y - line - 0.008 * torch.sin(x * 18 + line * 40)).abs()), -0.012, 0.0) * 0.5,
                (0.75, 0.90, 0.95),
            )
    elif place == "forest":
        for _ in range(7):
            cx, h = rng.uniform(0, wide), rng.uniform(0.25, 0.5)
            canvas.paint(canvas.cover(box(x - cx, y - 0.8, 0.022, 0.4, 0.01)), t(0.36, 0.26, 0.18))
            canvas.paint(canvas.cover(ellipse(x - cx, y - h, 0.14, 0.20)), t(0.26, 0.50, 0.30))
        _hills(canvas, rng, 0.82, 0.02, t(0.38, 0.56, 0.28))
    elif place == "room":
        cx = rng.uniform(0.15, 0.85) * wide
        canvas.paint(canvas.cover(box(x - cx, y - 0.30, 0.20, 0.22, 0.02)), t(0.97, 0.95, 0.90))
        canvas.paint(canvas.cover(box(x - cx, y - 0.30, 0.17, 0.19, 0.01)), t(0.62, 0.82, 0.93))
        canvas.paint(canvas.cover(box(x - cx, y - 0.30, 0.012, 0.19, 0.0)), t(0.97, 0.95, 0.90))
        canvas.paint(canvas.cover(0.84 - y), t(0.62, 0.46, 0.34))
    elif place == "library":
        for row in range(4):
            bottom, left = 0.22 + 0.26 * row, 0.0
            while left < wide:
                w, h = rng.uniform(0.025, 0.06), rng.uniform(0.13, 0.19)
                canvas.paint(
                    canvas.cover(box(x - left - w / 2, y - bottom + h / 2, w / 2 - 0.003, h / 2, 0.004)),
                    t(*rng.uniform(0.2, 0.62, 3)),
                )
                left += w
            canvas.paint(canvas.cover(box(x - wide / 2, y - bottom - 0.012, wide, 0.012, 0.0)), t(0.52, 0.36, 0.22))
    else:
        for _ in range(9):
            w, h, cx = rng.uniform(0.05, 0.11), rng.uniform(0.25, 0.65), rng.uniform(0, wide)
            tower = t(0.48, 0.50, 0.66)
            canvas.paint(canvas.cover(box(x - cx, y - 1 + h / 2, w, h / 2, 0.0)), tower)
            for i in range(3):
                canvas.paint(
                    canvas.cover(box(x - cx + w * (0.5 - 0.5 * i), y - 1.06 + h, 0.010, 0.016, 0.0)), (0.99, 0.90, 0.66)
                )


def draw_table(canvas: Canvas, rng: np.random.Generator) -> None:
    """A table top along the bottom of the picture, with cups."""
    x, y = canvas.x, canvas.y
    canvas.paint(canvas.cover(0.86 - y), _tint(rng, (0.52, 0.34, 0.22)))
    canvas.paint(canvas.cover((y - 0.865).abs() - 0.006), _tint(rng, (0.68, 0.48, 0.32)))
    for _ in range(int(rng.integers(1, 4))):
        cx = rng.uniform(0.05, 0.95) * float(x.max())
        cup = _tint(rng, (0.92, 0.90, 0.84))
        canvas.paint(canvas.cover(ellipse(x - cx - 0.035, y - 0.87, 0.022, 0.026).abs() - 0.006), cup)
        canvas.paint(canvas.cover(box(x - cx, y - 0.87, 0.035, 0.04, 0.012)), cup)
