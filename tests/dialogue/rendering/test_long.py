"""Half an hour: sound and picture still together at the end, in the memory of a minute."""

from __future__ import annotations

from fractions import Fraction

import av
import flashes
import numpy as np
import pytest

from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.render import render


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)], ids=str)
def test_half_an_hour_stays_together(tmp_path, fps):
    """A flash and a click about every 7 s over 30 minutes in 150 shots; both decoded from the film, and compared."""
    seconds = 1800
    frames = int(seconds * fps)
    starts = [round(float(at), 3) for at in np.arange(1.013, seconds - 1, 7.177)]
    cuts = np.linspace(0, frames, 151).round().astype(int)
    plan = flashes.film_of(tmp_path, [int(length) for length in np.diff(cuts)], starts, fps)
    film = render(Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film"))
    flashed: list[float] = []
    count = 0
    with av.open(str(film.file)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            count += 1
            if frame.to_ndarray(format="gray")[30:44].mean() > 200:
                flashed.append(float(frame.time))
    assert count == frames
    clicked, at, last = [], 0, -1.0
    with av.open(str(film.file)) as container:
        rate = container.streams.audio[0].rate
        for frame in container.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray().mean(axis=0)) > 0.15)
            if len(loud) and (at + loud[0]) / rate - last > 0.1:
                last = float(at + loud[0]) / rate
                clicked.append(last)
            at += frame.samples
        lasts = container.duration / 1e6
    assert len(flashed) == len(clicked) == len(starts)
    assert np.abs(np.array(clicked) - starts).max() < 0.003
    assert np.abs(np.array(flashed) - clicked).max() <= 1 / fps  # at the end as at the start
    assert abs(lasts - plan.duration) <= 1 / fps
